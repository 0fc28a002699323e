/** A command of a document, with what it prints there. */
export interface ConsoleStep {
    command: string;
    /** What is typed at the prompts of a shell that it opens. */
    typed: string[];
    /** Lines; `…` alone stands for any number of them, within a line for anything. */
    expected: string[];
    /** Whether Ctrl-C ends it: the document says `^C`. */
    interrupted: boolean;
}

/** What is typed after a prompt of a shell in a container. */
const PROMPT = /^root@[0-9a-f]{12}:\S*# (.*)$/;

/** The commands of a document's `console` blocks, in their order. */
export function consoleSteps(markdown: string): ConsoleStep[] {
    const blocks = [...markdown.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text = ""]) => text);
    return blocks.flatMap((text) =>
        text
            .split(/^\$ /m)
            .slice(1)
            .map((part) => {
                const [command = "", ...lines] = part.trimEnd().split("\n");
                const interrupted = lines.at(-1) === "^C";
                const expected = interrupted ? lines.slice(0, -1) : lines;
                return {
                    command,
                    typed: expected.flatMap((line) => PROMPT.exec(line)?.[1] ?? []),
                    expected,
                    interrupted,
                };
            }),
    );
}

/** How a line looks, whatever the ids, times, sizes and numbers in it. */
export function shapeOf(line: string): string {
    return line
        .replace(/\[[^\]]*\d{4}[^\]]*\]/g, "TIME")
        .replace(/(?:About an?|Less than an?|\d+) (?:second|minute|hour|day|week)s?(?: ago)?/g, "TIME")
        .replace(/\b\d+(?:\.\d+)?(?:B|kB|KB|MB|GB)\b/g, "SIZE")
        .replace(/\b[0-9a-f]{12,64}\b/g, "ID")
        .replace(/\d+/g, "N")
        .replace(/\s+/g, " ")
        .trim();
}

/**
 * Whether what a command printed has the shape that the document shows.
 *
 * @returns the first line of the document that is not there; undefined where all are
 */
export function mismatch(expected: string[], actual: string[]): string | undefined {
    const lines = actual.map(shapeOf).filter((line) => line !== "");
    let next = 0;
    let mayLeaveOut = false;
    for (const line of expected.map((text) => text.trim()).filter((text) => text !== "")) {
        if (line === "…") {
            mayLeaveOut = true;
            continue;
        }
        const pattern = new RegExp(`^${line.split("…").map(escaped).join(".*")}$`);
        const found = lines.findIndex((one, index) => index >= next && pattern.test(one));
        if (found < 0 || (found > next && !mayLeaveOut)) return line;
        next = found + 1;
        mayLeaveOut = false;
    }
    return mayLeaveOut || next === lines.length ? undefined : `nothing more; but there is: ${lines[next]}`;
}

/** A part of a line, as a regular expression for shapes. Its spaces count. */
const escaped = (text: string) =>
    shapeOf(`|${text}|`)
        .slice(1, -1)
        .replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
