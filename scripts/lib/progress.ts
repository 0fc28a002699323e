/** A mistake whose message says what to do: shown without a stack trace. */
export class UserError extends Error {}

/** Prints a line for the person who waits. stdout stays free for what the command itself prints. */
export function say(text: string): void {
    process.stderr.write(`berth: ${text}\n`);
}

/** Runs one step and prints a line with the time it took, when it took any. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await work();
    const seconds = (performance.now() - started) / 1000;
    if (seconds >= 0.5) say(`${name.padEnd(44)} ${seconds.toFixed(1).padStart(6)}s`);
    return result;
}

/** Runs a command of ours to its end and turns an error into one clear line and an exit code. */
export function main(work: () => Promise<number>): void {
    work().then(
        (code) => (process.exitCode = code),
        (error: unknown) => {
            say(error instanceof UserError ? error.message : String(error instanceof Error ? error.stack : error));
            process.exitCode = 1;
        },
    );
}
