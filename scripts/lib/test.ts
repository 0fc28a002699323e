import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { execute, run, succeeds } from "./commands";
import { canInstallPackages, installPackage } from "./debian";
import { findGo } from "./go";
import { script, stopLab } from "./hostImage";
import { ensureEngine, stopEngine } from "./localDocker";
import { root } from "./paths";
import { UserError, main, say, step } from "./progress";
import { type JestReport, keepReport } from "./testReport";
import { resolveToolchain } from "./toolchain";

/** The parts, in the order in which they run: the quick ones tell first. */
const PARTS = ["lint", "unit", "scripts", "plugins", "e2e", "upkeep", "faults"] as const;
type Part = (typeof PARTS)[number];
/** What runs where nothing is said: all but the long suites. */
const DEFAULT_PARTS: Part[] = ["lint", "unit", "scripts", "plugins", "e2e"];
const JEST_PARTS: Part[] = ["unit", "scripts", "e2e", "upkeep", "faults"];
/** How many test files run at once: those of hosts mostly wait. Default: one */
const WORKERS: Partial<Record<Part, string[]>> = {
    unit: ["--maxWorkers=2"],
    e2e: ["--maxWorkers=2", "--testSequencer=./test/longestFirst.js"],
    // Within a file, rows of the fault table that mostly wait run at once.
    faults: ["--maxWorkers=2", "--maxConcurrency=3", "--testSequencer=./test/longestFirst.js"],
};
/**
 * Where files run side by side, none may stop the lab under the other: `1` keeps the servers of packages and images,
 * `all` the EC2 endpoint too, whose memory is its process.
 */
const LAB_STAYS: Partial<Record<Part, string>> = { e2e: "1", faults: "all" };
/** Parts that run hosts. */
const ENGINE_PARTS: Part[] = ["scripts", "e2e", "upkeep", "faults"];

main(async () => {
    const asked = process.argv.slice(2);
    const unknown = asked.filter((name) => name !== "all" && !PARTS.includes(name as Part));
    if (unknown.length > 0)
        throw new UserError(`no such part: ${unknown.join(", ")}; there are: ${PARTS.join(", ")}, all`);
    const wanted = asked.length === 0 ? DEFAULT_PARTS : asked;
    const parts = PARTS.filter((part) => wanted.includes("all") || wanted.includes(part));

    const total = { passed: 0, failed: 0 };
    const count = (passed: number, failed: number) => {
        total.passed += passed;
        total.failed += failed;
    };
    const needsEngine = parts.some((part) => ENGINE_PARTS.includes(part));
    const dockerHost = needsEngine ? await ensureEngine() : undefined;
    try {
        for (const part of parts) {
            say(`tests: ${part}`);
            if (part === "lint") await lint(count);
            else if (part === "plugins") await plugins(count);
            else if (JEST_PARTS.includes(part)) await jest(part, dockerHost, count);
        }
    } finally {
        if (dockerHost) await stopEngine(dockerHost, false);
    }
    process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
    return total.failed === 0 ? 0 : 1;
});

type Count = (passed: number, failed: number) => void;

/** One check that passes or fails as a whole, its output shown. */
async function check(name: string, count: Count, command: string, args: string[]): Promise<void> {
    const { exitCode } = await step(name, () => execute(command, args, { cwd: root, stdio: "inherit" }));
    count(exitCode === 0 ? 1 : 0, exitCode === 0 ? 0 : 1);
    if (exitCode !== 0) say(`FAILED: ${name}`);
}

async function lint(count: Count): Promise<void> {
    const bin = (name: string) => path.join(root, "node_modules/.bin", name);
    if (!(await succeeds("shellcheck", ["--version"]))) {
        if (!canInstallPackages()) throw new UserError("shellcheck is missing: install it");
        await installPackage("shellcheck");
    }
    const tracked = (await run("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root })).split(
        "\n",
    );
    const isShell = (file: string) =>
        fs.existsSync(path.join(root, file)) && /^#!.*\b(ba)?sh\b/.test(firstLine(path.join(root, file)));
    // The longest beside the others.
    const eslint = check("eslint", count, bin("eslint"), ["--max-warnings=0", "."]);
    await check("shellcheck", count, "shellcheck", ["-x", ...tracked.filter(isShell)]);
    await check("tsc", count, bin("tsc"), ["--noEmit", "--noCheck", "false"]);
    await check("prettier", count, bin("prettier"), ["--check", "--log-level=warn", "."]);
    await eslint;
}

const firstLine = (file: string) => fs.readFileSync(file, "utf8").split("\n", 1)[0] ?? "";

/** The stand-in plugins, where this computer uses them. */
async function plugins(count: Count): Promise<void> {
    if ((await resolveToolchain()).kind !== "built") return;
    const go = await findGo();
    const { exitCode } = await execute(
        go,
        ["test", "-timeout", "300s", "-tags=no_compose", "./command/...", "./aws/..."],
        {
            cwd: path.join(root, "lab/toolchain"),
            stdio: "inherit",
        },
    );
    count(exitCode === 0 ? 1 : 0, exitCode === 0 ? 0 : 1);
}

async function jest(part: Part, dockerHost: string | undefined, count: Count): Promise<void> {
    const report = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "berth-test-")), "report.json");
    const args = ["--selectProjects", part, "--json", `--outputFile=${report}`, ...(WORKERS[part] ?? ["--runInBand"])];
    const env = {
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
        ...(dockerHost && { DOCKER_HOST: dockerHost }),
        ...(LAB_STAYS[part] && { BERTH_LAB_STAYS: LAB_STAYS[part] }),
    };
    // --json prints the report on stdout too: what a person reads is on stderr.
    await execute(path.join(root, "node_modules/.bin/jest"), args, {
        cwd: root,
        env,
        stdio: ["ignore", "ignore", "inherit"],
    });
    if (dockerHost && LAB_STAYS[part]) await stopWholeLab(dockerHost);
    if (!fs.existsSync(report)) return count(0, 1);
    const result = JSON.parse(fs.readFileSync(report, "utf8")) as JestReport;
    fs.rmSync(path.dirname(report), { recursive: true });
    await keepReport(part, result);
    count(result.numPassedTests, result.numFailedTests + result.numRuntimeErrorTestSuites);
}

/** What still has instances, or is in use by a stack of the person's, stays. */
async function stopWholeLab(dockerHost: string): Promise<void> {
    await script("lab/ec2/stop.sh", [], { DOCKER_HOST: dockerHost });
    await stopLab(dockerHost);
}
