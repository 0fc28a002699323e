import { tidyEnvironment, variable } from "../../components/environment";
import { faultLine } from "../../components/faultLine";
import { LockError } from "./lock";
import { root } from "./paths";
import { printable, shortLines } from "./printable";

/** A mistake whose message says what to do: shown without a stack trace. */
export class UserError extends Error {}

/**
 * Prints a line for the person who waits. stdout stays free for what the command itself prints. Errors hold what hosts and
 * programs said: it is made printable here, and long lines are cut.
 */
export function say(text: string): void {
    process.stderr.write(`berth: ${shortLines(printable(text))}\n`);
}

/** Prints what a command of ours is run for, in a form that a terminal may show: names and reasons may come from hosts. */
export function print(text: string): void {
    process.stdout.write(printable(text));
}

/** Runs one step and prints a line with the time it took, when it took any. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await work();
    const seconds = (performance.now() - started) / 1000;
    if (seconds >= 0.5) say(`${name.padEnd(44)} ${seconds.toFixed(1).padStart(6)}s`);
    return result;
}

/**
 * Runs a command of ours to its end and turns an error into one clear line and an exit code. A fault in Berth is one line,
 * too; BERTH_STACK_TRACES=1 shows where it came from.
 */
export function main(work: () => Promise<number>): void {
    tidyEnvironment();
    for (const event of ["uncaughtException", "unhandledRejection"]) {
        process.on(event, (error: unknown) => {
            fail(error);
            process.exit(); // nobody waits for what has failed: the command would hang
        });
    }
    work().then((code) => (process.exitCode = code), fail);
}

function fail(error: unknown): void {
    process.exitCode = 1;
    // An error of the program for the person has its message in its stack's place.
    const isForPerson = error instanceof UserError || error instanceof LockError;
    if (isForPerson || (error instanceof Error && error.stack === error.message)) return say(error.message);
    say(faultLine(error, root));
    if (variable("BERTH_STACK_TRACES") !== undefined && error instanceof Error) say(String(error.stack));
}
