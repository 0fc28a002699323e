import * as fs from "node:fs";
import { start } from "./project";

/**
 * Runs one of our scripts and kills it, with all that it has started, as soon as a moment has come.
 *
 * @param moment a word of its output, or a file together with what its text must be then
 * @returns what it had printed
 * @throws where it has ended before
 */
export async function killedAt(
    script: string,
    args: string[],
    moment: RegExp | { file: string; becomes: (text: string) => boolean },
): Promise<string> {
    const { child, result, output } = start(script, args);
    child.stdin.end();
    await new Promise<void>((resolve) => {
        const look = () => {
            if (moment instanceof RegExp ? moment.test(output()) : moment.becomes(textOf(moment.file))) resolve();
        };
        child.on("close", () => resolve());
        if (moment instanceof RegExp) for (const stream of [child.stdout, child.stderr]) stream.on("data", look);
        else {
            const timer = setInterval(look, 5); // fs.watch does not see what another process renames into its place
            child.on("close", () => clearInterval(timer));
        }
    });
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), "SIGKILL");
    const { code, all } = await result;
    if (code !== 137) throw new Error(`it ended with ${code} before it could be killed:\n${all.slice(-3000)}`);
    return all;
}

const textOf = (file: string) => (fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "");
