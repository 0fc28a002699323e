import { type LabAnswer } from "../../scripts/lib/hostImage";
import { BareServer } from "../hosts/bareServer";
import { startLab, stopLab } from "../hosts/lab";
import { KeyPair } from "../hosts/labServer";
import { Stack, docker, errorOf, expectSuccess, freePort, get, run, start, until } from "../hosts/project";
import { WebStack } from "../hosts/webStack";

jest.setTimeout(10 * 60_000);

let internet: LabAnswer;
const client = new KeyPair();
const servers: BareServer[] = [];
const stacks: Stack[] = [];
let machine: WebStack | undefined;

beforeAll(async () => {
    ({ internet } = await startLab());
});
afterAll(async () => {
    for (const stack of stacks) await stack.discard();
    await machine?.down();
    await machine?.forget();
    for (const server of servers) await server.remove();
    client.remove();
    await stopLab();
});

async function launch(what: string): Promise<BareServer> {
    const server = await BareServer.launch(what, client);
    servers.push(server);
    await server.booted();
    return server;
}

function stackOn(server: BareServer, what: string, services: object = {}, host: object = {}): Stack {
    const stack = new Stack(server.stackConfig(internet, services, host), `ssh-${what}`);
    stacks.push(stack);
    return stack;
}

/** The fault is gone: the next run ends well, what it made serves, and one more finds nothing to change. */
async function expectHealed(server: BareServer, stack: Stack): Promise<void> {
    await stack.mustUp();
    expect((await get(`http://${server.address}:8080`))?.status).toBe(200);
    await stack.mustUp("--expect-no-changes");
}

const RULE = "INPUT -p tcp --dport 22 -j";
/** What comes to the server's sshd is dropped, or refused, from now on. */
const block = (server: BareServer, how: "DROP" | "REJECT --reject-with tcp-reset") =>
    server.mustRun(`iptables -I ${RULE} ${how}`);
const unblock = (server: BareServer) => server.mustRun("iptables -F INPUT");
/** Waits until something has met the rule. */
const isMet = (server: BareServer) =>
    server.waitFor("iptables -nvxL INPUT | awk 'NR > 2 && $1 > 0 { met = 1 } END { exit !met }'");
/** The length of a fault that ends by itself. */
const seconds = (count: number) => new Promise((resolve) => setTimeout(resolve, count * 1000));

test.concurrent("a machine whose sshd refuses for its first 60 s comes up in the same run", async () => {
    const port = await freePort();
    const stack = (machine = new WebStack("ssh-boot", port));
    const host = process.env.DOCKER_HOST ?? "unix:///var/run/docker.sock";
    const filter = `--filter container=${stack.prefix} --filter event=start --format x`;
    const started = run("bash", [
        "-c",
        `exec 3< <(exec docker --host '${host}' events ${filter}); read -r -u 3; kill $!`,
    ]);
    const up = start("./scripts/up", ["--stack", stack.name]);
    await started;
    await docker("exec", stack.prefix, "iptables", "-I", ...RULE.split(" "), "REJECT", "--reject-with", "tcp-reset");
    await seconds(60);
    expect(up.output()).toContain("engine-install creating");
    expect(up.output()).not.toContain("berth: wait");
    await docker("exec", stack.prefix, "iptables", "-F", "INPUT");
    expectSuccess(await up.result);
    expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);
    await stack.mustUp("--expect-no-changes");
});

test.concurrent("a server that is silent for 60 s comes up in the same run", async () => {
    const server = await launch("silent-60");
    const stack = stackOn(server, "silent-60");
    await block(server, "DROP");
    const up = stack.up();
    await isMet(server);
    await seconds(60);
    await unblock(server);
    expectSuccess(await up);
    await expectHealed(server, stack);
});

test.concurrent("a server that stays silent is named by its address, and the next up goes on", async () => {
    const server = await launch("silent");
    const stack = stackOn(server, "silent");
    await block(server, "DROP");
    const error = errorOf(await stack.up());
    expect(error).toContain(`root@${server.address}:22`);
    expect(error).toMatch(/time|no SSH handshake|no answer/i);
    await unblock(server);
    await expectHealed(server, stack);
});

