import * as fs from "node:fs";
import { ask } from "../hosts/ask";
import { type AppService, ExampleApp } from "../hosts/exampleApp";
import { Load, type Seen } from "../hosts/load";
import { errorOf, expectSuccess, run, start, until } from "../hosts/project";

jest.setTimeout(20 * 60_000);

const DEPLOYS = 20;
let app: ExampleApp;
beforeAll(async () => (app = await ExampleApp.create("swap")));
afterAll(() => app.remove());

let running: Load[] = [];
/** Clients of both kinds, from now on. */
const startLoad = () =>
    (running = (["close", "keep-alive"] as const).map(
        (connections) => new Load({ port: app.port, path: "/version", clients: 4, connections, pause: 100 }),
    ));
/** The Compose file that a test has spoiled. */
let good: string | undefined;
afterEach(async () => {
    if (good !== undefined) app.text = good;
    good = undefined;
    await Promise.all(running.map((load) => load.stop()));
});
/** Ends the load, of which nothing may be lost. */
async function nothingLost(): Promise<Seen[]> {
    const seen = await Promise.all(running.map((load) => load.stop()));
    expect(seen.flatMap(({ failed }) => failed)).toEqual([]);
    return seen;
}

test("the example comes up, and nginx leads to it", async () => {
    await app.release("1");
    expect(await app.version()).toBe("1");
    expectSuccess(await app.stack.pulumi("preview", "--refresh", "--expect-no-changes"));
});

test(`${DEPLOYS} deploys under load lose no request, with a connection for each or kept`, async () => {
    startLoad();
    for (let i = 2; i <= DEPLOYS + 1; i++) {
        await app.release(String(i));
        expect(await app.version()).toBe(String(i));
        expect(await app.containers()).toHaveLength(1);
    }
    for (const { bodies, ok } of await nothingLost()) {
        expect(ok).toBeGreaterThan(DEPLOYS * 100);
        const versions = [...bodies.keys()].map((body) => Number(body.trim()));
        expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: DEPLOYS + 1 }, (_, i) => i + 1));
    }
});

/** Begins to deploy a version, and, just before the switch, a request of 10 seconds. */
async function deployDuringRequest(version: string) {
    app.setVersion(version);
    const run = start("./scripts/up", ["--stack", app.stack.name]);
    await until("the new container is there", () => /-gate creating/.test(run.output()));
    return { ...run, slow: ask(app.port, "localhost", { path: "/slow?seconds=10" }) };
}

test("a request of 10 seconds that is in flight during a switch is answered", async () => {
    const [old] = await app.containers();
    const before = await app.version();
    const { slow, result } = await deployDuringRequest("after-slow");
    expectSuccess(await result);
    expect(await slow).toMatchObject({ status: 200, body: `${before} after 10 s\n` });
    expect(await app.version()).toBe("after-slow");
    expect(await app.containers()).not.toContain(old);
});

test.each([
    [
        "a version that exits",
        (service: AppService) => (service.entrypoint = ["sh", "-c", "echo broken; exit 3"]),
        /it keeps restarting[^]* exit code: +3/,
    ],
    [
        "a version that never gets healthy",
        (service: AppService) => (service.healthcheck = { test: ["CMD", "false"], interval: "1s", retries: 2 }),
        /it is unhealthy/,
    ],
    [
        "an image that is not there",
        (service: AppService) => {
            delete service.build;
            service.image = "no-such-image:1";
        },
        /no-such-image:1/,
    ],
])("%s leaves the old one serving, fails again, and the next good one heals", async (_what, spoil, message) => {
    good = app.text;
    const before = await app.version();
    startLoad();
    app.setVersion("broken");
    app.edit(spoil);
    for (let time = 0; time < 2; time++) {
        expect(errorOf(await app.stack.up())).toMatch(message);
        expect(await app.version()).toBe(before);
    }
    app.text = good;
    good = undefined;
    await app.release(`${before}-healed`);
    const seen = await nothingLost();
    expect(seen.flatMap(({ bodies }) => [...bodies.keys()])).not.toContain("broken\n");
    expect(await app.version()).toBe(`${before}-healed`);
    expect(await app.containers()).toHaveLength(1);
});

test("a service goes back to its last good release, stays there, and goes forward when it is changed", async () => {
    const { stack } = app;
    await app.release("wanted");
    await app.release("unwanted");
    const list = async () => (await run("./scripts/releases", ["-s", stack.name, "app"])).stdout.trimEnd().split("\n");
    const newest = async () => Number((await list())[1]?.split(/ +/)[1]);
    const before = await list();
    const unwanted = await newest();
    expect(before[0]).toMatch(/RELEASE +SERVICE +SINCE +IMAGE/);
    expect(before.filter((line) => line.startsWith("*"))).toHaveLength(1);
    const back = await run("./scripts/rollback", ["-s", stack.name]);
    expectSuccess(back);
    expect(back.all).toMatch(/app: back to release \d+/);
    expect(await app.version()).toBe("wanted");
    const again = await stack.up("--expect-no-changes");
    expectSuccess(again);
    expect(again.all).toMatch(/app is put back to release \d+/);
    expect(await newest()).toBe(unwanted + 1);
    app.setVersion("mended");
    const forward = await stack.mustUp();
    expect(forward.all).not.toContain("put back");
    expect(await app.version()).toBe("mended");
    expectSuccess(await run("./scripts/rollback", ["-s", stack.name, "--undo"]));
    expect(fs.readFileSync(stack.file, "utf8")).not.toContain("rollback");
    expect(await app.version()).toBe("mended");
});

test("a run that is killed between new and old leaves one version, and nothing else, after the next one", async () => {
    const { stack } = app;
    startLoad();
    // The switch waits for the request: it is killed in the midst of it.
    const { slow, child, result, output } = await deployDuringRequest("killed");
    await until("the switch has begun", () => / sites updating/.test(output()));
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await result;
    expect(await app.containers()).toHaveLength(2);
    await slow;
    await stack.pulumi("cancel", "--yes");
    await stack.mustUp();
    await nothingLost();
    expect(await app.version()).toBe("killed");
    expect(await app.containers()).toHaveLength(1);
    const folder = await app.onHost("ls", `/var/lib/docker/berth/${stack.prefix}/proxy`);
    expect(folder.split("\n").sort()).toEqual(["current", "lock", expect.stringMatching(/^release-/)]);
    await stack.expectSettled();
});
