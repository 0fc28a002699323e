"use strict";
// Refuses a Node.js that is too old, and installs the npm packages of package-lock.json when they are not there yet.
// Plain JavaScript: it runs before them.
const fs = require("node:fs");
const path = require("node:path");
const { createHash } = require("node:crypto");
const { spawnSync } = require("node:child_process");
const { LockError, withLock } = require("./lock.js");

const OLDEST_NODE = 20;
const root = path.join(__dirname, "../..");
const stamp = path.join(root, "node_modules/.berth-lock");

function isCurrent() {
    const lock = createHash("sha256")
        .update(fs.readFileSync(path.join(root, "package-lock.json")))
        .digest("hex");
    return { lock, current: fs.existsSync(stamp) && fs.readFileSync(stamp, "utf8") === lock };
}

function install() {
    const { lock, current } = isCurrent();
    if (current) return;
    const started = Date.now();
    const npm = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
        cwd: root,
        stdio: ["ignore", "ignore", "inherit"],
    });
    if (npm.status !== 0) {
        process.stderr.write("berth: `npm ci` failed: the packages of package-lock.json cannot be installed\n");
        process.exit(1);
    }
    fs.writeFileSync(stamp, lock);
    process.stderr.write(`berth: npm packages installed  ${((Date.now() - started) / 1000).toFixed(1)}s\n`);
}

if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE) {
    process.stderr.write(
        `berth: Node.js ${process.version} is too old; install version ${OLDEST_NODE} or newer ` +
            "(https://nodejs.org, or your package manager)\n",
    );
    process.exit(1);
}
if (!isCurrent().current) {
    withLock(path.join(root, ".berth/npm.lock"), install).catch((/** @type {Error} */ error) => {
        process.stderr.write(`berth: ${error instanceof LockError ? error.message : String(error.stack)}\n`);
        process.exit(1);
    });
}
