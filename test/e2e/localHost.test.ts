import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { docker, freePort, get, root, run } from "../hosts/project";
import { WebStack, web } from "../hosts/webStack";

jest.setTimeout(20 * 60_000);

let port: number;
let stack: WebStack;

beforeAll(async () => {
    port = await freePort();
    stack = new WebStack("local", port);
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

test("up makes a host with nginx that answers at the printed URL", async () => {
    const { code, all, stdout } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(`http://127.0.0.1:${port}`);
    expect(await get(`http://127.0.0.1:${port}`)).toEqual({ status: 200, server: expect.stringMatching(/^nginx/) });
    expect(all).not.toMatch(/warning:/);
    expect(all).not.toContain("PRIVATE KEY");
});

test("a second up and a preview after refresh find nothing to change", async () => {
    const second = await stack.up("--expect-no-changes");
    expect({ code: second.code, all: second.all }).toMatchObject({ code: 0 });
    const preview = await stack.pulumi("preview", "--refresh", "--expect-no-changes");
    expect({ code: preview.code, all: preview.all }).toMatchObject({ code: 0 });
});

test("the ssh output logs in as pasted, and Docker needs no sudo", async () => {
    const names = await stack.ssh(
        "docker ps --format '{{.Names}}' && docker compose version && docker-compose version",
    );
    expect(names).toMatchObject({ code: 0, stdout: expect.stringContaining(`${stack.prefix}-web\n`) });
    expect(names.stdout.match(/Docker Compose version/g)).toHaveLength(2);
});

test("ssh refuses a host with another key", async () => {
    const { ssh } = await stack.outputs();
    const other = ssh.replace(/ssh-ed25519 (\S{30})\S{4}/, "ssh-ed25519 $1AAAA");
    expect(other).not.toBe(ssh);
    const { code, all } = await run("bash", ["-c", `${other} true`]);
    expect(code).not.toBe(0);
    expect(all).toMatch(/Host key verification failed/);
});

test("no private key lies in the state, in the machine's description or in the engine's logs", async () => {
    const state = await stack.pulumi("stack", "export");
    expect(state.stdout.length).toBeGreaterThan(1000);
    expect(state.stdout).not.toContain("PRIVATE KEY");
    expect(await docker("inspect", stack.prefix)).not.toContain("PRIVATE KEY");
    expect(await docker("logs", stack.prefix)).not.toContain("PRIVATE KEY");
});

test("a pinned engine version is installed in place, held, and nginx runs on", async () => {
    const started = async () =>
        (await stack.ssh(`docker inspect --format '{{.Id}} {{.State.StartedAt}}' ${stack.prefix}-web`)).stdout;
    const before = await started();
    stack.edit((config) => (config["berth:engine"] = { users: [], version: "26.1" }));
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect(all).toMatch(/docker-ce 5:28\.5\S+ becomes 5:26\.1\S+: Docker restarts, and the containers run on/);
    expect(await started()).toBe(before);
    expect((await stack.outputs()).engine.engine).toMatch(/^26\.1/);
    expect((await stack.ssh("apt-mark showhold")).stdout).toMatch(/^docker-ce$/m);
    expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);
});

test("another image tag replaces the container, not the machine", async () => {
    const before = await stack.machineId();
    stack.setWeb({ image: "nginx:1.26", ports: [`${port}:80`] });
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect((await get(`http://127.0.0.1:${port}`))?.server).toMatch(/^nginx\/1\.26/);
    expect(await stack.machineId()).toBe(before);
});

test("every mistake in the config is named at once, and nothing is touched", async () => {
    const before = await docker("ps", "-aq", "--no-trunc", "--filter", `label=berth.stack=${stack.name}`);
    stack.edit((config) => (config["berth:engine"] = { users: ["$(touch x)"] }));
    stack.setWeb({ image: "NGINX", ports: ["80:99999"], pids_limit: 5 });
    const { code, all } = await stack.up();
    expect(code).not.toBe(0);
    for (const place of ["engine.users[0]", "services.web.image", "services.web.ports[0]", "services.web.pids_limit"]) {
        expect(all).toContain(`berth:${place}: `);
    }
    expect(fs.existsSync(path.join(root, "x"))).toBe(false);
    expect(await docker("ps", "-aq", "--no-trunc", "--filter", `label=berth.stack=${stack.name}`)).toBe(before);
    stack.edit((config) => (config["berth:engine"] = { users: [], version: "26.1" }));
    stack.setWeb({ ...web, ports: [`${port}:80`] });
});

test("a port that somebody listens on is named with its holder before anything changes", async () => {
    const server = net.createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const taken = (server.address() as net.AddressInfo).port;
    stack.setWeb({ ...web, ports: [`${taken}:80`] });
    const { code, all } = await stack.pulumi("preview");
    server.close();
    expect(code).not.toBe(0);
    expect(all).toContain(`berth:services.web.ports[0]: port ${taken} of this computer is taken`);
    expect(all).toContain(`pid ${process.pid}`);
    stack.setWeb({ ...web, ports: [`${port}:80`] });
});

test("down leaves nothing, and a second one has nothing to do", async () => {
    const keyFile = (await stack.outputs()).identity.file.replace("${HOME}", os.homedir());
    expect(fs.existsSync(keyFile)).toBe(true);
    for (let time = 0; time < 2; time++) {
        const { code, all } = await stack.down();
        expect({ code, all }).toMatchObject({ code: 0 });
        expect(await stack.leftovers()).toEqual([]);
        expect(fs.existsSync(keyFile)).toBe(false);
    }
});
