import { HOST_IMAGE, buildHostImage } from "../hosts/lab";
import { scenarios } from "./hostScripts";
import { breakScript, hostScripts } from "./hostScripts/scenario";

const minute = 60_000;
/** Containers that run at once. */
const AT_ONCE = 2;
jest.setTimeout(20 * minute);

test("each script that runs on hosts has a scenario here, and each scenario a script", () => {
    const without = hostScripts().filter((name) => scenarios[name] === undefined);
    const stale = Object.keys(scenarios).filter((name) => !hostScripts().includes(name));
    const told = (none: string[], gone: string[]) => ({
        "These have none. Add what they are run with to test/faults/hostScripts; CONTRIBUTING.md says how": none,
        "These are gone. Remove them from test/faults/hostScripts/index.ts": gone,
    });
    expect(told(without, stale)).toEqual(told([], []));
});

let image: Promise<void> | undefined;
const turns: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
let next = 0;
/** Each in its turn, AT_ONCE at a time. */
function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const at = next++ % AT_ONCE;
    const done = (turns[at] as Promise<unknown>).then(act);
    turns[at] = done.catch(() => undefined);
    return done;
}

const all = Object.entries(scenarios).flatMap(([script, ones]) => ones.map((scenario) => ({ script, scenario })));
test.concurrent.each(all)(
    "$script: $scenario.does: killed, out of space and without Docker, the next run ends as ever",
    async ({ script, scenario }) => {
        await (image ??= buildHostImage());
        const report = await inTurn(() => breakScript(HOST_IMAGE, script, scenario));
        expect(report.failures.join("\n")).toBe("");
        expect(report.kills).toBeGreaterThan(0);
    },
);
