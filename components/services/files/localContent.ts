import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { userError } from "../../userError";
import { archiveOf } from "./contentArchive";

/** Bytes of a file or folder that is brought to a host, at most: 256 MB. */
export const CONTENT_LIMIT = 256 * 1024 * 1024;

/** A file or folder of this computer as a host is to have it. */
export interface LocalContent {
    kind: "file" | "folder";
    /** Its own name, without the folders above. */
    name: string;
    /**
     * SHA-256 in hexadecimal digits over its name and its entries' names, kinds, modes, link targets and contents: what is the same content has the same hash on every computer. Times and owners do not count.
     */
    hash: string;
    /** Of all its files. */
    bytes: number;
    files: number;
    /**
     * Path of a tar archive of it, the same byte for byte on every computer. A folder's entries are relative to it; a
     * file's only entry is called `content`.
     *
     * @param folder where it is kept. Default: this person's cache
     */
    archive(folder?: string): Promise<string>;
}

export interface ContentOptions {
    /** Whether an entry is left out, by its path relative to the folder, with `/`. Default: none is */
    ignore?: (relative: string) => boolean;
    /** Whether a folder that is left out may hold entries that are not. Default: no */
    enterIgnored?: (relative: string) => boolean;
    /** Default: `CONTENT_LIMIT` */
    limitBytes?: number;
    /** What to do where it is too large, as the end of the error. Default: mount less, or use a volume */
    remedy?: string;
}

/** One entry of the archive. */
export type ContentEntry =
    /** `.` is the folder itself. */
    | { type: "folder"; name: string; mode: number }
    | { type: "link"; name: string; target: string }
    /** `source` is the path on this computer, or the content itself. */
    | { type: "file"; name: string; source: string | Buffer; mode: number; bytes: number; hash: string };

/**
 * Reads a file or folder that is to be brought to a host.
 *
 * @param source absolute path; a symbolic link stands for what it leads to, those inside of a folder stay links
 * @throws userError where it cannot be read, is too large, or holds what has no content: sockets, pipes and devices
 */
export function readLocalContent(source: string, options: ContentOptions = {}): LocalContent {
    return contentOf(path.basename(source), readEntries(source, options));
}

/** A folder's entries, itself first, in an order that is the same on every computer; or the one of a file, `content`. */
export function readEntries(source: string, options: ContentOptions = {}): ContentEntry[] {
    return new ContentReader(source, options).read();
}

/** A file that is not on this computer. */
export function textEntry(name: string, content: Buffer): ContentEntry {
    return { type: "file", name, source: content, mode: 0o644, bytes: content.length, hash: sha256(content) };
}

export function contentOf(name: string, entries: ContentEntry[]): LocalContent {
    const hash = sha256(JSON.stringify([name, ...entries.map(identity)]));
    const sizes = entries.flatMap((entry) => (entry.type === "file" ? [entry.bytes] : []));
    return {
        kind: entries[0]?.type === "file" ? "file" : "folder",
        name,
        hash,
        bytes: sizes.reduce((sum, size) => sum + size, 0),
        files: sizes.length,
        archive: (folder) => archiveOf(hash, entries, folder),
    };
}

/** What of an entry counts. */
function identity(entry: ContentEntry): unknown[] {
    switch (entry.type) {
        case "folder":
            return [entry.type, entry.name, entry.mode];
        case "link":
            return [entry.type, entry.name, entry.target];
        case "file":
            return [entry.type, entry.name, entry.mode, entry.hash];
    }
}

class ContentReader {
    private bytes = 0;
    private readonly limit: number;

    constructor(
        private readonly source: string,
        private readonly options: ContentOptions,
    ) {
        this.limit = options.limitBytes ?? CONTENT_LIMIT;
    }

    read(): ContentEntry[] {
        const stats = this.attempt(this.source, () => fs.statSync(this.source));
        if (stats.isFile()) return [this.file("content", this.source, stats)];
        if (!stats.isDirectory()) throw this.noContent(this.source, stats);
        return [{ type: "folder", name: ".", mode: plainMode(stats) }, ...this.folder("")];
    }

    private folder(relative: string): ContentEntry[] {
        const folder = path.join(this.source, relative);
        const names = this.attempt(folder, () => fs.readdirSync(folder)).sort(byBytes);
        return names.flatMap((name) => this.entry(relative === "" ? name : `${relative}/${name}`));
    }

    private entry(relative: string): ContentEntry[] {
        const source = path.join(this.source, relative);
        const ignored = this.options.ignore?.(relative) ?? false;
        if (ignored && !(this.options.enterIgnored?.(relative) ?? false)) return [];
        const stats = this.attempt(source, () => fs.lstatSync(source));
        if (stats.isDirectory()) {
            const inside = this.folder(relative);
            return ignored && inside.length === 0
                ? []
                : [{ type: "folder", name: relative, mode: plainMode(stats) }, ...inside];
        }
        if (ignored) return [];
        if (stats.isSymbolicLink()) {
            return [{ type: "link", name: relative, target: this.attempt(source, () => fs.readlinkSync(source)) }];
        }
        if (stats.isFile()) return [this.file(relative, source, stats)];
        throw this.noContent(source, stats);
    }

    private file(name: string, source: string, stats: fs.Stats): ContentEntry {
        this.bytes += stats.size;
        if (this.bytes > this.limit) throw this.tooLarge();
        const content = this.attempt(source, () => fs.readFileSync(source));
        return { type: "file", name, source, mode: plainMode(stats), bytes: content.length, hash: sha256(content) };
    }

    private attempt<T>(source: string, read: () => T): T {
        try {
            return read();
        } catch (error) {
            const { code } = error as NodeJS.ErrnoException;
            throw userError(`${source} cannot be read: ${REASONS[code ?? ""] ?? String(error)}`);
        }
    }

    private noContent(source: string, stats: fs.Stats): Error {
        const kind = stats.isSocket() ? "a socket" : stats.isFIFO() ? "a named pipe" : "a device";
        return userError(
            `${source} is ${kind}, which has no content to bring to a host: take it out of ${this.source}`,
        );
    }

    private tooLarge(): Error {
        const megabytes = this.limit / 1024 / 1024;
        const limit = megabytes >= 1 ? `${Math.floor(megabytes)} MB` : `${this.limit} bytes`;
        const remedy = this.options.remedy ?? "mount a smaller folder of it, or keep the data in a named volume";
        return userError(`${this.source} is larger than the ${limit} that are brought to a host: ${remedy}`);
    }
}

const REASONS: Record<string, string> = {
    ENOENT: "there is no such file or folder",
    EACCES: "permission denied; make it readable for yourself, or leave it out",
    ELOOP: "its symbolic links lead in a circle",
};

/** 0644, 0755 where it can be run or entered, and for its owner only where here nobody else may read it. */
function plainMode(stats: fs.Stats): number {
    const mode = stats.isDirectory() || (stats.mode & 0o111) !== 0 ? 0o755 : 0o644;
    return (stats.mode & 0o077) === 0 ? mode & 0o700 : mode;
}

const sha256 = (content: string | Buffer) => createHash("sha256").update(content).digest("hex");

/** By UTF-8 bytes, as no language would sort. */
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
