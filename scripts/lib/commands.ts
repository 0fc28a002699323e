import { type Options, execa } from "execa";
import { UserError } from "./progress";

/** Lines of a failed command's output that are shown. */
const LAST_LINES = 20;

/**
 * Runs a command to its end and gives its stdout.
 *
 * @throws UserError with the end of its output when it fails
 */
export async function run(command: string, args: string[], options: Options = {}): Promise<string> {
    const result = await execa(command, args, { stdin: "ignore", ...options, reject: false, all: true });
    if (!result.failed) return String(result.stdout ?? "");
    const reason = result.exitCode === undefined ? (result.shortMessage ?? "could not be started") : `exit code ${result.exitCode}`;
    const output = String(result.all ?? "").trimEnd().split("\n").slice(-LAST_LINES).join("\n");
    throw new UserError(`${command} ${args.slice(0, 2).join(" ")} failed: ${reason}\n${output}`);
}

/** Whether a command exists and ends with 0. */
export async function succeeds(command: string, args: string[], options: Options = {}): Promise<boolean> {
    const result = await execa(command, args, { stdin: "ignore", stdout: "ignore", stderr: "ignore", timeout: 30_000, ...options, reject: false });
    return !result.failed;
}

/** Whether a host of the internet answers at all, within 3 seconds. */
export async function answers(url: string): Promise<boolean> {
    return fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(3000) }).then(
        () => true,
        () => false,
    );
}
