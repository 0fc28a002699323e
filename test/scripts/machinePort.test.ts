import { once } from "node:events";
import * as fs from "node:fs";
import * as net from "node:net";
import { refuseForeignMachine } from "../../scripts/lib/foreignMachine";
import { stackLabels } from "../../scripts/lib/labels";
import { settlePort } from "../../scripts/lib/machinePort";
import { stackFile } from "../../scripts/lib/paths";
import { StackFile, freePort } from "../../scripts/lib/stack";
import type { StackExport } from "../../scripts/lib/state";

describe("the port of the machine's sshd", () => {
    const stacks = ["a", "b", "c"].map((name) => `port-${process.pid}-${name}`);
    const [stack = ""] = stacks;
    const port = (of = stack) => new StackFile(of).get("berth:host", "sshPort");
    const write = (sshPort?: number) =>
        fs.writeFileSync(
            stackFile(stack),
            `config:\n  # kept\n  berth:host: { kind: local${sshPort === undefined ? "" : `, sshPort: ${sshPort}`} }\n`,
        );
    let first: number;
    let taker: net.Server | undefined;
    beforeEach(async () => {
        for (const name of stacks) fs.writeFileSync(stackFile(name), "config: { berth:host: { kind: local } }\n");
        write();
        first = await freePort(29_000);
    });
    afterEach(() => {
        taker?.close();
        for (const name of stacks) fs.rmSync(stackFile(name), { force: true });
    });
    const take = async (taken: unknown) => {
        taker = net.createServer().listen({ host: "127.0.0.1", port: taken as number });
        await once(taker, "listening");
    };

    test("is another one for each of several stacks that come up at once, and is written into the file", async () => {
        await Promise.all(stacks.map((name) => settlePort(name, false, first)));
        expect(new Set(stacks.map((name) => port(name))).size).toBe(3);
        expect(fs.readFileSync(stackFile(stack), "utf8")).toContain("# kept");
    });

    test("that was chosen here is chosen again where somebody has got it, as long as there is no machine", async () => {
        await settlePort(stack, false, first);
        const chosen = port();
        expect(await settlePort(stack, false, first)).toBe(false);
        await take(chosen);
        expect(await settlePort(stack, true, first)).toBe(false);
        expect(port()).toBe(chosen);
        expect(await settlePort(stack, false, first)).toBe(true);
        expect(port()).toBeGreaterThan(chosen as number);
        taker?.close();
        await take(port());
        expect(await settlePort(stack, false, first)).toBe(true); // the second choice is ours as well
    });

    test("that the person wrote stays, whoever has it", async () => {
        await settlePort(stack, false, first);
        const own = await freePort((port() as number) + 1);
        write(own);
        await take(own);
        expect(await settlePort(stack, false, first)).toBe(false);
        expect(port()).toBe(own);
    });
});

describe("a machine that this clone's state does not know", () => {
    const where = { stack: "dev", dockerHost: "unix:///d.sock", clone: "/here" };
    const labels = (clone?: string) => ({
        ...stackLabels("dev"),
        ...(clone !== undefined && { "berth.clone": clone }),
    });
    const machine = (clone?: string) => ({ Id: "id", Config: { Labels: labels(clone) } });
    const resource = { urn: "u", type: "t", id: "id", inputs: { name: "berth-dev" } };
    const volume = { urn: "v", type: "t", id: "berth-dev-docker", inputs: { name: "berth-dev-docker" } };
    const refuse = (found: Parameters<typeof refuseForeignMachine>[0], state?: StackExport) => () =>
        refuseForeignMachine(found, state, where);

    test.each<[string, ReturnType<typeof machine> | { Id: string; Config: null }, RegExp]>([
        [
            "another clone's",
            machine("/there"),
            /^this stack's machine, berth-dev, belongs to the clone at \/there: work on it there, or give/,
        ],
        [
            "one without a label",
            machine(),
            /it belongs to another clone of the project, or the state was lost .* Work on it there, .* docker --host/,
        ],
        [
            "our own, the state being lost",
            machine("/here"),
            /this clone's state does not know it: restore the state .*docker --host unix:\/\/\/d\.sock ps -a -q --filter label=berth\.project=berth --filter label=berth\.stack=dev \| xargs -r docker --host unix:\/\/\/d\.sock rm -f; .* volume rm$/,
        ],
        ["no machine of ours", { Id: "id", Config: null }, /a container that is not of this stack is called berth-dev/],
    ])("is refused in words: %s", (_, container, words) => {
        expect(refuse({ container, volumes: [] })).toThrow(words);
        expect(
            refuse({ container, volumes: [] }, { deployment: { resources: [{ ...resource, id: "other" }] } }),
        ).toThrow(words);
    });

    test("is no matter where the state knows it, or a killed run had begun to make it", () => {
        const container = machine("/there");
        expect(refuse({ container, volumes: [] }, { deployment: { resources: [resource] } })).not.toThrow();
        const pending = { deployment: { pending_operations: [{ resource, type: "creating" }] } };
        expect(refuse({ container, volumes: [] }, pending)).not.toThrow();
        expect(refuse({ volumes: [] })).not.toThrow();
    });

    test("its data is refused too, and never taken for this stack's", () => {
        expect(refuse({ volumes: ["berth-dev-docker"] })).toThrow(
            /^the volume berth-dev-docker holds the data of a machine .* docker --host unix:\/\/\/d\.sock volume rm$/,
        );
        expect(refuse({ volumes: ["berth-dev-docker"] }, { deployment: { resources: [volume] } })).not.toThrow();
        const pending = { deployment: { pending_operations: [{ resource: volume, type: "creating" }] } };
        expect(refuse({ volumes: ["berth-dev-docker"] }, pending)).not.toThrow();
    });
});
