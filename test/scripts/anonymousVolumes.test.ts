import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const script = fs.readFileSync(path.resolve(__dirname, "../../scripts/anonymous-volumes.sh"), "utf8");
const HEX = "a".repeat(64);
const mine = { "berth.project": "p", "berth.stack": "s" };

interface Engine {
    containers: {
        id: string;
        name: string;
        state: string;
        labels: Record<string, string>;
        mounts: { volume: string; path: string; named: boolean }[];
    }[];
    volumes: Record<string, { labels: Record<string, string>; data: string }>;
    images: Record<string, string[]>;
    calls: string[];
    down?: boolean;
}

let root: string;
const at = (...below: string[]) => path.join(root, ...below);
beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "anonymous-"));
    fs.mkdirSync(at("bin"));
    fs.symlinkSync(path.resolve(__dirname, "fakes/docker_volumes.py"), at("bin/docker"));
    save({ containers: [], volumes: {}, images: { img: ["/data/", '/a "b"'] }, calls: [] });
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const save = (engine: Engine) => fs.writeFileSync(at("engine"), JSON.stringify(engine));
const engine = () => JSON.parse(fs.readFileSync(at("engine"), "utf8")) as Engine;
function edit(change: (engine: Engine) => void): void {
    const now = engine();
    change(now);
    save(now);
}
function container(name: string, volume: string, more: Partial<Engine["containers"][number]> = {}) {
    const labels = { ...mine, "berth.service": "app" };
    const mounts = [{ volume, path: "/data", named: false }];
    edit(({ containers, volumes }) => {
        containers.push({ id: `${name}-id`, name, state: "running", labels, mounts, ...more });
        volumes[volume] ??= { labels: {}, data: at("engine") };
    });
}
function run(verb: string, ...words: string[]) {
    const env = { PATH: `${at("bin")}:${process.env.PATH}`, ENGINE: at("engine") };
    const { status, stdout, stderr } = spawnSync("bash", ["-s", "--", verb, "p", "s", ...words], {
        input: script,
        encoding: "utf8",
        env,
    });
    return { status, stdout: stdout.trim(), stderr };
}
const prepare = (...more: string[]) => run("prepare", "app", "p-s-app", "p-s-app", "img", "stop-first", ...more);
const namesIn = ({ stdout }: { stdout: string }) => JSON.parse(stdout) as Record<string, string>;
const settle = (...services: string[]) => run("settle", at("berth/p-s"), ...services);
const leave = (slot = "p-s-app") => run("leave", at("berth/p-s"), "app", slot);

test("each path that the image declares, or the service, has a volume whose name says whose it is", () => {
    const first = prepare("--volume", "/more");
    expect(namesIn(first)).toEqual({
        "/data": expect.stringMatching(/^p-s-app_data-[0-9a-f]{8}$/),
        '/a "b"': expect.stringMatching(/^p-s-app_a-b-[0-9a-f]{8}$/),
        "/more": expect.stringMatching(/^p-s-app_more-[0-9a-f]{8}$/),
    });
    const [one] = Object.values(engine().volumes);
    expect(one?.labels).toEqual({ ...mine, "berth.service": "app", "berth.slot": "p-s-app", "berth.path": "/more" });
    const calls = engine().calls.length;
    expect(prepare("--volume", "/more").stdout).toBe(first.stdout);
    expect(engine().calls).toHaveLength(calls); // a second run changes nothing
});

test("what the service mounts there otherwise, or takes from another container, is left alone", () => {
    container("other", "named", { labels: {} });
    expect(prepare("--mounted", '/a "b"', "--from", "other-id").stdout).toBe("{}");
});

test("a volume that Docker named stays the very volume, and outlives the container that would take it along", () => {
    container("p-s-app", HEX);
    expect(namesIn(prepare())["/data"]).toBe(HEX);
    expect(engine().containers.map(({ name }) => name)).toEqual(["p-s-app", `berth-holds-${HEX.slice(0, 12)}`]);
    edit((now) => (now.containers = now.containers.filter(({ name }) => name !== "p-s-app"))); // killed in between
    expect(namesIn(prepare())["/data"]).toBe(HEX);
    expect(settle("app").status).toBe(0);
    expect(engine().containers).toHaveLength(1); // no other has it yet
    container("p-s-app", HEX, { mounts: [{ volume: HEX, path: "/data", named: true }] });
    settle("app");
    expect(engine().containers.map(({ name }) => name)).toEqual(["p-s-app"]);
});

