import * as fs from "node:fs";
import * as path from "node:path";

/**
 * Writes a file that only its owner reads, so that it is there in full or not at all, after a power cut too.
 *
 * @throws the system's error, with the file as it was: on a full disk `ENOSPC`
 */
export function writeDurably(file: string, text: string): void {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const draft = `${file}.new`;
    try {
        fs.writeFileSync(draft, text, { mode: 0o600, flush: true });
        fs.renameSync(draft, file);
    } catch (error) {
        fs.rmSync(draft, { force: true });
        throw error;
    }
    const folder = fs.openSync(path.dirname(file), "r");
    try {
        fs.fsyncSync(folder);
    } finally {
        fs.closeSync(folder);
    }
}
