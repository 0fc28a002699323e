import * as fs from "node:fs";
import * as path from "node:path";
import { execute } from "./commands";
import { own, root } from "./paths";

/** What one part of the tests gave when it last ran here. */
export interface TestReport {
    /** `faults`, `e2e` … */
    part: string;
    /** When it ended, ISO 8601. */
    time: string;
    /** The commit, short, with `+` where files were changed since; empty where this is no clone. */
    commit: string;
    tests: TestResult[];
}

export interface TestResult {
    /** Below the project's folder. */
    file: string;
    title: string;
    /** Not run: skipped, or its file could not be loaded. */
    result: "passed" | "failed" | "not run";
    seconds: number;
}

/** What `jest --json` writes, as far as it is used here. */
export interface JestReport {
    numPassedTests: number;
    numFailedTests: number;
    numRuntimeErrorTestSuites: number;
    testResults: {
        name: string;
        assertionResults: { title: string; status: string; duration?: number | null }[];
    }[];
}

const folder = path.join(own, "test-reports");

/** Keeps the outcome of a part, in place of the one before: `.berth/test-reports/PART.json`. */
export async function keepReport(part: string, jest: JestReport): Promise<void> {
    const tests = jest.testResults.flatMap(({ name, assertionResults }) =>
        assertionResults.map(({ title, status, duration }): TestResult => ({
            file: path.relative(root, name),
            title,
            result: status === "passed" || status === "failed" ? status : "not run",
            seconds: (duration ?? 0) / 1000,
        })),
    );
    const report: TestReport = { part, time: new Date().toISOString(), commit: await commit(), tests };
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, `${part}.json`), `${JSON.stringify(report, null, 2)}\n`);
}

/** The outcomes that were kept, one for each part that has run here. */
export function keptReports(): TestReport[] {
    if (!fs.existsSync(folder)) return [];
    const files = fs.readdirSync(folder).filter((file) => file.endsWith(".json"));
    return files.map((file) => JSON.parse(fs.readFileSync(path.join(folder, file), "utf8")) as TestReport);
}

async function commit(): Promise<string> {
    const head = await execute("git", ["rev-parse", "--short", "HEAD"], { cwd: root });
    if (head.exitCode !== 0) return "";
    const changes = await execute("git", ["status", "--porcelain"], { cwd: root });
    return `${head.stdout}${changes.stdout === "" ? "" : "+"}`;
}
