import * as fs from "node:fs";
import * as path from "node:path";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import { Ec2Lab, type Endpoint, tcp } from "../scripts/labEc2Client";
import { KeyPair, LabServer } from "./labServer";
import { type Result, Stack, cloneProject, expectSuccess, get, root, run } from "./project";

jest.setTimeout(10 * 60_000);

const HOST_IMAGE = "berth/host:debian-13";
/** A name of the server that the jump host alone knows: who reaches the server by it went through there. */
const HIDDEN_NAME = "server.behind.test";

let internet: LabAnswer;
let lab: Ec2Lab;
let server: LabServer;
let bastion: LabServer;
let stack: Stack;
let second: Stack;
const client = new KeyPair();

const script = async (file: string, ...args: string[]) => {
    const result = await run("bash", [path.join(root, file), ...args], {
        env: { DOCKER_HOST: process.env.DOCKER_HOST ?? "" },
    });
    expectSuccess(result);
    return result.stdout;
};
function configOf(host: object, port: number): Record<string, unknown> {
    const { aptUrl: url, aptFingerprint: fingerprint, registryMirror, nginx } = internet;
    return {
        "berth:host": {
            kind: "existing",
            address: server.address,
            user: "admin",
            hostKey: server.hostKey.public,
            privateKeyFile: client.file,
            ...host,
        },
        "berth:engine": { apt: { url, fingerprint }, registryMirrors: [registryMirror] },
        "berth:services": { web: { image: `nginx:${nginx.at(-1)}`, ports: [`${port}:80`] } },
    };
}
const edit = (of: Stack, host: object, port = 8080) => of.edit((config) => Object.assign(config, configOf(host, port)));
const web = (port: number, path = "") => get(`http://${server.address}:${port}/${path}`);
const serves = async (port: number) => expect((await web(port))?.status).toBe(200);
/** What a person reads when an update fails: without the plan's table and colours. */
function errorOf({ code, all }: Result): string {
    expect(code).not.toBe(0);
    return (all.split("Diagnostics:")[1] ?? all).trim();
}
async function up(of = stack, ...args: string[]) {
    const result = await of.up(...args);
    expectSuccess(result);
    return result;
}
const hasDocker = async () => (await server.ssh("root", "command -v docker")).code === 0;

beforeAll(async () => {
    await script("lab/base/build.sh");
    await script("components/host/image/build.sh", "berth/base:trixie", HOST_IMAGE);
    internet = JSON.parse(await script("lab/internet/start.sh")) as LabAnswer;
    lab = new Ec2Lab(JSON.parse(await script("lab/ec2/start.sh", HOST_IMAGE)) as Endpoint);
    [server, bastion] = await Promise.all([
        LabServer.launch(lab, "server", client),
        LabServer.launch(lab, "bastion", client),
    ]);
    await Promise.all([server.booted(), bastion.booted()]);
    await bastion.asRoot(`echo ${server.privateAddress} ${HIDDEN_NAME} >> /etc/hosts`);
    stack = new Stack(configOf({}, 8080), "existing");
    second = new Stack(configOf({}, 8081), "existing-2");
});
afterAll(async () => {
    for (const each of [second, stack] as (Stack | undefined)[]) {
        await each?.down();
        await each?.forget();
    }
    for (const each of [server, bastion] as (LabServer | undefined)[]) await each?.remove();
    await (lab as Ec2Lab | undefined)?.remove();
    client.remove();
    await script("lab/ec2/stop.sh");
    await script("lab/internet/stop.sh");
});

test("a server with another host key is refused", async () => {
    const other = new KeyPair();
    edit(stack, { hostKey: other.public });
    other.remove();
    expect(errorOf(await stack.up())).toMatch(/host key/);
    expect(await hasDocker()).toBe(false);
});

test("a login whose sudo asks for a password is refused, with what to do, and little else", async () => {
    edit(stack, { user: "tom" });
    const error = errorOf(await stack.up());
    expect(error).toMatch(/berth: tom may not use sudo without a password, .*tom ALL=\(ALL\) NOPASSWD:ALL/);
    expect(error.match(/may not use sudo/g)).toHaveLength(1);
    expect(error.split("\n").length).toBeLessThan(15);
});

test("a port that another program has is refused, with the program's name, before anything is installed", async () => {
    edit(stack, {}, 8088);
    const error = errorOf(await stack.up());
    expect(error).toMatch(/berth: port 8088 of the server is taken by python3 \(pid \d+\)/);
    expect(await hasDocker()).toBe(false);
    await serves(8088);
});

test("the first up ends in HTTP 200, with a table of who reaches what", async () => {
    edit(stack, {});
    const { all, stdout } = await up();
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(`http://${server.address}:8080`);
    expect(await web(8080)).toEqual({ status: 200, server: expect.stringMatching(/^nginx/) });
    expect(all).toMatch(/^8080\/tcp +everyone.* web publishes it; ufw does not keep it closed/m);
    expect(all).not.toMatch(/warning:/i);
    expect(all).not.toContain("PRIVATE KEY");
});

