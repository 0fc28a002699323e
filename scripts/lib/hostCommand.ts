import { type LeadingOptions, leadingOptions } from "./leadingOptions";
import { UserError, main } from "./progress";

/** Runs a command of ours that takes `-s STACK` and `-H HOST` before its own words, and answers `--help`. */
export function hostCommand(usage: string, work: (options: LeadingOptions) => Promise<number>): void {
    main(async () => {
        const options = leadingOptions(process.argv.slice(2));
        if (!options.help && !options.rest.includes("--help")) return work(options);
        process.stdout.write(usage);
        return 0;
    });
}

/** Runs a command of ours that takes `-s STACK`, and nothing else. */
export function stackCommand(usage: string, work: (stack: string) => Promise<number>): void {
    hostCommand(usage, ({ stack, host, rest }) => {
        if (rest.length > 0 || host !== undefined) throw notUnderstood(rest.join(" ") || "-H", usage);
        return work(stack);
    });
}

/** @param words what was typed */
export const notUnderstood = (words: string, usage: string) => new UserError(`${words}: not understood\n${usage}`);
