import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cloneProject, docker, expectSuccess, freePort, get, root, run, start, until } from "../hosts/project";
import { WebStack, web } from "../hosts/webStack";

jest.setTimeout(20 * 60_000);

let port: number;
let stack: WebStack;

beforeAll(async () => {
    port = await freePort();
    stack = new WebStack("local-faults", port);
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

test("the stack comes up", async () => {
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
});

test("DOCKER_CONTEXT in the shell does not lead containers astray", async () => {
    const env = { DOCKER_CONTEXT: "elsewhere", DOCKER_HOST: "tcp://192.0.2.1:2375" };
    const { code, all } = await run("./scripts/up", ["--stack", stack.name, "--expect-no-changes"], { env });
    expect({ code, all }).toMatchObject({ code: 0 });
});

test("another port is served, the old one closed, and the machine stays", async () => {
    const before = await stack.machineId();
    const old = port;
    port = await freePort();
    stack.setWeb({ ...web, ports: [`${port}:80`] });
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);
    expect(await get(`http://127.0.0.1:${old}`)).toBeUndefined();
    expect(await stack.machineId()).toBe(before);
});

test("a container that exits fails the update with its exit code", async () => {
    const built = await stack.ssh(
        "docker build --quiet --tag gone:1 -",
        `FROM nginx:1.30\nCMD ["sh", "-c", "echo last words; exit 7"]`,
    );
    expect({ code: built.code, all: built.all }).toMatchObject({ code: 0 });
    stack.setWeb({ image: "gone:1", ports: [`${port}:80`] });
    const { code, all } = await stack.up();
    expect(code).not.toBe(0);
    expect(all).toMatch(/exited with 7/);
    expect(all).toContain("last words");
    stack.setWeb({ ...web, ports: [`${port}:80`] });
    expect((await stack.up()).code).toBe(0);
});

test("an image that never gets healthy fails the update with its log, each time, and a good one heals it", async () => {
    const dockerfile = [
        "FROM nginx:1.30",
        "HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD echo probe says no; exit 1",
        `CMD ["sh", "-c", "echo the log of the sick one; exec nginx -g 'daemon off;'"]`,
    ].join("\n");
    const built = await stack.ssh("docker build --quiet --tag sick:1 -", dockerfile);
    expect({ code: built.code, all: built.all }).toMatchObject({ code: 0 });
    stack.setWeb({ image: "sick:1", ports: [`${port}:80`] });
    for (let attempt = 0; attempt < 2; attempt++) {
        const { code, all } = await stack.up();
        expect(code).not.toBe(0);
        expect(all).toContain("it is unhealthy");
        expect(all).toContain("the log of the sick one");
        expect(all).toContain("probe says no");
    }
    stack.setWeb({ ...web, ports: [`${port}:80`] });
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);
});

test("a rotation that is killed when the host has the new key is finished by the next one", async () => {
    const command = "cut -d ' ' -f 2 /etc/ssh/ssh_host_ed25519_key.pub; ls /etc/ssh";
    const onHost = async () => {
        const [key, ...files] = (await docker("exec", stack.prefix, "sh", "-c", command)).split("\n");
        return { key, isKept: !files.some((file) => file.endsWith(".before")) };
    };
    const old = (await onHost()).key;
    const { child, result } = start("./scripts/rotate", ["-s", stack.name, "host-key"]);
    await until("the host keeps the new key", async () => {
        const { key, isKept } = await onHost();
        return key !== old && isKept;
    });
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await result;
    expectSuccess(await run("./scripts/rotate", ["-s", stack.name, "host-key"]));
    await stack.expectUnchanged();
});

test("a machine that somebody stopped is started by the next up, and nginx with it", async () => {
    await docker("stop", stack.prefix);
    const { code, all } = await stack.up("--expect-no-changes");
    expect({ code, all }).toMatchObject({ code: 0, all: expect.stringContaining(`was stopped: ${stack.prefix}`) });
    await until("nginx answers again", async () => (await get(`http://127.0.0.1:${port}`))?.status === 200);
});

test("a machine that somebody removed is made again, and finds its containers", async () => {
    const before = await stack.machineId();
    await docker("rm", "-f", stack.prefix);
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect(all).toContain(`the machine ${stack.prefix} is gone`);
    expect(await stack.machineId()).not.toBe(before);
    expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);
    expect((await stack.up("--expect-no-changes")).code).toBe(0);
});

test("two runs at once: one waits for the other, and nothing is made twice", async () => {
    const results = await Promise.all([stack.up(), stack.up()]);
    expect(results.map(({ code, all }) => ({ code, all }))).toMatchObject([{ code: 0 }, { code: 0 }]);
    expect(results.map((r) => r.all).join()).toContain("waiting for it");
});

test("a run that is killed while it creates is healed by the next", async () => {
    stack.setWeb({ image: "nginx:1.26", ports: [`${port}:80`] });
    const { child, result, output } = start("./scripts/up", ["--stack", stack.name]);
    await until("the new container is being created", () =>
        /Container\s+web\s+(creating|created|replac|delet)/.test(output()),
    );
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await result;
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect((await get(`http://127.0.0.1:${port}`))?.server).toMatch(/^nginx\/1\.26/);
});

test("a second clone with the same state destroys it all, and nothing is left", async () => {
    const clone = cloneProject();
    fs.rmSync(path.join(clone, path.basename(stack.file)));
    const home = fs.mkdtempSync(path.join(os.tmpdir(), "berth-home-"));
    const keyFile = (await stack.outputs()).identity.file;
    try {
        const env = {
            HOME: home,
            XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"),
            PULUMI_BACKEND_URL: `file://${path.join(root, ".berth/state")}`,
            PULUMI_CONFIG_PASSPHRASE_FILE: path.join(root, ".berth/passphrase"),
        };
        const refresh = await run("./scripts/pulumi", ["refresh", "--yes", "--stack", stack.name], { cwd: clone, env });
        expect({ code: refresh.code, all: refresh.all }).toMatchObject({ code: 0 });
        expect(fs.statSync(keyFile.replace("${HOME}", home)).mode & 0o777).toBe(0o600);
        const { code, all } = await run("./scripts/pulumi", ["destroy", "--yes", "--stack", stack.name], {
            cwd: clone,
            env,
        });
        expect({ code, all }).toMatchObject({ code: 0 });
        expect(fs.existsSync(keyFile.replace("${HOME}", home))).toBe(false);
        expect(await stack.leftovers()).toEqual([]);
    } finally {
        fs.rmSync(keyFile.replace("${HOME}", os.homedir())); // destroyed elsewhere, it stays on the first computer
        fs.rmSync(clone, { recursive: true });
        fs.rmSync(home, { recursive: true });
    }
});

test("Ctrl-C in the middle of an installation: the next up goes on, and down leaves nothing", async () => {
    const { child, result, output } = start("./scripts/up", ["--stack", stack.name]);
    await until("Docker is being installed", () => /berth: repository/.test(output()));
    process.kill(-(child.pid ?? 0), "SIGINT");
    expect((await result).code).not.toBe(0);
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);
    const keyFile = (await stack.outputs()).identity.file.replace("${HOME}", os.homedir());
    expect(fs.existsSync(keyFile)).toBe(true);
    const down = await stack.down();
    expect({ code: down.code, all: down.all }).toMatchObject({ code: 0 });
    expect(await stack.leftovers()).toEqual([]);
    expect(fs.existsSync(keyFile)).toBe(false);
});