test("a second up and a preview after refresh find nothing to change", async () => {
    await up(stack, "--expect-no-changes");
    expectSuccess(await stack.pulumi("preview", "--refresh", "--expect-no-changes"));
});

test("neither a newer survey nor another way to hand over the key makes containers show a change", async () => {
    const clone = cloneProject();
    const before = fs.readFileSync(stack.file, "utf8");
    edit(stack, { privateKeyFile: undefined, privateKey: client.private });
    fs.copyFileSync(stack.file, path.join(clone, path.basename(stack.file)));
    fs.writeFileSync(stack.file, before);
    fs.appendFileSync(path.join(clone, "scripts/survey-host.sh"), "# newer\n");
    const preview = await run("./scripts/pulumi", ["preview", "--stack", stack.name], {
        cwd: clone,
        env: {
            PULUMI_BACKEND_URL: `file://${path.join(root, ".berth/state")}`,
            PULUMI_CONFIG_PASSPHRASE_FILE: path.join(root, ".berth/passphrase"),
        },
    });
    fs.rmSync(clone, { recursive: true });
    expectSuccess(preview);
    expect(preview.all).not.toMatch(/docker:index:|remote:Command/);
});

test("a port of somebody else's container is refused by the container's name, and the service stays", async () => {
    const image = `nginx:${internet.nginx.at(-1)}`;
    await server.asRoot(
        `docker run -d --name theirs -p 8085:80 -v theirs:/data ${image} && docker exec theirs touch /data/kept`,
    );
    edit(stack, {}, 8085);
    expect(errorOf(await stack.up())).toMatch(/port 8085 of the server is taken by the container theirs:/);
    await serves(8080);
    edit(stack, {});
});

test("a second stack, as root and through a jump host, is refused the first one's port and lives beside it", async () => {
    const proxy = {
        host: bastion.address,
        user: "admin",
        hostKey: bastion.hostKey.public,
        privateKeyFile: client.file,
    };
    const key = { privateKeyFile: undefined, privateKey: client.private };
    const host = { user: "root", address: HIDDEN_NAME, proxy, ...key, removeOnDestroy: true };
    edit(second, host, 8080);
    expect(errorOf(await second.up())).toContain(
        `port 8080 of the server is taken by the container ${stack.prefix}-web:`,
    );

    edit(second, host, 8081);
    await up(second);
    await up(second, "--expect-no-changes");
    expectSuccess(await second.pulumi("preview", "--refresh", "--expect-no-changes"));
    await Promise.all([8080, 8081, 8085].map(serves));
    await up(stack, "--expect-no-changes");
});

test("the second stack's end, which would take Docker along, leaves the first one's containers and with them Docker", async () => {
    const down = await second.down();
    expectSuccess(down);
    expect(down.all).toContain(`Docker stays: other stacks of Berth have containers here: ${stack.prefix}-web`);
    expect(await web(8081)).toBeUndefined();
    await Promise.all([8080, 8085].map(serves));
});

test("down of a server that is silent ends soon, and says which; when it is back, down goes on", async () => {
    await lab.close(server.group, tcp(22));
    const began = Date.now();
    const error = errorOf(await stack.down());
    await lab.open(server.group, tcp(22));
    expect(error).toMatch(
        new RegExp(`make sure that ssh://admin@${server.address}:22 is reachable.*Connection timed out`),
    );
    expect(Date.now() - began).toBeLessThan(60_000);
});

test("down leaves the engine and whatever else runs there, and nothing of the stack's", async () => {
    expectSuccess(await stack.down());
    const own = `--filter label=berth.stack=${stack.name}`;
    expect(await server.asRoot(`docker ps -aq ${own}; docker network ls -q ${own}; docker volume ls -q ${own}`)).toBe(
        "",
    );
    expect(await server.asRoot("docker exec theirs ls /data/kept")).toBe("/data/kept");
    await Promise.all([8085, 8088].map(serves));
});

test("with removeOnDestroy Docker goes with the stack, and not before", async () => {
    edit(stack, { removeOnDestroy: true });
    await up();
    edit(stack, { removeOnDestroy: false });
    await up(); // a changed mind
    await serves(8080);
    edit(stack, { removeOnDestroy: true });
    stack.edit((config) => Object.assign(config["berth:engine"] as object, { logs: { maxFile: 5 } }));
    await up(); // another install
    await serves(8080);

    expectSuccess(await stack.down());
    expect(await hasDocker()).toBe(false);
    const data = "find /var/lib/docker /var/lib/containerd -mindepth 1 2>/dev/null";
    const files = "ls -d /var/lib/berth /etc/docker /etc/apt/sources.list.d/docker.list /etc/apt/keyrings/docker.asc";
    expect((await server.ssh("root", `${data}; ${files} 2>/dev/null; true`)).all).toBe("");
    expect(await server.asRoot("dpkg --audit; systemctl is-failed docker.service || true")).not.toContain("failed");
    await serves(8088);
    expect(fs.existsSync(client.file)).toBe(true);
});
