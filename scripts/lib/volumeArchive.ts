import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { UserError } from "./progress";

/**
 * Writes an archive and, beside it, its SHA-256. Both are there as a whole, or neither is: a disk that gets full leaves
 * nothing that looks like an archive.
 *
 * @param fill writes it; where it fails, nothing is left
 * @returns its size in bytes
 * @throws UserError where the file is there already
 */
export async function writeArchive(file: string, fill: (archive: Writable) => Promise<void>): Promise<number> {
    if (fs.existsSync(file)) throw new UserError(`${file} is there already: choose another name`);
    const [draft, sumDraft] = [`${file}.part`, `${file}.sha256.part`];
    const sum = createHash("sha256");
    try {
        const target = fs.createWriteStream(draft, { mode: 0o600, flush: true });
        const watched = passing((chunk) => sum.update(chunk));
        const written = pipeline(watched, target);
        // Both are awaited: one of them fails for the other's reason.
        const [filled, kept] = await Promise.allSettled([fill(watched), written]);
        if (kept.status === "rejected" && isOfDisk(kept.reason)) throw kept.reason;
        if (filled.status === "rejected") throw filled.reason;
        if (kept.status === "rejected") throw kept.reason;
        const text = `${sum.digest("hex")}  ${path.basename(file)}\n`;
        fs.writeFileSync(sumDraft, text, { mode: 0o600, flush: true });
        fs.renameSync(sumDraft, `${file}.sha256`);
        fs.renameSync(draft, file);
        return fs.statSync(file).size;
    } catch (error) {
        fs.rmSync(draft, { force: true });
        fs.rmSync(sumDraft, { force: true });
        throw isOfDisk(error) ? new UserError(`${file} cannot be written: ${error.message}`) : error;
    }
}

/** The connection to a host breaks with EPIPE, and never in one of a file's own calls. */
function isOfDisk(error: unknown): error is NodeJS.ErrnoException {
    const { syscall, code } = error as NodeJS.ErrnoException;
    return code !== "EPIPE" && ["write", "open", "fsync", "close"].includes(syscall ?? "");
}

/**
 * A broken archive is refused before anything is touched.
 *
 * @returns the bytes that it has unzipped
 * @throws UserError where it is not what was saved
 */
export async function checkArchive(file: string): Promise<number> {
    if (!fs.existsSync(file)) throw new UserError(`there is no ${file}`);
    if (!fs.existsSync(`${file}.sha256`)) {
        throw new UserError(`${file}.sha256 is missing. If you trust the archive: sha256sum FILE > FILE.sha256`);
    }
    const sum = createHash("sha256");
    await pipeline(
        fs.createReadStream(file),
        passing((chunk) => sum.update(chunk)),
        nowhere(),
    );
    const [wanted] = fs.readFileSync(`${file}.sha256`, "utf8").split(/\s/);
    if (sum.digest("hex") !== wanted) throw new UserError(`${file} is not what was saved: its checksum is another`);
    let bytes = 0;
    try {
        await pipeline(
            fs.createReadStream(file),
            createGunzip(),
            passing((chunk) => (bytes += chunk.length)),
            nowhere(),
        );
    } catch {
        throw new UserError(`${file} is not a whole gzipped archive: the volume is as it was`);
    }
    return bytes;
}

const nowhere = () => new Writable({ write: (_chunk, _encoding, done) => done() });

function passing(see: (chunk: Buffer) => void): Transform {
    return new Transform({
        transform(chunk: Buffer, _encoding, done) {
            see(chunk);
            done(undefined, chunk);
        },
    });
}
