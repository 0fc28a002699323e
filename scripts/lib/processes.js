"use strict";
// Plain JavaScript without dependencies: `npm ci` itself runs under a lock that needs it.
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");

/** USER_HZ: the same on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/**
 * Reports whether a process exists. One that has ended, and that its parent has not yet asked about, does not.
 *
 * @param {number} pid
 */
function isAlive(pid) {
    if (!Number.isSafeInteger(pid) || pid <= 0) return false; // 0 and less are groups of processes
    try {
        process.kill(pid, 0);
    } catch (error) {
        if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EPERM") return false;
    }
    return !/^[ZX]/.test(statOf(pid)?.[0] ?? "");
}

/**
 * Tells one process from another that gets its number later: the boot and the tick in which it began on Linux, its date
 * elsewhere.
 *
 * @param {number} pid
 * @returns {string | undefined} undefined where this computer does not say
 */
function startOf(pid) {
    if (process.platform === "linux") {
        const ticks = statOf(pid)?.[19]; // field 22 of the file: the process's number and name stand before
        return ticks === undefined ? undefined : `${bootId()} ${ticks}`;
    }
    return ask("ps", ["-o", "lstart=", "-p", String(pid)]);
}

/**
 * When a process began, by this computer's clock as it is now.
 *
 * @param {number} pid
 * @returns {Date | undefined} undefined where this computer does not say
 */
function startDateOf(pid) {
    if (process.platform !== "linux") {
        const started = startOf(pid);
        return started === undefined ? undefined : new Date(started);
    }
    const [, boot] = /^btime (\d+)$/m.exec(read("/proc/stat") ?? "") ?? [];
    const ticks = statOf(pid)?.[19];
    if (boot === undefined || ticks === undefined) return undefined;
    return new Date((Number(boot) + Number(ticks) / TICKS_PER_SECOND) * 1000);
}

/**
 * The command line of a process.
 *
 * @param {number} pid
 * @returns {string | undefined} undefined where this computer does not say
 */
function commandOf(pid) {
    if (process.platform !== "linux") return ask("ps", ["-o", "command=", "-p", String(pid)]);
    const words = read(`/proc/${pid}/cmdline`)?.split("\0").join(" ").trim();
    return words === "" ? undefined : words;
}

/**
 * The fields of /proc/PID/stat after the name, which may hold spaces and parentheses itself.
 *
 * @param {number} pid
 */
function statOf(pid) {
    const text = process.platform === "linux" ? read(`/proc/${pid}/stat`) : undefined;
    return text?.slice(text.lastIndexOf(")") + 2).split(" ");
}

const bootId = () => read("/proc/sys/kernel/random/boot_id")?.trim() ?? "";

/** @param {string} file */
function read(file) {
    try {
        return fs.readFileSync(file, "utf8");
    } catch {
        return undefined; // the process is gone, or not ours to look at
    }
}

/**
 * @param {string} command
 * @param {string[]} args
 */
function ask(command, args) {
    try {
        const text = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
        return text === "" ? undefined : text;
    } catch {
        return undefined; // no such process
    }
}

module.exports = { commandOf, isAlive, startDateOf, startOf };
