import * as fs from "node:fs";
import * as path from "node:path";
import { FAULTS, type Fault } from "../../test/faults/table";
import { root } from "./paths";
import { type TestReport, type TestResult, keptReports } from "./testReport";

/** What Berth promises, and the fault table with its last results. The table is written by `npm run reliability`. */
export const reliabilityDocsFile = path.join(root, "docs/reliability.md");

const TABLE = /<!-- fault table -->\n[^]*?<!-- end -->/;
const NOT_RUN = ["not run", "", ""];

/**
 * Renders the fault table into the document.
 *
 * @param text the document; a row whose test is in no report keeps the result that it has there
 * @param reports the outcome of each part of the tests
 */
export function reliabilityDocs(text: string, reports: TestReport[]): string {
    const [before] = TABLE.exec(text) ?? [];
    if (before === undefined) throw new Error("the document has lost its <!-- fault table --> … <!-- end -->");
    const earlier = new Map(rowsOf(before).map(([breaks = "", , ...results]) => [breaks, results]));
    const rows = (faults: Fault[]) =>
        faults.map((fault) => [
            fault.breaks,
            fault.promise,
            ...(lastResult(fault, reports) ?? earlier.get(fault.breaks) ?? NOT_RUN),
        ]);
    const passed = FAULTS.flatMap(({ faults }) => rows(faults)).filter(([, , result]) => result === "passed").length;
    const all = FAULTS.flatMap(({ faults }) => faults).length;
    const parts = FAULTS.flatMap(({ title, faults }) => {
        const lines = [HEAD, HEAD.map(() => "---"), ...rows(faults)].map((cells) => `| ${cells.join(" | ")} |`);
        return [`### ${title}`, lines.join("\n")];
    });
    // As a function: a `$` in a row means nothing.
    return text.replace(TABLE, () =>
        ["<!-- fault table -->", `${passed} of ${all} passed.`, ...parts, "<!-- end -->"].join("\n\n"),
    );
}

const HEAD = ["what breaks", "what Berth does", "result", "seconds", "last run"];

/** The rows of the tables in a text: what breaks, what Berth does, result, seconds, last run. */
export function rowsOf(text: string): string[][] {
    const rows = text.split("\n").filter((line) => /^\| .* \|$/.test(line));
    const cells = rows.map((row) =>
        row
            .slice(1, -1)
            .split("|")
            .map((cell) => cell.trim()),
    );
    return cells.filter(([first = ""]) => first !== HEAD[0] && !/^-+$/.test(first));
}

/** Result, seconds and run of a row; undefined where its test has not run. Of several tests of one title the worst counts. */
function lastResult({ test: title }: Fault, reports: TestReport[]): string[] | undefined {
    const of = (report: TestReport) => report.tests.filter((test) => test.title === title && test.result !== "not run");
    const [report] = reports.filter((each) => of(each).length > 0);
    if (!report) return undefined;
    const tests: TestResult[] = of(report);
    const result = tests.some((test) => test.result === "failed") ? "**failed**" : "passed";
    const seconds = tests.reduce((sum, test) => sum + test.seconds, 0).toFixed(0);
    return [result, seconds, [report.time.slice(0, 10), report.commit].filter(Boolean).join(", ")];
}

if (require.main === module) {
    const text = fs.readFileSync(reliabilityDocsFile, "utf8");
    fs.writeFileSync(reliabilityDocsFile, reliabilityDocs(text, keptReports()));
}
