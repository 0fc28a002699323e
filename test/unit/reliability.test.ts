import * as fs from "node:fs";
import * as path from "node:path";
import { reliabilityDocs, reliabilityDocsFile, rowsOf } from "../../scripts/lib/reliabilityDocs";
import type { TestReport, TestResult } from "../../scripts/lib/testReport";
import { FAULTS } from "../faults/table";

const faults = FAULTS.flatMap((group) => group.faults);

/** Where tests on real hosts are. */
const SUITES = ["faults", "e2e", "upkeep"].map((suite) => path.join(__dirname, "..", suite));

const sources = SUITES.flatMap((suite) =>
    fs
        .readdirSync(suite, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".ts") && file !== "table.ts")
        .map((file) => fs.readFileSync(path.join(suite, file), "utf8")),
);

/** `test("title", …`, also as one of several that run at once. */
const hasTest = (title: string) => {
    const literal = JSON.stringify(title).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return sources.some((source) => new RegExp(`\\btest(\\.concurrent)?\\(\\s*${literal},`).test(source));
};

const report = (tests: Partial<TestResult>[]): TestReport => ({
    part: "faults",
    time: "2026-01-02T03:04:05.678Z",
    commit: "abc1234",
    tests: tests.map((test) => ({ file: "x", title: "", result: "passed", seconds: 1, ...test })),
});
const [first, second] = faults;

describe("the fault table", () => {
    it.each(faults)("$id has a test on a real host", ({ test }) =>
        expect({ test, is: hasTest(test) }).toEqual({ test, is: true }),
    );

    it("names each fault once", () => {
        for (const key of ["id", "breaks"] as const) {
            const values = faults.map((fault) => fault[key]);
            expect(values).toEqual([...new Set(values)]);
        }
    });

    it("is the document's: npm run reliability", () => {
        const rows = rowsOf(fs.readFileSync(reliabilityDocsFile, "utf8"));
        expect(rows.map((row) => row.slice(0, 2))).toEqual(faults.map(({ breaks, promise }) => [breaks, promise]));
    });
});

describe("the document's results", () => {
    const empty = "before\n<!-- fault table -->\n<!-- end -->\nafter\n";
    const row = (text: string, breaks = first!.breaks) => rowsOf(text).find(([cell]) => cell === breaks);

    it("are those of the last run, with its date and commit", () => {
        const text = reliabilityDocs(empty, [report([{ title: first!.test, seconds: 12.4 }])]);
        expect(row(text)).toEqual([first!.breaks, first!.promise, "passed", "12", "2026-01-02, abc1234"]);
        expect(row(text, second!.breaks)).toEqual([second!.breaks, second!.promise, "not run", "", ""]);
        expect(text).toContain(`\n1 of ${faults.length} passed.\n`);
        expect(text).toMatch(/^before\n[^]*\nafter\n$/);
    });

    it("stay where a newer run did not have the test, and go where it had", () => {
        const once = reliabilityDocs(empty, [report([{ title: first!.test }])]);
        expect(reliabilityDocs(once, [report([{ title: first!.test, result: "not run" }])])).toBe(once);
        const twice = reliabilityDocs(once, [report([{ title: first!.test, result: "failed" }])]);
        expect(row(twice)).toContain("**failed**");
    });

    it("show a failure, also where another test of that title passed", () => {
        const text = reliabilityDocs(empty, [
            report([{ title: first!.test, result: "failed" }, { title: first!.test }]),
        ]);
        expect(row(text)).toContain("**failed**");
        expect(text).toContain(`\n0 of ${faults.length} passed.\n`);
    });

    it("need the document's markers", () => {
        expect(() => reliabilityDocs("no table", [])).toThrow(/has lost its/);
    });
});
