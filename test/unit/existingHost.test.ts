import * as pulumi from "@pulumi/pulumi";
import { DockerEngine } from "../../components/engine";
import { ExistingHost, type ExistingHostArgs, behindFirewall } from "../../components/host/existingHost";
import { exposureOf } from "../../components/host/exposure";
import { hostSchema } from "../../components/host/hostSchema";
import { ServiceGroup } from "../../components/services";
import { privateKey, publicKey } from "./keys";
import { project } from "./services";
import { inputsOf, isSecret, names, registered, reset, settle, takeHooks, unwrap } from "./mocks";

const labels = { "berth.project": "berth", "berth.stack": "test" };
const web = {
    image: "nginx:1.30",
    ports: [{ published: 8080, target: 80, protocol: "tcp" as const }],
};

async function build(args: Partial<ExistingHostArgs> = {}) {
    reset();
    const host = new ExistingHost("host", {
        address: "203.0.113.9",
        port: 2222,
        user: "admin",
        hostKey: publicKey,
        clientKey: { privateKey, file: "${HOME}/.ssh/id_ed25519" },
        ports: [
            { published: 8080 },
            { hostIp: "127.0.0.1", published: 9090, protocol: "tcp" },
            { hostIp: "::1", published: 53, protocol: "udp" },
            { protocol: "tcp" },
        ],
        labels,
        removeOnDestroy: false,
        ...args,
    });
    const engine = new DockerEngine("engine", { host, labels, users: ["deploy"] });
    new ServiceGroup("services", {
        engine,
        project: project({ web }),
        prefix: "berth-test",
        labels,
        protectVolumes: true,
    });
    await settle();
    return host;
}
const connectionOf = (name: string) => unwrap(inputsOf(name).connection) as Record<string, unknown>;
const proxy = {
    host: "jump.example.com",
    port: 22,
    user: "me",
    hostKey: publicKey,
    privateKey: pulumi.secret(privateKey),
    identityFile: pulumi.output("/k"),
};

const surveyName = () => names().find((name) => name.startsWith("host-survey-")) ?? "";

test("the server is looked at by its own login", async () => {
    await build();
    const { create, stdin, logging, delete: remove } = inputsOf(surveyName());
    expect([create, logging, remove]).toEqual(["bash -s", "none", undefined]);
    expect(stdin).toMatch(/^#!\/usr\/bin\/env bash\n# Looks at a server/);
});

test("another server or login is looked at anew; another key or way to it is not", async () => {
    takeHooks();
    const nameWith = async (args: Partial<ExistingHostArgs>) => (await build(args)) && surveyName();
    const name = await nameWith({});
    expect(await nameWith({ proxy })).toBe(name);
    expect(await nameWith({ clientKey: { privateKey } })).toBe(name);
    expect(await nameWith({ ports: [] })).toBe(name);
    expect(await nameWith({ address: "203.0.113.10" })).not.toBe(name);
    expect(await nameWith({ port: 22 })).not.toBe(name);
    expect(await nameWith({ user: "root" })).not.toBe(name);
    expect(await nameWith({ hostKey: `${publicKey}=` })).not.toBe(name);
});

test("every connection pins the key, and none waits for a boot", async () => {
    await build();
    for (const name of [surveyName(), "host-ports", "host-removal", "engine-install", "web-gate"]) {
        const { hostKey, dialErrorLimit, privateKey: key } = connectionOf(name);
        expect(hostKey).toBe(publicKey);
        expect(dialErrorLimit).toBeLessThan(15);
        expect(isSecret(key) || isSecret(inputsOf(name).connection)).toBe(true);
    }
    expect(inputsOf("engine-engine").host).toBe("ssh://admin@203.0.113.9:2222");
});

test("the ports are checked for this stack, apart from what tells the machine's id", async () => {
    await build();
    expect(inputsOf("host-ports")).toMatchObject({
        create: "sudo -n bash -s -- berth.project=berth berth.stack=test -- 8080 127.0.0.1:9090 '[::1]:53/udp'",
        triggers: ["8080", "127.0.0.1:9090", "[::1]:53/udp"],
    });
    expect(inputsOf("engine-install").triggers).toEqual(["abc"]);
});

test("root needs no sudo, and no group", async () => {
    await build({ user: "root", removeOnDestroy: true });
    expect(inputsOf("host-ports").create).toMatch(/^bash -s -- /);
    expect(inputsOf("host-removal").delete).toBe("bash -s -- berth.project=berth berth.stack=test");
    expect(inputsOf("engine-install").create).toMatch(/^bash -s -- --user deploy$/);
});

test("the stack's end leaves the engine and needs no connection for it", async () => {
    await build();
    const { create, update, delete: remove, stdin, triggers } = inputsOf("host-removal");
    expect([create, update, remove, stdin, triggers]).toEqual(Array(5).fill(undefined));
});

test("with removeOnDestroy one command that is never replaced takes Docker off, and only volumes are asked about before", async () => {
    await build({ removeOnDestroy: true });
    const { create, update, delete: remove, stdin, triggers } = inputsOf("host-removal");
    expect([create, update, triggers]).toEqual(Array(3).fill(undefined));
    expect(remove).toBe("sudo -n bash -s -- berth.project=berth berth.stack=test"); // what is the stack's own
    expect(stdin).toMatch(/^#!\/usr\/bin\/env bash\n# Takes Docker off/);
    const deleting = registered().filter((r) => (r.inputs as { delete?: string }).delete !== undefined);
    expect(deleting.map(({ name }) => name)).toEqual(["host-removal", "web-volumes", "anonymous-volumes"]);
});

test("checks come first, the install last: they go in the other order", async () => {
    const order = (await build()) && names();
    const positions = [surveyName(), "host-ports", "host-removal", "engine-install", "web-gate"].map((n) =>
        order.indexOf(n),
    );
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
});

test("a key that has no file is put where OpenSSH finds it", async () => {
    await build({ clientKey: { privateKey } });
    expect(inputsOf("host-client-key-file").delete).toMatch(/^rm -f "\$HOME\/\.berth\/ssh\//);
});

test("behind a jump host commands and the docker provider go through it", async () => {
    takeHooks();
    await build({ proxy });
    expect(connectionOf(surveyName()).proxy).toMatchObject({ host: "jump.example.com", hostKey: publicKey });
    expect(JSON.stringify(unwrap(inputsOf("engine-engine").sshOpts))).toContain("ProxyCommand=ssh");
});

test("the exposure says what the server's own firewall does", () => {
    const config = hostSchema.parse({
        kind: "existing",
        address: "203.0.113.9",
        port: 2222,
        hostKey: publicKey,
        privateKeyFile: "~/.ssh/id_ed25519",
    });
    const rows = exposureOf(config, [
        { port: 8080, service: "web", place: "ports[0]" },
        { port: 2222, protocol: "udp", service: "game", place: "ports[0]" },
    ]);
    expect(behindFirewall(rows, 2222, "")).toEqual(rows);
    expect(behindFirewall(rows, 2222, "ufw").map(({ port, why }) => [port, why])).toEqual([
        [2222, "SSH, as the server has it; ufw on it decides"],
        [8080, "web publishes it; ufw does not keep it closed, as Docker publishes past it"],
        [2222, "game publishes it; ufw does not keep it closed, as Docker publishes past it"],
    ]);
});
