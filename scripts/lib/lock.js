"use strict";
// Plain JavaScript without dependencies: `npm ci` itself runs under such a lock.
const fs = require("node:fs");
const path = require("node:path");

const POLL_MILLISECONDS = 200;

/**
 * Whether a process exists.
 *
 * @param {number} pid
 */
function isAlive(pid) {
    try {
        process.kill(pid, 0);
        return true;
    } catch (error) {
        return /** @type {NodeJS.ErrnoException} */ (error).code === "EPERM";
    }
}

/**
 * Takes a lock file that names its holder. The lock of a process that is gone is taken over.
 *
 * @param {string} file
 * @returns {number | undefined} the pid of a living holder, or undefined when the lock is ours now
 */
function tryLock(file) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    for (;;) {
        // Written in full before it gets the lock's name, so that nobody reads a lock without its holder.
        const draft = `${file}.${process.pid}`;
        fs.writeFileSync(draft, String(process.pid));
        try {
            fs.linkSync(draft, file);
            return undefined;
        } catch (error) {
            if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
        } finally {
            fs.unlinkSync(draft);
        }
        let holder;
        try {
            holder = Number(fs.readFileSync(file, "utf8"));
        } catch {
            continue; // given back in between
        }
        if (isAlive(holder)) return holder;
        // Of several that find a dead holder, the one that moves the dead lock away goes on.
        const dead = `${file}.dead-${process.pid}`;
        try {
            fs.renameSync(file, dead);
            const moved = Number(fs.readFileSync(dead, "utf8"));
            if (moved !== holder && isAlive(moved)) fs.linkSync(dead, file);
            fs.unlinkSync(dead);
        } catch {
            continue;
        }
    }
}

/**
 * Runs `work` while holding the lock; waits for a living holder.
 *
 * @template T
 * @param {string} file
 * @param {() => T | Promise<T>} work
 * @param {(holder: number) => void} [onWait] called once when another process holds it
 * @returns {Promise<T>}
 */
async function withLock(file, work, onWait) {
    let told = false;
    for (let holder = tryLock(file); holder !== undefined; holder = tryLock(file)) {
        if (!told) onWait?.(holder);
        told = true;
        await new Promise((resolve) => setTimeout(resolve, POLL_MILLISECONDS));
    }
    try {
        return await work();
    } finally {
        fs.rmSync(file, { force: true });
    }
}

module.exports = { isAlive, withLock };
