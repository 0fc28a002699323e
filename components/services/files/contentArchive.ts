import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { pipeline } from "node:stream/promises";
import * as tar from "tar-stream";
import { homeFolder } from "../../environment";
import { userError } from "../../userError";
import type { ContentEntry } from "./localContent";

/** Days after which an archive that was not used is removed from the cache. */
const KEPT_DAYS = 14;
/** Dates do not count: every entry has the same. */
const MTIME = new Date(0);

/**
 * @param folder of the archives; only this person may read it, as the files may be private
 * @returns the path of the archive with these entries, which is made where it is not there yet
 */
export async function archiveOf(
    hash: string,
    entries: ContentEntry[],
    folder = path.join(homeFolder(), ".cache/berth/content"),
): Promise<string> {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const archive = path.join(folder, `${hash}.tar`);
    if (!fs.existsSync(archive)) {
        removeUnused(folder);
        const draft = `${archive}.${process.pid}.${Math.random().toString(36).slice(2)}`;
        try {
            await write(draft, entries);
            fs.renameSync(draft, archive);
        } finally {
            fs.rmSync(draft, { force: true });
        }
    }
    fs.utimesSync(archive, new Date(), new Date());
    return archive;
}

async function write(file: string, entries: ContentEntry[]): Promise<void> {
    const pack = tar.pack();
    const written = pipeline(pack, fs.createWriteStream(file, { mode: 0o600, flags: "wx" }));
    const filled = fill(pack, entries).catch((error: Error) => {
        pack.destroy(error);
        throw error;
    });
    await Promise.all([filled, written]);
}

async function fill(pack: tar.Pack, entries: ContentEntry[]): Promise<void> {
    for (const entry of entries) {
        await new Promise<void>((resolve, reject) => {
            const done = (error?: Error | null) => (error ? reject(error) : resolve());
            if (entry.type === "file") pack.entry(header(entry), contentOf(entry), done);
            else pack.entry(header(entry), done);
        });
    }
    pack.finalize();
}

/** `./` before each name: none begins with a dash. */
function header(entry: ContentEntry): Partial<tar.Header> & { name: string } {
    const name = entry.name === "." ? "./" : `./${entry.name}${entry.type === "folder" ? "/" : ""}`;
    const common = { name, mtime: MTIME, uid: 0, gid: 0 };
    switch (entry.type) {
        case "folder":
            return { ...common, type: "directory", mode: entry.mode };
        case "link":
            return { ...common, type: "symlink", linkname: entry.target, mode: 0o777 };
        case "file":
            return { ...common, type: "file", size: entry.bytes, mode: entry.mode };
    }
}

function contentOf(entry: Extract<ContentEntry, { type: "file" }>): Buffer {
    if (typeof entry.source !== "string") return entry.source;
    const content = fs.readFileSync(entry.source);
    if (createHash("sha256").update(content).digest("hex") === entry.hash) return content;
    throw userError(`${entry.source} has changed while it was read: run it again when nothing writes there`);
}

function removeUnused(folder: string): void {
    const oldest = Date.now() - KEPT_DAYS * 24 * 3600 * 1000;
    for (const name of fs.readdirSync(folder)) {
        const file = path.join(folder, name);
        if ((fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? oldest) < oldest)
            fs.rmSync(file, { force: true });
    }
}