test("of several containers, the one that runs has the data; under another name it stops first", () => {
    container("p-s-app-0123abcd", "b".repeat(64), { state: "exited" });
    container("p-s-app-89abcdef", HEX);
    container("p-s-app-2", "c".repeat(64)); // another place
    const { stdout, stderr } = prepare();
    expect(namesIn({ stdout })["/data"]).toBe(HEX);
    expect(stderr).toBe("berth: p-s-app-89abcdef stops: p-s-app takes over its volumes\n");
    expect(engine().containers.map(({ state }) => state)).toEqual(["exited", "exited", "running", "created"]);
});

test("start-first shares the data, and says what to do where it does not bear that", () => {
    container("p-s-app-89abcdef", HEX);
    const { stdout, stderr } = run("prepare", "app", "p-s-app", "p-s-app-0123abcd", "img", "start-first");
    expect(namesIn({ stdout })["/data"]).toBe(HEX);
    expect(stderr).toMatch(/^berth: app is exchanged start-first, .*\/data.*: stop-first\n$/);
    expect(engine().containers[0]?.state).toBe("running");
});

test("a volume of that name that is somebody else's is not taken", () => {
    const name = namesIn(prepare())["/data"] ?? "";
    edit(({ volumes }) => (volumes[name]!.labels = {}));
    expect(prepare()).toMatchObject({ status: 1, stderr: expect.stringContaining(`the volume ${name} is somebody`) });
});

test("only when the service has left the stack its volumes are removed, each after a word", () => {
    container("p-s-app", HEX);
    prepare();
    edit((now) => (now.containers = []));
    settle("app", "db");
    expect(leave()).toEqual({ status: 0, stdout: "", stderr: "" }); // another version of the container
    settle("db");
    edit((now) => (now.down = true));
    expect(leave()).toMatchObject({ status: 1, stderr: expect.stringContaining("Docker does not answer") });
    edit((now) => (now.down = false));
    expect(Object.keys(engine().volumes)).toHaveLength(3);
    const name = String.raw`p-s-app_a-b-\w+`;
    expect(leave().stderr).toMatch(
        new RegExp(
            "^berth: the service app has left the stack, and its anonymous volumes are removed: " +
                String.raw`${HEX} \(/data, \S+\), ${name} \(/a "b", \S+\)\n$`,
        ),
    );
    expect(engine().volumes).toEqual({});
    expect(leave()).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("as long as a container of the service is there, a list without it removes nothing", () => {
    prepare();
    settle("db");
    container("p-s-app-2", "c".repeat(64));
    expect(leave()).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(Object.keys(engine().volumes)).toHaveLength(3);
});

test("what holds a volume goes with the service, or the stack, where its container never came", () => {
    const holders = () => engine().containers.map(({ name }) => name);
    const exchangeFails = () => {
        container("p-s-app", HEX);
        prepare();
        edit((now) => (now.containers = now.containers.filter(({ name }) => name !== "p-s-app")));
    };
    exchangeFails();
    settle("app", "db");
    expect(holders()).toHaveLength(1); // the service may come yet
    settle("db");
    expect(holders()).toEqual([]);
    expect(Object.keys(engine().volumes)).toContain(HEX);
    expect(leave().stderr).toContain("its anonymous volumes are removed");
    expect(engine().volumes).toEqual({});

    exchangeFails();
    expect(run("forget", at("berth/p-s"))).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(holders()).toEqual([]);
    expect(Object.keys(engine().volumes)).toContain(HEX);

    container("p-s-app", HEX);
    prepare();
    run("forget", at("berth/p-s"));
    expect(holders()).toHaveLength(2); // it would take its volume along
});

test("what a container still uses stays, and is said", () => {
    prepare();
    settle();
    const [name = ""] = Object.keys(engine().volumes);
    container("backup", name, { labels: {} });
    expect(leave().stderr).toContain(`berth: the volume ${name} stays: backup uses it`);
    expect(Object.keys(engine().volumes)).toEqual([name]);
});

test("when the stack itself goes, or a list was half written, volumes stay", () => {
    prepare();
    settle();
    fs.writeFileSync(at("berth/p-s/services"), "db\n");
    expect(leave()).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(run("forget", at("berth/p-s"))).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(fs.existsSync(at("berth"))).toBe(false);
    expect(leave()).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(Object.keys(engine().volumes)).toHaveLength(2);
});

test("a Docker that does not answer has no volumes: nothing is made, and the run fails", () => {
    edit((now) => (now.down = true));
    expect(prepare()).toMatchObject({ status: 1, stdout: "", stderr: expect.stringContaining("does not answer") });
    expect(settle("app")).toMatchObject({ status: 1, stderr: expect.stringContaining("does not answer") });
});
