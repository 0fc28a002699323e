import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { killsWanted } from "../kills";

const scripts = path.resolve(__dirname, "../../../scripts");
const driver = ["host.py", "breaks.py"].map((name) => fs.readFileSync(path.join(__dirname, name), "utf8")).join("\n");

/** One way in which a host script is run, and what must hold whatever breaks it. */
export interface Scenario {
    /** What it does, for the test's name. */
    does: string;
    /** How the script gets to the shell: `bash -s` reads it from stdin, `bash -c` is given it and may read `input`. */
    form: "stdin" | "argument";
    args: string[];
    /** Default: nothing */
    input?: string;
    /** The same where it is no text. */
    inputBase64?: string;
    /** Bash that makes the host as it is before: files below /world, what the fakes know below /engine. */
    setUp: string;
    /** Bash that brings, before each run of the script, what the program brings. */
    before?: string;
    /** Commands that are not the container's own, as the body of a sh script: `docker` in particular. */
    fakes?: Record<string, string>;
    /** Folders such as /etc/ssh that are to lie in /world, under the same path. */
    links?: string[];
    env?: Record<string, string>;
    /** Constants of the script that are shorter here, such as `POLL_SECONDS=1`. */
    constants?: string[];
    /** What it prints where nothing disturbs it. Default: anything */
    says?: RegExp;
    /** What differs from run to run, as a regular expression of Python's, and what stands for it. */
    same?: [RegExp, string][];
    /** Paths that are not compared. */
    ignored?: RegExp[];
    /** Bash that fails, and says why, where something is lost; asked after each run, a broken one too. */
    intact?: string;
    /** Bash for what the host does later by itself, before the end state is looked at. */
    settle?: string;
    /** The exit code of a run that nothing disturbs. Default: 0 */
    code?: number;
    /** It may succeed with another end state where Docker does not answer: the reason. Default: it must not */
    withoutDocker?: string;
    /** How many commands are killed after, evenly spread, where the script runs more. Default: 16 */
    mostKills?: number;
}

/** What the driver in the container found. */
export interface Report {
    commands: number;
    kills: number;
    fills: number;
    silences: number;
    failures: string[];
}

/**
 * Runs a script's scenario in a container of its own, broken in every way.
 *
 * @param image has bash, coreutils and python3
 * @throws Error where the scenario itself does not run
 */
export function breakScript(image: string, script: string, scenario: Scenario): Promise<Report> {
    const { same = [], ignored = [], mostKills = 16, constants = [], says, ...rest } = scenario;
    const text = constants.reduce(
        (all, constant) => {
            const pattern = new RegExp(`\\b${constant.split("=")[0]}=[0-9.]+`);
            if (!pattern.test(all)) throw new Error(`${script} has no constant ${constant}`);
            return all.replace(pattern, constant);
        },
        fs.readFileSync(path.join(scripts, script), "utf8"),
    );
    const kills = killsWanted();
    const given = {
        ...rest,
        input: scenario.input, // it may be a getter
        inputBase64: scenario.inputBase64,
        script: text,
        ...(says && { says: `${says.multiline ? "(?m)" : ""}${says.source}` }),
        // BERTH_KILLS=1000 kills after each of them, and silences Docker after each of its calls, which takes long.
        mostKills: kills ?? mostKills,
        ...(kills !== undefined && { mostSilences: [kills, kills] }),
        same: same.map(([pattern, instead]) => [pattern.source, instead]),
        ignored: ignored.map((pattern) => pattern.source),
    };
    const disks = ["/world:size=24m,mode=755,exec", "/engine:size=24m,mode=755,exec", "/harness:mode=755,exec"];
    const words = ["run", "--rm", "-i", "--label", "berth.lab=1", "--network", "none", "--entrypoint", "python3"];
    const child = spawn("docker", [
        ...words,
        ...[...disks, "/snapshot:mode=755"].flatMap((disk) => ["--tmpfs", disk]),
        ...[image, "-c", driver],
    ]);
    const out: Buffer[] = [];
    const said: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
    child.stdin.on("error", () => undefined); // it says on stderr why it has ended
    child.stdin.end(JSON.stringify(given));
    return new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => {
            if (code === 0) resolve(JSON.parse(Buffer.concat(out).toString()) as Report);
            else reject(new Error(`${script}, ${scenario.does}: ${Buffer.concat(said).toString().trim()}`));
        });
    });
}

/** The names of the scripts that run on hosts: all that a folder listing shows, so that a new one is in it by itself. */
export const hostScripts = (): string[] =>
    fs
        .readdirSync(scripts)
        .filter((name) => name.endsWith(".sh"))
        .sort();
