import * as fs from "node:fs";
import * as path from "node:path";
import { shellQuote } from "../shellQuote";

/** Comments and indentation stay here. */
const RUNNER = fs
    .readFileSync(path.join(__dirname, "printable.sh"), "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .join("\n");
const BEFORE = `bash --norc -c 'eval "$2"' berth `;

/**
 * Returns the command line that runs another one, with its stdin and its exit code, and prints what it prints as UTF-8
 * without control characters besides tab and newline: invalid bytes become U+FFFD, a carriage return ends a line, and a
 * line of more than 8,000 characters is cut with a note that says how many.
 *
 * @param command a command line for a POSIX shell
 */
export function printableCommand(command: string): string {
    // The command comes before the script: the beginning is what an error repeats.
    return `${BEFORE}${[command, RUNNER].map(shellQuote).join(" ")}`;
}

/** Returns the command line within one of `printableCommand`, of an older release too; another one as it is. */
export function commandWithin(line: string): string {
    if (!line.startsWith(BEFORE)) return line;
    const [word = ""] = /^('(?:[^']|'\\'')*'|[^' ]+)(?= )/.exec(line.slice(BEFORE.length)) ?? [];
    return word.startsWith("'") ? word.slice(1, -1).replaceAll(`'\\''`, "'") : word;
}
