import * as pulumi from "@pulumi/pulumi";

/**
 * An error for the person, whose message says all: no stack trace. Pulumi formats the stack of every error that ends
 * the program, and mapping it back to TypeScript takes seconds: a text in its place spares that.
 */
export function userError(message: string): pulumi.RunError {
    const error = new pulumi.RunError(message);
    error.stack = message;
    return error;
}
