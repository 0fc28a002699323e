import * as fs from "node:fs";
import * as path from "node:path";
import { VolumeServer } from "./fakes/volumeServer";

let server: VolumeServer;
beforeEach(() => (server = new VolumeServer()));
afterEach(() => server.remove());

const BEFORE = ["running", "paused", "restarting", "exited"];
const AFTER = ["running", "paused", "running", "exited"];

test("a restore keeps the old content beside the new, and what was paused is paused again", () => {
    const result = server.restore("second");
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining("stop: c1 c2 c3\n") });
    expect(result.stderr).toContain("the content before it stays beside it");
    expect(server.state).toEqual({ now: "second", before: "first", states: AFTER });
    expect(server.traces).toEqual([]);
});

test("undo puts the old content back, and costs none: another takes that back", () => {
    expect(server.run(["undo", "db"])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("nothing to put back"),
    });
    server.restore("second");
    expect(server.run(["undo", "db"]).code).toBe(0);
    expect(server.state).toEqual({ now: "first", before: "second", states: AFTER });
    expect(server.run(["undo", "db"]).code).toBe(0);
    expect(server.state).toEqual({ now: "second", before: "first", states: AFTER });
    server.run(["undo", "db"]);
    expect(server.run(["remove-old", "db"]).code).toBe(0);
    expect(server.state).toMatchObject({ now: "first", before: undefined });
    expect(server.traces).toEqual([]);
});

test("what was never healthy is known as such when it is put back too", () => {
    const bad = { health: "unhealthy" };
    server.restore("bad", bad);
    server.run(["undo", "db"]);
    expect(server.run(["undo", "db"]).code).toBe(3);
    expect(server.restore("worse", bad).code).toBe(3);
    expect(server.state).toMatchObject({ now: "worse", before: "first" });
    expect(server.run(["undo", "db"]).code).toBe(0);
    server.restore("third");
    expect(server.state).toMatchObject({ now: "third", before: "first" });
    expect(server.traces).toEqual([]);
});

test("remove-old removes the old content, and the next restore takes its place", () => {
    server.restore("second");
    server.restore("third");
    expect(server.state).toMatchObject({ now: "third", before: "second" });
    expect(server.run(["remove-old", "db"]).code).toBe(0);
    expect(server.state).toMatchObject({ now: "third", before: undefined });
});

test("content with which no service gets healthy never costs the content before it", () => {
    const bad = { health: "unhealthy" };
    expect(server.restore("bad", bad)).toMatchObject({ code: 3, stderr: expect.stringContaining("c1 is unhealthy") });
    expect(server.run(["remove-old", "db"])).toMatchObject({ code: 1, stderr: expect.stringContaining("stays") });
    expect(server.restore("worse", bad).code).toBe(3);
    expect(server.state).toEqual({ now: "worse", before: "first", states: AFTER });
    expect(server.run(["undo", "db"]).code).toBe(0);
    expect(server.state).toMatchObject({ now: "first", before: "worse" });
    expect(server.run(["remove-old", "db"]).code).toBe(0);
    expect(server.traces).toEqual([]);
});

test("content whose service gets healthy late is kept as any other", () => {
    server.restore("slow", { health: "unhealthy" });
    server.set("volume/_data/health", "healthy");
    server.restore("third");
    expect(server.state).toMatchObject({ now: "third", before: "slow" });
});

test.each(["ps", "version", "container"])("where Docker does not answer (%s), the content stays in place", (word) => {
    server.set("silent", word);
    expect(server.restore("second")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("Docker does not answer"),
    });
    expect(server.state).toEqual({ now: "first", before: undefined, states: BEFORE });
    expect(server.traces).toEqual([]);
});

test("an archive that has no room, or is none, stops nothing", () => {
    const huge = server.run(["restore", "db", "replace", "900000000000000"], server.archive({ name: "second" }));
    expect(huge).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/takes \d+ MiB with a margin, and \d+ MiB are free/),
    });
    const broken = server.run(["restore", "db", "replace", "1000"], Buffer.from("no archive"));
    expect(broken).toMatchObject({ code: 1, stderr: expect.stringContaining("the volume is as it was") });
    expect(server.state).toEqual({ now: "first", before: undefined, states: BEFORE });
    expect(server.traces).toEqual([]);
});

test.each([
    ["container", ["exited", "paused", "exited", "exited"]],
    ["start", ["exited", "paused", "exited", "exited"]],
])("what was stopped and Docker does not start again (%s) is started by the next run", (word, states) => {
    server.set("silent-later", word);
    expect(server.run(["save", "db", "stop"])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("not all that ran runs again"),
    });
    expect(server.state.states).toEqual(states);
    fs.rmSync(path.join(server.root, "silent"));
    expect(server.run(["save", "db", "pause"])).toMatchObject({ code: 0 });
    expect(server.state.states).toEqual(["running", "paused", "running", "exited"]);
    expect(server.traces).toEqual([]);
});

test("what was stopped and is gone meanwhile is not waited for", () => {
    server.set("silent-later", "start");
    server.run(["save", "db", "stop"]);
    for (const file of ["silent", "containers/1"]) fs.rmSync(path.join(server.root, file));
    expect(server.run(["save", "db", "pause"])).toMatchObject({ code: 0 });
    expect(server.traces).toEqual([]);
});

test("save holds what may write, and leaves alone what is paused already", () => {
    const { code, stdout, stderr } = server.run(["save", "db", "pause"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "berth: pause: c1 c3\nberth: they go on\n" });
    expect(stdout.length).toBeGreaterThan(0);
    expect(server.state.states).toEqual(AFTER);
    expect(server.run(["save", "db", "stop"]).code).toBe(0);
    expect(server.state.states).toEqual(AFTER);
});
