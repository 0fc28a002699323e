import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Pulumi } from "../../scripts/lib/pulumiCli";
import { recover } from "../../scripts/lib/recovery";
import type { StackExport } from "../../scripts/lib/state";

const LABELS = { "berth.project": "berth", "berth.stack": "dev" };
const CONTAINER = "docker:index/container:Container";
const engine = {
    urn: "urn:pulumi:dev::berth::pulumi:providers:docker::engine-engine",
    type: "pulumi:providers:docker",
    id: "p",
    inputs: { host: "unix:///d.sock" },
};
const container = (name: string) => ({
    urn: `urn:pulumi:dev::berth::${CONTAINER}::${name}`,
    type: CONTAINER,
    id: `id-${name}`,
    provider: `${engine.urn}::p`,
    inputs: { name: `berth-dev-${name}` },
});
const gate = { urn: "urn:gate", type: "command:remote:Command", id: "g", dependencies: [container("app").urn] };

let folder: string;
const before = process.env.PATH;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "recovery-"));
    process.env.PATH = `${folder}:${before}`;
});
afterEach(() => {
    process.env.PATH = before;
    fs.rmSync(folder, { recursive: true });
});

/** Recovers a stack in whose state these operations are pending, against an engine that is these lines of shell. */
async function recovered(pending: { type: string; name: string }[], docker: string) {
    const calls = path.join(folder, "calls");
    fs.writeFileSync(path.join(folder, "docker"), `#!/bin/sh\necho "$*" >>${calls}\n${docker}\n`, { mode: 0o755 });
    const state: StackExport = {
        deployment: {
            resources: [engine, container("app"), gate],
            pending_operations: pending.map(({ type, name }) => ({ type, resource: container(name) })),
        },
    };
    let imported: StackExport | undefined;
    const output = (args: string[], input?: string) => {
        if (args[1] === "import") imported = JSON.parse(input ?? "") as StackExport;
        return Promise.resolve(JSON.stringify(state));
    };
    const pulumi = { output } as unknown as Pulumi;
    const resources = await recover(pulumi, `recovery-${process.pid}`, state, LABELS);
    const ran = fs.readFileSync(calls, "utf8").trim().split("\n");
    return { imported, names: resources.map(({ urn }) => urn.split("::").at(-1)), resources, ran };
}

test("a container that a killed run had begun to create is removed, and its operation forgotten", async () => {
    const { imported, ran } = await recovered([{ type: "creating", name: "new" }], `[ "$3" = ps ] && echo 1 || :`);
    expect(ran.at(-1)).toBe("--host unix:///d.sock rm -f 1");
    expect(imported?.deployment?.pending_operations).toBeUndefined();
});

test("a container whose removal was broken off leaves the engine and the state: it may be stopped, or gone", async () => {
    for (const isThere of ["echo 1", ":"]) {
        const { imported, names, resources } = await recovered(
            [{ type: "deleting", name: "app" }],
            `[ "$3" = ps ] && { ${isThere}; } || :`,
        );
        expect(names).toEqual(["engine-engine", "urn:gate"]);
        expect(resources.at(-1)?.dependencies).toEqual([]);
        expect(imported?.deployment?.resources).toHaveLength(2);
    }
});

test("one on an engine that does not answer stays pending, and in the state; whoever comes next asks again", async () => {
    for (const type of ["creating", "deleting"]) {
        const { imported, names } = await recovered([{ type, name: "app" }], "exit 1");
        expect({ imported, names }).toEqual({ imported: undefined, names: ["engine-engine", "app", "urn:gate"] });
    }
});

test("a silent engine keeps its own operation, and no other", async () => {
    const { imported } = await recovered(
        [
            { type: "creating", name: "app" },
            { type: "updating", name: "gate" },
        ],
        "exit 1",
    );
    expect(imported?.deployment?.pending_operations?.map(({ type }) => type)).toEqual(["creating"]);
});
