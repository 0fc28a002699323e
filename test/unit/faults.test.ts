import * as path from "node:path";
import { faultLine } from "../../components/faultLine";
import { hideStacks, withoutStacks } from "../../components/faults";
import { knownAddresses } from "../../components/services/addresses";
import { userError } from "../../components/userError";

const root = path.join(__dirname, "../..");

function thrownBy(work: () => unknown): unknown {
    try {
        work();
    } catch (error) {
        return error;
    }
    throw new Error("it did not throw");
}

test("an exception is one line that blames Berth, with its text, the first place of our own, and where to report it", () => {
    const error = thrownBy(() => knownAddresses(null as never, ""));
    const line = faultLine(error, root);
    expect(line).toMatch(
        /^this is a fault in Berth: TypeError: .* \(components\/services\/addresses\.ts:\d+\)\. Please/,
    );
    expect(line).toContain("docs/operations.md#a-fault-in-berth");
    expect(line).not.toContain("\n");
});

test.each([
    ["a text"],
    [undefined],
    [null],
    [{ toString: null }],
    [new Error("two\n  lines")],
    [new Error("x".repeat(9000))],
])("whatever is thrown is one short line: %p", (thrown) => {
    const line = faultLine(thrown, root);
    expect(line).toMatch(/^this is a fault in Berth: .+$/);
    expect(line.length).toBeLessThan(800);
});

test("what the system refuses is not blamed on Berth", () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), {
        code: "ENOSPC",
        syscall: "write",
    });
    expect(faultLine(error, root)).toMatch(/^the system refused: Error: ENOSPC: no space left on device, write/);
});

test("only the frame that is shown is mapped back to its source", () => {
    const engine: { prepareStackTrace?: unknown } = Error;
    const format = engine.prepareStackTrace;
    const mapped: number[] = [];
    Error.prepareStackTrace = (error, frames) => {
        mapped.push(frames.length);
        return `${String(error)}\n    at x (${root}/components/x.ts:7:1)`;
    };
    try {
        expect(faultLine(new Error("broken"), root)).toContain("(components/x.ts:7)");
        expect(mapped).toEqual([1]);
    } finally {
        engine.prepareStackTrace = format;
    }
});

describe("the program", () => {
    const events = ["uncaughtException", "unhandledRejection"] as const;
    const before = events.map((event) => process.listeners(event as "uncaughtException"));
    const shown: unknown[] = [];
    beforeEach(() => {
        shown.length = 0;
        for (const event of events) process.removeAllListeners(event).on(event, (error) => shown.push(error));
    });
    afterEach(() => {
        events.forEach((event, i) => {
            process.removeAllListeners(event);
            for (const listener of before[i] ?? []) process.on(event, listener);
        });
    });

    test("ends in a line for the person, and says its own errors as they are", async () => {
        const mistake = userError("berth:host: it is missing");
        await expect(withoutStacks(root, () => Promise.reject(mistake))()).rejects.toBe(mistake);
        const ended = withoutStacks(root, () => Promise.reject(new TypeError("x is null")))();
        await expect(ended).rejects.toMatchObject({
            stack: expect.stringMatching(/^this is a fault .*TypeError: x is null/),
        });
    });

    test("has what fails later shown the same way, each exception once", () => {
        hideStacks(root);
        const error = new TypeError("x is null");
        process.emit("unhandledRejection", error, Promise.resolve());
        process.emit("uncaughtException", error);
        expect(shown).toHaveLength(2);
        expect(shown[0]).toBe(shown[1]);
        expect(shown[0]).toMatchObject({ message: expect.stringContaining("TypeError: x is null") });
    });
});
