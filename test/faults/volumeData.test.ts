import * as fs from "node:fs";
import * as path from "node:path";
import { killsWanted, spread } from "./kills";
import { VolumeServer } from "../scripts/fakes/volumeServer";

jest.setTimeout(30 * 60_000);

/** Kills of each run; BERTH_KILLS=1000 takes each command. */
const KILLS = killsWanted() ?? 16;

const BAD = { health: "unhealthy" };
type Content = { now?: string; before?: string };

/** A run that may be killed, on a server that is made ready for it; and the contents that are right after the next run. */
const RUNS: [string, (server: VolumeServer) => void, (server: VolumeServer, env: Env) => void, Content[]][] = [
    [
        "a first restore",
        () => undefined,
        (server, env) => server.restore("second", {}, env),
        [{ now: "first" }, { now: "second", before: "first" }],
    ],
    [
        "a second restore",
        (server) => server.restore("second"),
        (server, env) => server.restore("third", {}, env),
        [
            { now: "second", before: "first" },
            { now: "third", before: "second" },
        ],
    ],
    [
        "a restore of content that was never healthy",
        (server) => server.restore("bad", BAD),
        (server, env) => server.restore("third", {}, env),
        [
            { now: "bad", before: "first" },
            { now: "third", before: "first" },
        ],
    ],
    [
        "an undo",
        (server) => server.restore("second"),
        (server, env) => server.run(["undo", "db"], Buffer.alloc(0), env),
        [
            { now: "second", before: "first" },
            { now: "first", before: "second" },
        ],
    ],
    [
        "a save",
        () => undefined,
        (server, env) => server.run(["save", "db", "stop"], Buffer.alloc(0), env),
        [{ now: "first" }],
    ],
];
type Env = Record<string, string>;

/** Numbers of the commands at which a run comes to a line of the script for the first time. */
function points(prepare: (server: VolumeServer) => void, run: (server: VolumeServer, env: Env) => void): number[] {
    const server = new VolumeServer();
    prepare(server);
    const count = path.join(server.root, "count");
    run(server, { COUNT: count });
    const lines = fs.readFileSync(count, "utf8").trim().split("\n");
    server.remove();
    const seen = lines.map((line) => line.split(" ") as [string, string]);
    return [...new Map([...seen].reverse().map(([at, where]) => [where, Number(at)])).values()].sort((a, b) => a - b);
}

test.each(RUNS)("%s that is killed at any command is put in order by the next run, whatever that is", (...args) => {
    const [, prepare, run, right] = args;
    const at = points(prepare, run);
    expect(at.length).toBeGreaterThan(50);
    for (const n of spread(at, KILLS)) {
        const server = new VolumeServer();
        prepare(server);
        run(server, { KILL_AT: String(n) });
        const next = server.run(["save", "db", "pause"]);
        const { now, before, states } = server.state;
        expect({ n, code: next.code, stderr: next.stderr }).toMatchObject({ n, code: 0 });
        expect(right.map((content) => ({ n, before: undefined, ...content }))).toContainEqual({ n, now, before });
        expect({ n, states: states.join(" ").replace("restarting", "running") }).toEqual({
            n,
            states: "running paused running exited",
        });
        expect({ n, traces: server.traces.filter((name) => name !== "_data.berth-unproven") }).toEqual({
            n,
            traces: [],
        });
        server.remove();
    }
});
