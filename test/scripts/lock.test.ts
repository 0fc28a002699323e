import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Holder, withLock } from "../../scripts/lib/lock";
import { commandOf, isAlive, startOf } from "../../scripts/lib/processes";

const module_ = path.join(__dirname, "../../scripts/lib/lock.js");
let folder: string;
let lock: string;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-lock-"));
    lock = path.join(folder, "lock");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const host = os.hostname().split(".")[0];
const ofUs: Holder = { pid: process.pid, start: startOf(process.pid), host, since: "", command: "up", id: "1" };
const write = (holder: unknown) => fs.writeFileSync(lock, typeof holder === "string" ? holder : JSON.stringify(holder));

/** A process that has ended. */
function deadPid(): number {
    return spawnSync("true").pid;
}
const ended = (child: ChildProcess) => new Promise<number | null>((resolve) => child.on("close", resolve));

test("says which command holds it, and never the command's words: they may be secrets", () => {
    const work = `const held = () => console.log(require("node:fs").readFileSync(${JSON.stringify(lock)}, "utf8"));
        void require(${JSON.stringify(module_)}).withLock(${JSON.stringify(lock)}, held);`;
    const script = path.join(folder, "pulumi.ts");
    fs.writeFileSync(script, work);
    const words = ["config", "set", "--secret", "token", "hunter2", "--path"];
    const { stdout } = spawnSync(process.execPath, [script, ...words], { encoding: "utf8" });
    expect(JSON.parse(stdout)).toMatchObject({ command: "pulumi config set" });
    expect(stdout).not.toContain("hunter2");
});

test("lets one run work after the other, and says who is waited for", async () => {
    const order: string[] = [];
    let release: () => void = () => undefined;
    const first = withLock(lock, () => new Promise<void>((resolve) => (release = resolve)));
    const second = withLock(
        lock,
        () => void order.push("second"),
        ({ pid, command, since }) => order.push(`waits for ${pid} ${command !== undefined} ${since !== undefined}`),
    );
    expect(order).toEqual([`waits for ${process.pid} true true`]);
    order.push("first ends");
    release();
    await Promise.all([first, second]);
    expect(order.slice(1)).toEqual(["first ends", "second"]);
    expect(fs.readdirSync(folder)).toEqual([]);
});

test.each<[string, () => unknown]>([
    ["a process that is gone", () => ({ ...ofUs, pid: deadPid() })],
    ["a process that is gone, by an earlier version", () => String(deadPid())],
    ["one whose number another process has got since", () => ({ ...ofUs, start: "0-boot 1" })],
    ["nobody: torn by a power cut", () => ""],
    ["nobody: half of it is there", () => JSON.stringify(ofUs).slice(0, 9)],
    ["nobody: it holds no pid", () => "null"],
])("the lock of %s is taken over, and nothing stays behind", async (_, holder) => {
    write(holder());
    expect(await withLock(lock, () => "done")).toBe("done");
    expect(fs.readdirSync(folder)).toEqual([]);
});

test.each<[string, unknown]>([
    ["a living process", ofUs],
    ["a living process, by an earlier version", String(process.pid)],
])("the lock of %s is waited for", async (_, holder) => {
    write(holder);
    const waiting = { done: Promise.resolve("") };
    const told = await new Promise<Holder>((resolve) => {
        waiting.done = withLock(
            lock,
            () => "done",
            (living) => resolve(living),
        );
    });
    expect(told.pid).toBe(process.pid);
    expect(fs.readFileSync(lock, "utf8")).toContain(String(process.pid));
    fs.rmSync(lock);
    expect(await waiting.done).toBe("done");
});

test("the lock of another computer is left alone: nobody here knows whether its holder lives", async () => {
    write({ ...ofUs, pid: deadPid(), host: "elsewhere", since: "2026-11-28T10:00:00Z" });
    const before = fs.readFileSync(lock, "utf8");
    await expect(withLock(lock, () => "done")).rejects.toThrow(
        /held by the process \d+ of another computer, elsewhere, since 2026-11-28T10:00:00Z: wait for it\. .* rm '.*lock'/,
    );
    expect(fs.readFileSync(lock, "utf8")).toBe(before);
});

test("is given back when the work fails, and never another's", async () => {
    await expect(withLock(lock, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(fs.existsSync(lock)).toBe(false);
    await withLock(lock, () => write({ ...ofUs, id: "2" }));
    expect(fs.readFileSync(lock, "utf8")).toContain('"id":"2"');
});

test("a lock that cannot be written is said in words", () => {
    const script = `const fs = require("node:fs"), { withLock } = require(${JSON.stringify(module_)});
        fs.writeFileSync = () => { throw Object.assign(new Error("ENOSPC: write"), { code: "ENOSPC" }); };
        withLock(${JSON.stringify(lock)}, () => 1).catch((e) => console.log(e.message));`;
    const { stdout } = spawnSync(process.execPath, ["-e", script], { encoding: "utf8" });
    expect(stdout).toBe(`the lock ${lock} cannot be written: the disk is full\n`);
    expect(fs.readdirSync(folder)).toEqual([]);
});

test("many processes at once, of which some are killed while they hold it: never two hold it together", async () => {
    const inside = path.join(folder, "inside");
    // Who is inside makes a folder: for a second one that fails, as long as the first is alive and has not removed it.
    const script = `const fs = require("node:fs"), { withLock } = require(${JSON.stringify(module_)});
        const dies = process.argv[1] === "dies";
        (async () => { for (let i = 0; i < 12; i++) await withLock(${JSON.stringify(lock)}, async () => {
            fs.mkdirSync(${JSON.stringify(inside)});
            await new Promise((resolve) => setImmediate(resolve));
            fs.rmdirSync(${JSON.stringify(inside)});
            if (dies && i === 3) process.kill(process.pid, "SIGKILL");
        }); })().catch((e) => { console.error(e); process.exit(1); });`;
    const children = Array.from({ length: 8 }, (_, i) =>
        spawn(process.execPath, ["-e", script, i % 2 === 0 ? "dies" : "lives"], {
            stdio: ["ignore", "ignore", "inherit"],
        }),
    );
    const codes = await Promise.all(children.map(ended));
    expect(codes).toEqual(codes.map((_, i) => (i % 2 === 0 ? null : 0)));
    expect(await withLock(lock, () => "done")).toBe("done");
    expect(fs.readdirSync(folder)).toEqual([]);
});

test("a process is told from a later one of its number, and one that has ended is not alive", async () => {
    const child = spawn("sleep", ["60"]);
    expect([isAlive(child.pid ?? 0), isAlive(process.pid), isAlive(0), isAlive(-1)]).toEqual([
        true,
        true,
        false,
        false,
    ]);
    expect(startOf(child.pid ?? 0)).not.toBe(startOf(process.ppid));
    expect(startOf(child.pid ?? 0)).toBe(startOf(child.pid ?? 0));
    expect(commandOf(child.pid ?? 0)).toBe("sleep 60");
    child.kill("SIGKILL");
    await ended(child);
    expect([isAlive(child.pid ?? 0), startOf(child.pid ?? 0), commandOf(child.pid ?? 0)]).toEqual([
        false,
        undefined,
        undefined,
    ]);
});