test.concurrent(
    "a key that the server does not know is refused with what to do, and the right one goes on",
    async () => {
        const server = await launch("wrong-key");
        const other = new KeyPair();
        const stack = stackOn(server, "wrong-key", {}, { privateKeyFile: other.file });
        const error = errorOf(await stack.up());
        expect(error).toContain(`root@${server.address}:22`);
        expect(error).toMatch(/authorized_keys/);
        stack.edit((config) => ((config["berth:host"] as Record<string, unknown>).privateKeyFile = client.file));
        await expectHealed(server, stack);
        other.remove();
    },
);

const fingerprint = async (key: KeyPair) =>
    (await run("ssh-keygen", ["-l", "-f", `${key.file}.pub`])).stdout.split(" ")[1] ?? "";

test.concurrent("a changed host key stops up after one dial, with both fingerprints", async () => {
    const server = await launch("host-key");
    const stack = stackOn(server, "host-key");
    await stack.mustUp();
    const sessions = "journalctl -u ssh --no-pager | grep -c 'Connection from\\|Accepted' || true";
    const other = new KeyPair();
    await server.mustRun(`cp -a /etc/ssh/ssh_host_ed25519_key /root/kept && cat > /etc/ssh/ssh_host_ed25519_key <<'END'
${other.private}END
systemctl restart ssh`);
    const logins = await server.mustRun(sessions);
    stack.edit(
        (config) =>
            ((config["berth:services"] as Record<string, object>).more = {
                image: "busybox:1.37",
                command: ["sleep", "infinity"],
                init: true,
            }),
    );
    const error = errorOf(await stack.up());
    expect(error).toContain(await fingerprint(server.hostKey));
    expect(error).toContain(await fingerprint(other));
    expect(await server.mustRun(sessions)).toBe(logins); // nothing logged in to it
    await server.mustRun("cp -a /root/kept /etc/ssh/ssh_host_ed25519_key && systemctl restart ssh");
    await expectHealed(server, stack);
    other.remove();
});

test.concurrent(
    "a hardened sshd lets a stack of eight services up, and finds nothing to change afterwards",
    async () => {
        const server = await launch("hardened");
        const options =
            "MaxAuthTries 2\\nMaxStartups 10:30:60\\nPermitRootLogin prohibit-password\\nPasswordAuthentication no\\nAllowAgentForwarding no\\nX11Forwarding no\\n";
        await server.mustRun(
            `printf '${options}' > /etc/ssh/sshd_config.d/10-hardened.conf && sshd -t && systemctl restart ssh`,
        );
        const idle = { image: "busybox:1.37", command: ["sleep", "infinity"], init: true };
        const services = Object.fromEntries([..."abcdefg"].map((name) => [name, idle]));
        const stack = stackOn(server, "hardened", services);
        await expectHealed(server, stack);
        await stack.expectSettled();
    },
);

test.concurrent("a jump host that lets us in late is waited for", async () => {
    const [bastion, server] = await Promise.all([launch("jump"), launch("behind-jump")]);
    const proxy = { host: bastion.address, user: "root", hostKey: bastion.hostKey.public };
    const stack = stackOn(server, "jump", {}, { proxy });
    await Promise.all([bastion, server].map((each) => block(each, "REJECT --reject-with tcp-reset")));
    const up = stack.up();
    await isMet(bastion);
    await seconds(5);
    await unblock(bastion);
    await isMet(server);
    await seconds(5);
    await unblock(server);
    expectSuccess(await up);
    await expectHealed(server, stack);
});

test.concurrent("an SSH_AUTH_SOCK that leads nowhere is ignored", async () => {
    const server = await launch("agent");
    const stack = stackOn(server, "agent");
    const env = { SSH_AUTH_SOCK: "/nonexistent/agent" };
    for (const options of [[], ["--expect-no-changes"], ["--refresh", "--expect-no-changes"]]) {
        expectSuccess(await run("./scripts/up", ["--stack", stack.name, ...options], { env }));
    }
    expectSuccess(await run("./scripts/down", ["--stack", stack.name], { env }));
});

test.concurrent("a connection that is cut in the middle of an install is made good by the next up", async () => {
    const server = await launch("cut");
    const stack = stackOn(server, "cut");
    const { result, output } = start("./scripts/up", ["--stack", stack.name]);
    await until("packages are being installed", async () => {
        await seconds(0.1);
        return output().includes("berth: config");
    });
    await server.mustRun("pkill -9 -f '^sshd-session: root'");
    expect(errorOf(await result)).toMatch(/engine-install|connection/i);
    await expectHealed(server, stack);
});
