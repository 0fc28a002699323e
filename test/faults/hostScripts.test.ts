import { HOST_IMAGE, buildHostImage } from "../hosts/lab";
import { scenarios } from "./hostScripts";
import { type Report, breakScript, hostScripts } from "./hostScripts/scenario";

const minute = 60_000;
/** Containers that run at once. */
const AT_ONCE = 2;
jest.setTimeout(15 * minute);

const all = Object.entries(scenarios).flatMap(([script, ones]) => ones.map((scenario) => ({ script, scenario })));
const reports = new Map<unknown, Promise<Report>>();

beforeAll(async () => {
    await buildHostImage();
    const waiting = all.map(({ script, scenario }) => {
        let start = () => {};
        const begun = new Promise<void>((resolve) => (start = resolve));
        reports.set(
            scenario,
            begun.then(() => breakScript(HOST_IMAGE, script, scenario)),
        );
        return { start, ended: reports.get(scenario)?.catch(() => undefined) };
    });
    const work = async () => {
        for (let next = waiting.shift(); next; next = waiting.shift()) {
            next.start();
            await next.ended;
        }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
}, 20 * minute);

test("each script that runs on hosts has a scenario here, and each scenario a script", () => {
    const without = hostScripts().filter((name) => scenarios[name] === undefined);
    const stale = Object.keys(scenarios).filter((name) => !hostScripts().includes(name));
    expect({
        "These have none. Add what they are run with to test/faults/hostScripts; CONTRIBUTING.md says how": without,
        "These are gone. Remove them from test/faults/hostScripts/index.ts": stale,
    }).toEqual({
        "These have none. Add what they are run with to test/faults/hostScripts; CONTRIBUTING.md says how": [],
        "These are gone. Remove them from test/faults/hostScripts/index.ts": [],
    });
});

test.each(all)(
    "$script: $scenario.does: killed, out of space and without Docker, the next run ends as ever",
    async ({ scenario }) => {
        const report = await reports.get(scenario);
        expect(report?.failures.join("\n")).toBe("");
        expect(report?.kills).toBeGreaterThan(0);
    },
);
