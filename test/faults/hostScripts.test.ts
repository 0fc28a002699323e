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
    const turns: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
    for (const { script, scenario } of all) {
        // Each takes the next free turn; the tests below wait for their own.
        const [turn, index] = await Promise.race(turns.map((one, at) => one.then(() => [one, at] as const)));
        void turn;
        const report = breakScript(HOST_IMAGE, script, scenario);
        reports.set(scenario, report);
        turns[index] = report.catch(() => undefined);
    }
    await Promise.all(turns);
}, 20 * minute);

test("each script that runs on hosts has a scenario here, and each scenario a script", () => {
    const without = hostScripts().filter((name) => scenarios[name] === undefined);
    const stale = Object.keys(scenarios).filter((name) => !hostScripts().includes(name));
    expect({
        "add what it is run with to test/faults/hostScripts (CONTRIBUTING.md: A new host script)": without,
        "remove from test/faults/hostScripts/index.ts": stale,
    }).toEqual(expect.objectContaining({}));
    expect([...without, ...stale]).toEqual([]);
});

test.each(all)("$script: $scenario.does: killed, out of space and without Docker, the next run ends as ever", async ({
    scenario,
}) => {
    const report = await reports.get(scenario);
    expect(report?.failures.join("\n")).toBe("");
    expect(report?.kills).toBeGreaterThan(0);
});
