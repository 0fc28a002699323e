import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { ask } from "../hosts/ask";
import { Load, type Seen } from "../hosts/load";
import { Stack, docker, errorOf, expectSuccess, freePort, root, run, start, until } from "../hosts/project";

jest.setTimeout(20 * 60_000);

type Service = Record<string, unknown> & { environment: Record<string, string> };
const DEPLOYS = 20;

let folder: string;
let stack: Stack;
let port: number;
let good: string;

beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-swap-"));
    fs.cpSync(path.join(root, "examples/java"), folder, { recursive: true });
    port = await freePort();
    stack = new Stack(
        {
            "berth:host": { kind: "local" },
            "berth:composeFile": path.relative(root, path.join(folder, "compose.yaml")),
            "berth:sites": { default: { service: "app", port: 8080 } },
            "berth:proxy": { port },
        },
        "swap",
    );
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
    fs.rmSync(folder, { recursive: true });
});

const composeFile = () => path.join(folder, "compose.yaml");
/** Changes the app as a person's editor would. */
function edit(change: (app: Service) => void): void {
    const compose = parse(fs.readFileSync(composeFile(), "utf8")) as { services: { app: Service } };
    change(compose.services.app);
    fs.writeFileSync(composeFile(), stringify(compose));
}
const release = (version: string) => edit((app) => (app.environment.APP_VERSION = version));
const version = async () => (await ask(port, "localhost", { path: "/version" })).body.trim();
const onHost = async (...words: string[]) => (await docker("exec", stack.prefix, ...words)).trim();
const apps = async () =>
    (await onHost("docker", "ps", "-a", "--filter", "label=berth.service=app", "--format", "{{.Names}}")).split("\n");

let running: Load[] = [];
/** Clients of both kinds, from now on. */
const startLoad = () =>
    (running = (["close", "keep-alive"] as const).map(
        (connections) => new Load({ port, path: "/version", clients: 6, connections, pause: 50 }),
    ));
afterEach(() => Promise.all(running.map((load) => load.stop())));
/** Ends the load, of which nothing may be lost. */
async function nothingLost(): Promise<Seen[]> {
    const seen = await Promise.all(running.map((load) => load.stop()));
    expect(seen.flatMap(({ failed }) => failed)).toEqual([]);
    return seen;
}

test("the example comes up, and nginx leads to it", async () => {
    release("1");
    await stack.mustUp();
    expect(await version()).toBe("1");
    expectSuccess(await stack.pulumi("preview", "--refresh", "--expect-no-changes"));
});

test(`${DEPLOYS} deploys under load lose no request, with a connection for each or kept`, async () => {
    startLoad();
    for (let i = 2; i <= DEPLOYS + 1; i++) {
        release(String(i));
        await stack.mustUp();
        expect(await version()).toBe(String(i));
        expect(await apps()).toHaveLength(1);
    }
    for (const { bodies, ok } of await nothingLost()) {
        expect(ok).toBeGreaterThan(DEPLOYS * 100);
        const versions = [...bodies.keys()].map((body) => Number(body.trim()));
        expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: DEPLOYS + 1 }, (_, i) => i + 1));
    }
});

test("a request of 10 seconds that is in flight during a switch is answered", async () => {
    const before = await version();
    const [old] = await apps();
    const slow = ask(port, "localhost", { path: "/slow?seconds=10" });
    release("after-slow");
    await stack.mustUp();
    expect(await version()).toBe("after-slow");
    expect(await slow).toMatchObject({ status: 200 });
    expect(before).not.toBe("after-slow");
    expect(await apps()).not.toContain(old);
});

test.each([
    [
        "a version that exits",
        (app: Service) => (app.entrypoint = ["sh", "-c", "echo broken; exit 3"]),
        /it keeps restarting[^]* exit code: +3/,
    ],
    [
        "a version that never gets healthy",
        (app: Service) => (app.healthcheck = { test: ["CMD", "false"], interval: "1s", retries: 2 }),
        /it is unhealthy/,
    ],
    [
        "an image that is not there",
        (app: Service) => {
            delete app.build;
            app.image = "no-such-image:1";
        },
        /no-such-image:1/,
    ],
])("%s leaves the old one serving, fails again, and the next good one heals", async (_what, spoil, message) => {
    good = fs.readFileSync(composeFile(), "utf8");
    const before = await version();
    startLoad();
    release("broken");
    edit(spoil);
    for (let time = 0; time < 2; time++) {
        expect(errorOf(await stack.up())).toMatch(message);
        expect(await version()).toBe(before);
    }
    fs.writeFileSync(composeFile(), good);
    release(`${before}-healed`);
    await stack.mustUp();
    const seen = await nothingLost();
    expect(seen.flatMap(({ bodies }) => [...bodies.keys()])).not.toContain("broken");
    expect(await version()).toBe(`${before}-healed`);
    expect(await apps()).toHaveLength(1);
});

test("a service goes back to its last good release, stays there, and goes forward when it is changed", async () => {
    release("wanted");
    await stack.mustUp();
    release("unwanted");
    await stack.mustUp();
    const list = () => run("./scripts/releases", ["-s", stack.name, "app"]);
    const before = (await list()).stdout.trimEnd().split("\n");
    expect(before[0]).toMatch(/RELEASE +SERVICE +SINCE +IMAGE/);
    expect(before.filter((line) => line.startsWith("*"))).toHaveLength(1);
    const back = await run("./scripts/rollback", ["-s", stack.name]);
    expectSuccess(back);
    expect(back.all).toMatch(/app: back to release \d+/);
    expect(await version()).toBe("wanted");
    const again = await stack.up("--expect-no-changes");
    expectSuccess(again);
    expect(again.all).toMatch(/app is put back to release \d+/);
    expect((await list()).stdout.trimEnd().split("\n")).toHaveLength(before.length + 1);
    release("mended");
    const forward = await stack.mustUp();
    expect(forward.all).not.toContain("put back");
    expect(await version()).toBe("mended");
    expectSuccess(await run("./scripts/rollback", ["-s", stack.name, "--undo"]));
    expect(fs.readFileSync(stack.file, "utf8")).not.toContain("rollback");
    expect(await version()).toBe("mended");
});

test("a run that is killed between new and old leaves one version, and nothing else, after the next one", async () => {
    startLoad();
    // The switch waits for this request: it is killed in the midst of it.
    const slow = ask(port, "localhost", { path: "/slow?seconds=10" });
    release("killed");
    const { child, result, output } = start("./scripts/up", ["--stack", stack.name]);
    await until("the switch has begun", () => / sites updating/.test(output()));
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await result;
    expect((await apps()).length).toBe(2);
    await slow;
    await stack.pulumi("cancel", "--yes");
    await stack.mustUp();
    await nothingLost();
    expect(await version()).toBe("killed");
    expect(await apps()).toHaveLength(1);
    expect((await onHost("ls", `/var/lib/docker/berth/${stack.prefix}/proxy`)).split("\n").sort()).toEqual([
        "current",
        "lock",
        expect.stringMatching(/^release-/),
    ]);
    expectSuccess(await stack.up("--expect-no-changes"));
    expectSuccess(await stack.pulumi("preview", "--refresh", "--expect-no-changes"));
});
