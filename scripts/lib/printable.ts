import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/**
 * Returns what a host, or a program that talks to one, printed in a form that a terminal may show: no escape sequences,
 * and no control characters besides tab and newline.
 */
export function printable(text: string): string {
    return text

        .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])/g, "")
        .replace(/\r+\n?/g, "\n")

        .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** Characters of a line that a person is shown. */
const LONGEST_LINE = 8000;

/** Cuts each line that nobody would read to its end, with a note of how much that was. */
export function shortLines(text: string): string {
    return text
        .split("\n")
        .map((line) => {
            const cut = line.length - LONGEST_LINE;
            return cut > 0 ? `${line.slice(0, LONGEST_LINE)} ... [${cut} characters cut]` : line;
        })
        .join("\n");
}

/** Shows the person each line of a stream as it comes, printable and cut: what a host says while it works. */
export function relay(stream: Readable): void {
    const lines = createInterface({ input: stream });
    lines.on("line", (line) => process.stderr.write(`${shortLines(printable(line))}\n`));
}
