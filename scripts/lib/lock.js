"use strict";
// Plain JavaScript without dependencies: `npm ci` itself runs under such a lock.
const { createHash, randomUUID } = require("node:crypto");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { isAlive, startOf } = require("./processes.js");

const POLL_MILLISECONDS = 200;

/**
 * What a lock file says, as JSON. `pid` alone is a lock of an earlier version.
 *
 * @typedef {object} Holder
 * @property {number} pid
 * @property {string} [start] tells the process from a later one of the same number; absent where nobody can say
 * @property {string} [host] the computer's name
 * @property {string} [since] ISO 8601
 * @property {string} [command] what was run
 * @property {string} [id] another one for each time that a lock is taken
 */

/** A lock cannot be had: its file cannot be written, or another computer holds it. The message is for the person. */
class LockError extends Error {}

/** Why a file cannot be written, in words. */
const UNWRITABLE = new Map([
    ["ENOSPC", "the disk is full"],
    ["EDQUOT", "the disk quota is used up"],
    ["EROFS", "the disk is read-only"],
    ["EACCES", "this user may not"],
]);

const hostName = () => os.hostname().split(".")[0] ?? "";

/** @returns {Holder} */
function ourselves() {
    // The first words alone: what follows may be a secret (`config set --secret NAME VALUE`).
    const words = process.argv.slice(2, 4).filter((word) => /^[a-z-]+$/.test(word));
    const command = [path.basename(process.argv[1] ?? "", ".ts"), ...words].join(" ");
    const since = new Date().toISOString();
    return { pid: process.pid, start: startOf(process.pid), host: hostName(), since, command, id: randomUUID() };
}

/**
 * @param {string} text
 * @returns {Holder | undefined} undefined where it names nobody: torn by a power cut
 */
function holderIn(text) {
    try {
        /** @type {unknown} */
        const parsed = JSON.parse(text);
        const holder = typeof parsed === "number" ? { pid: parsed } : parsed;
        if (holder === null || typeof holder !== "object" || !("pid" in holder)) return undefined;
        return typeof holder.pid === "number" ? /** @type {Holder} */ (holder) : undefined;
    } catch {
        return undefined;
    }
}

/**
 * Reports whether the process that took a lock still runs.
 *
 * @param {Holder | undefined} holder
 * @param {string} file
 * @throws {LockError} where it was another computer's
 */
function holds(holder, file) {
    if (holder === undefined) return false;
    if (holder.host !== undefined && holder.host !== hostName()) {
        throw new LockError(
            `${file} is held by the process ${holder.pid} of another computer, ${holder.host}, since ${holder.since}: ` +
                `wait for it. Where it is gone for good: rm '${file}'`,
        );
    }
    if (!isAlive(holder.pid)) return false;
    const start = startOf(holder.pid);
    return holder.start === undefined || start === undefined || holder.start === start;
}

/**
 * Takes a lock file that names its holder. The lock of a process that is gone is taken over.
 *
 * It is linked into place in full, so nobody reads half of one. Who takes over from a dead holder first takes a lock that
 * is called after that very holding, looks again, and then puts its own file in the place: of several, one goes on, and
 * none ever moves a lock whose holder lives.
 *
 * @param {string} file
 * @param {Holder} own
 * @returns {Holder | undefined} a living holder; undefined when the lock is ours now
 * @throws {LockError}
 */
function tryLock(file, own) {
    const draft = `${file}.draft-${own.pid}-${own.id}`;
    try {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(draft, JSON.stringify(own), { flush: true });
        for (;;) {
            if (link(draft, file)) return undefined;
            const text = read(file);
            if (text === undefined) continue; // given back in between
            const holder = holderIn(text);
            if (holds(holder, file)) return holder;
            const takeover = `${file}.over-${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
            const other = tryLock(takeover, own);
            if (other) return other;
            const isSame = read(file) === text;
            if (isSame) fs.renameSync(draft, file);
            fs.rmSync(takeover, { force: true });
            if (isSame) {
                sweep(file);
                return undefined;
            }
        }
    } catch (error) {
        const reason = UNWRITABLE.get(/** @type {NodeJS.ErrnoException} */ (error).code ?? "");
        if (reason === undefined) throw error;
        throw new LockError(`the lock ${file} cannot be written: ${reason}`, { cause: error });
    } finally {
        fs.rmSync(draft, { force: true });
    }
}

/**
 * @param {string} from
 * @param {string} to
 * @returns whether it was not there before
 */
function link(from, to) {
    try {
        fs.linkSync(from, to);
        return true;
    } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
        return false;
    }
}

/** @param {string} file */
function read(file) {
    try {
        return fs.readFileSync(file, "utf8");
    } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== "ENOENT") throw error;
        return undefined;
    }
}

/**
 * Removes what killed processes left beside a lock that is ours.
 *
 * @param {string} file
 */
function sweep(file) {
    const folder = path.dirname(file);
    for (const name of fs.readdirSync(folder)) {
        if (!name.startsWith(`${path.basename(file)}.`)) continue;
        const [, pid] = /\.draft-(\d+)-[0-9a-f-]+$/.exec(name) ?? [];
        // Whoever is about to take over from an earlier holder finds another one, and needs its lock for nothing.
        const isLeft = pid === undefined ? /\.over-[0-9a-f]{16}$/.test(name) : !isAlive(Number(pid));
        if (isLeft) fs.rmSync(path.join(folder, name), { force: true });
    }
}

/**
 * Runs `work` while holding the lock; waits for a living holder.
 *
 * @template T
 * @param {string} file
 * @param {() => T | Promise<T>} work
 * @param {(holder: Holder) => void} [onWait] called once when another process holds it
 * @returns {Promise<T>}
 * @throws {LockError}
 */
async function withLock(file, work, onWait) {
    const own = ourselves();
    let told = false;
    for (let holder = tryLock(file, own); holder !== undefined; holder = tryLock(file, own)) {
        if (!told) onWait?.(holder);
        told = true;
        await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    try {
        return await work();
    } finally {
        // Somebody may have removed it by hand, and another run taken it.
        if (holderIn(read(file) ?? "")?.id === own.id) fs.rmSync(file, { force: true });
    }
}

module.exports = { LockError, withLock };
