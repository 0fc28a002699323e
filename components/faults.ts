import * as pulumi from "@pulumi/pulumi";
import { variable } from "./environment";
import { faultLine } from "./faultLine";
import { userError } from "./userError";

/** With this variable the whole stack of a fault is shown: it takes a minute, since every file of the SDK is mapped. */
const STACK_TRACES = "BERTH_STACK_TRACES";

/** One exception ends many promises, and Pulumi shows each error object once. */
const lines = new WeakMap<object, pulumi.RunError>();

/**
 * Has every exception that nobody catches end in one line for the person from now on: those of what is loaded, and of what
 * runs later, such as functions given to `apply`.
 *
 * @param root the project's folder
 */
export function hideStacks(root: string): void {
    if (variable(STACK_TRACES) !== undefined) return;
    // Pulumi's own handlers stand there already: they get the line in the exception's place.
    for (const event of ["uncaughtException", "unhandledRejection"]) {
        const handlers = process.listeners(event as "uncaughtException");
        process.removeAllListeners(event);
        process.on(event, (error: unknown) => {
            for (const handle of handlers) handle(inOneLine(error, root), "uncaughtException");
        });
    }
}

/**
 * Has what a program throws end in one line for the person.
 *
 * @param root the project's folder
 * @returns the program, as Pulumi wants it
 */
export function withoutStacks<Outputs>(root: string, program: () => Promise<Outputs>): () => Promise<Outputs> {
    if (variable(STACK_TRACES) !== undefined) return program;
    return async () => {
        try {
            return await program();
        } catch (error) {
            throw inOneLine(error, root);
        }
    };
}

function inOneLine(error: unknown, root: string): Error {
    if (isForPeople(error)) return error;
    const isObject = typeof error === "object" && error !== null;
    const line = (isObject ? lines.get(error) : undefined) ?? userError(faultLine(error, root));
    if (isObject) lines.set(error, line);
    return line;
}

/** Errors whose text says all: ours, and those that Pulumi shows without a stack. */
const isForPeople = (error: unknown): error is Error =>
    pulumi.RunError.isInstance(error) || (pulumi.ResourceError.isInstance(error) && error.hideStack === true);
