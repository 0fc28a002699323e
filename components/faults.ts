import * as pulumi from "@pulumi/pulumi";
import { variable } from "./environment";
import { faultLine } from "./faultLine";
import { userError } from "./userError";

/** With this variable the whole stack of a fault is shown: it takes a minute, since every file of the SDK is mapped. */
const STACK_TRACES = "BERTH_STACK_TRACES";

/**
 * Has every exception of the program end in one line for the person: those of `program` itself, and those of what runs
 * later, such as functions given to `apply`.
 *
 * @param root the project's folder
 * @returns the program, as Pulumi wants it
 */
export function withoutStacks<Outputs>(root: string, program: () => Promise<Outputs>): () => Promise<Outputs> {
    if (variable(STACK_TRACES) !== undefined) return program;
    const lines = new WeakMap<object, pulumi.RunError>();
    // One exception ends many promises, and Pulumi shows each error object once.
    const inOneLine = (error: unknown) => {
        if (isForPeople(error)) return error;
        const known = typeof error === "object" && error !== null ? lines.get(error) : undefined;
        const line = known ?? userError(faultLine(error, root));
        if (typeof error === "object" && error !== null) lines.set(error, line);
        return line;
    };
    // Pulumi's own handlers stand there already: they get the line in the exception's place.
    for (const event of ["uncaughtException", "unhandledRejection"]) {
        const handlers = process.listeners(event as "uncaughtException");
        process.removeAllListeners(event);
        process.on(event, (error: unknown) => {
            for (const handle of handlers) handle(inOneLine(error), "uncaughtException");
        });
    }
    return async () => {
        try {
            return await program();
        } catch (error) {
            throw inOneLine(error);
        }
    };
}

/** Errors whose text says all: ours, and those that Pulumi shows without a stack. */
const isForPeople = (error: unknown) =>
    pulumi.RunError.isInstance(error) || (pulumi.ResourceError.isInstance(error) && error.hideStack === true);
