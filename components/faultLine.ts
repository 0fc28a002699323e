import * as path from "node:path";

/** Where a person reads what to do about it. */
const REPORT = "docs/operations.md#a-fault-in-berth";
/** Characters of an exception's own text that are shown. */
const LONGEST = 500;

/**
 * Says in one line that an exception is a fault in Berth: its text, where in our own source it was thrown, and where to
 * report it. What the system refused (no space, no permission) is said without blaming Berth.
 *
 * @param error whatever was thrown
 * @param root the project's folder
 */
export function faultLine(error: unknown, root: string): string {
    const text = textOf(error).replace(/\s+/g, " ").trim().slice(0, LONGEST);
    const place = error instanceof Error ? ownPlace(error, root) : undefined;
    const where = place === undefined ? "" : ` (${place})`;
    if (isOfTheSystem(error)) return `the system refused: ${text}${where}`;
    return `this is a fault in Berth: ${text}${where}. Please report this line: ${REPORT}`;
}

function textOf(error: unknown): string {
    try {
        return String(error); // of an Error: its name and message
    } catch {
        return "something that has no text was thrown";
    }
}

const isOfTheSystem = (error: unknown) => error instanceof Error && "syscall" in error && "code" in error;

/** How V8 makes a stack into text, where somebody has said so. */
interface StackFormat {
    prepareStackTrace?: (error: Error, frames: NodeJS.CallSite[]) => unknown;
}

/**
 * Returns the first place of our own source on an exception's stack: `components/host/hosts.ts:42`.
 *
 * A stack is made into text when it is first asked for. The program's is mapped back to TypeScript then, which reads the
 * source map of every file on it, the SDK's 60 MB too: so it is asked for with our own first frame alone.
 */
function ownPlace(error: Error, root: string): string | undefined {
    const isOwn = (file: string) => file.includes(`${root}${path.sep}`) && !file.includes("node_modules");
    const engine: StackFormat = Error;
    const format = engine.prepareStackTrace;
    if (format) {
        engine.prepareStackTrace = (failure, frames) => {
            const own = frames.find((frame) => isOwn(frame.getFileName() ?? ""));
            return own ? format(failure, [own]) : "";
        };
    }
    try {
        const line = String(error.stack).split("\n").find(isOwn) ?? "";
        const [, file, number] = /^(.+?):(\d+)/.exec(line.split(`${root}${path.sep}`)[1] ?? "") ?? [];
        return file === undefined ? undefined : `${file}:${number}`;
    } finally {
        engine.prepareStackTrace = format;
    }
}
