import { type StdioOptions, spawn } from "node:child_process";
import * as dns from "node:dns/promises";
import { environment } from "../../components/environment";
import { UserError } from "./progress";

/** Lines of a failed command's output that are shown. */
const LAST_LINES = 20;

export interface CommandOptions {
    cwd?: string;
    /** On top of this process's environment; undefined takes a variable out of it. */
    env?: Record<string, string | undefined>;
    /** Given on stdin. Default: nothing */
    input?: string;
    /** Default: stdin empty, stdout and stderr collected */
    stdio?: StdioOptions;
    /** Milliseconds until it is ended. Default: none */
    timeout?: number;
}

export interface CommandResult {
    /** Undefined when it was ended by a signal or could not be started. */
    exitCode?: number;
    signal?: NodeJS.Signals;
    /** Why it could not be started. */
    error?: Error;
    stdout: string;
    /** stdout and stderr in the order in which they came. */
    all: string;
}

/** Runs a command to its end, whatever that is. */
export function execute(command: string, args: string[], options: CommandOptions = {}): Promise<CommandResult> {
    const { cwd, env, input, timeout } = options;
    const stdio = options.stdio ?? [input === undefined ? "ignore" : "pipe", "pipe", "pipe"];
    return new Promise((resolve) => {
        const child = spawn(command, args, { cwd, env: { ...environment(), ...env }, stdio });
        // Not spawn's own timeout: its timer outlives a command that could not be started.
        const timer = timeout === undefined ? undefined : setTimeout(() => child.kill(), timeout);
        const output = { stdout: [] as Buffer[], all: [] as Buffer[] };
        child.stdout?.on("data", (chunk: Buffer) => {
            output.stdout.push(chunk);
            output.all.push(chunk);
        });
        child.stderr?.on("data", (chunk: Buffer) => output.all.push(chunk));
        const text = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8").trimEnd();
        const end = (how: Omit<CommandResult, "stdout" | "all">) => {
            clearTimeout(timer);
            resolve({ ...how, stdout: text(output.stdout), all: text(output.all) });
        };
        child.on("error", (error) => end({ error }));
        child.on("close", (code, signal) => end({ exitCode: code ?? undefined, signal: signal ?? undefined }));
        child.stdin?.on("error", () => undefined); // it ended before it read all: its exit code tells
        child.stdin?.end(input);
    });
}

/**
 * Runs a command and gives its stdout.
 *
 * @throws UserError with the end of its output when it fails
 */
export async function run(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
    const result = await execute(command, args, options);
    if (result.exitCode === 0) return result.stdout;
    const reason =
        result.error?.message ?? (result.signal ? `ended by ${result.signal}` : `exit code ${result.exitCode}`);
    const output = result.all.split("\n").slice(-LAST_LINES).join("\n");
    throw new UserError(`${command} ${args.slice(0, 2).join(" ")} failed: ${reason}\n${output}`);
}

/** Whether a command exists and ends with 0 within 30 seconds. */
export async function succeeds(command: string, args: string[], options: CommandOptions = {}): Promise<boolean> {
    return (await execute(command, args, { timeout: 30_000, ...options })).exitCode === 0;
}

/** Whether a name has an address, as far as this computer knows. */
export async function resolves(name: string): Promise<boolean> {
    return dns.lookup(name).then(
        () => true,
        () => false, // for whatever reason
    );
}

/** Whether a host of the internet answers at all, within 3 seconds. */
export async function answers(url: string): Promise<boolean> {
    return fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(3000) }).then(
        () => true,
        () => false,
    );
}
