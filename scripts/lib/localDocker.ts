import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { homeFolder } from "../../components/environment";
import { run, succeeds } from "./commands";
import { canInstallPackages, installPackage } from "./debian";
import { labelFilters } from "./labels";
import { withLock } from "./lock";
import { isAlive } from "./processes";
import { UserError, say, step } from "./progress";

/** The engine that Berth starts where the computer runs none, apart from any other: its socket, data and pid. */
const OWN = {
    socket: "/run/berth/docker.sock",
    pid: "/run/berth/docker.pid",
    log: "/run/berth/dockerd.log",
    lock: "/run/berth/engine.lock",
    /** A file for each process that uses it, named by its pid: it is not stopped under anybody. */
    users: "/run/berth/users",
    execRoot: "/run/berth/docker",
    dataRoot: "/var/lib/berth/docker",
};
const OWN_HOST = `unix://${OWN.socket}`;
const START_TIMEOUT_SECONDS = 60;

/** Where engines listen: the usual place, Docker Desktop's, our own. */
const CANDIDATES = [
    "unix:///var/run/docker.sock",
    `unix://${path.join(homeFolder(), ".docker/run/docker.sock")}`,
    OWN_HOST,
];

const answersAt = (dockerHost: string) => succeeds("docker", ["--host", dockerHost, "version"], { timeout: 10_000 });

/** The engine of this computer that would be used, if one answers. */
export async function engineThatAnswers(preferred?: string): Promise<string | undefined> {
    for (const candidate of preferred ? [preferred] : CANDIDATES) if (await answersAt(candidate)) return candidate;
    return undefined;
}

/**
 * Finds a Docker engine on this computer, or installs and starts one.
 *
 * @param preferred the engine that the stack uses already
 * @returns its address, `unix:///…`
 * @throws UserError with what to do, where there is none and none can be started
 */
export async function ensureEngine(preferred?: string): Promise<string> {
    for (const candidate of preferred ? [preferred] : CANDIDATES) {
        // Registered first: an engine that answers must not be stopped before it is used.
        if (candidate === OWN_HOST) registerUse();
        if (await answersAt(candidate)) return candidate;
    }
    if (preferred && preferred !== OWN_HOST) {
        throw new UserError(
            `the Docker engine at ${preferred} does not answer: start it (the stack's machine is on it)`,
        );
    }
    if (process.platform !== "linux") {
        throw new UserError("no Docker engine answers: start Docker Desktop, or another one, and try again");
    }
    if (!canInstallPackages()) {
        throw new UserError(
            "no Docker engine answers at /var/run/docker.sock: install and start one (https://docs.docker.com/engine/install), " +
                "and let this user reach it (`sudo usermod -aG docker $USER`, then a new login). " +
                "As root on Debian or Ubuntu, this command would do so itself",
        );
    }
    await withLock(OWN.lock, async () => {
        if (await answersAt(OWN_HOST)) return;
        if (!(await succeeds("sh", ["-c", "command -v dockerd && command -v docker"]))) {
            await step("install docker.io", () => installPackage("docker.io"));
        }
        await step("start a Docker engine", startEngine);
    });
    return OWN_HOST;
}

async function startEngine(): Promise<void> {
    fs.mkdirSync(path.dirname(OWN.socket), { recursive: true });
    const log = fs.openSync(OWN.log, "a");
    const args = ["--host", OWN_HOST, "--pidfile", OWN.pid, "--exec-root", OWN.execRoot, "--data-root", OWN.dataRoot];
    const daemon = spawn("dockerd", args, { detached: true, stdio: ["ignore", log, log] });
    daemon.unref();
    fs.closeSync(log);
    const deadline = Date.now() + START_TIMEOUT_SECONDS * 1000;
    while (!(await answersAt(OWN_HOST))) {
        if (daemon.exitCode !== null || Date.now() > deadline) {
            const end = fs.readFileSync(OWN.log, "utf8").trimEnd().split("\n").slice(-10).join("\n");
            throw new UserError(`the Docker engine did not start; the end of ${OWN.log}:\n${end}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
}

/** Starts those of a stack's containers that somebody stopped: Pulumi, which does not look, would call them unchanged. */
export async function startStopped(dockerHost: string, labels: Record<string, string>): Promise<void> {
    const list = ["ps", "--filter", "status=exited", ...labelFilters(labels), "--format", "{{.Names}}"];
    const names = (await run("docker", ["--host", dockerHost, ...list])).split("\n").filter(Boolean);
    if (names.length === 0) return;
    say(`starting what was stopped: ${names.join(", ")}`);
    await run("docker", ["--host", dockerHost, "start", ...names]);
}

function registerUse(): void {
    if (process.platform !== "linux" || process.getuid?.() !== 0) return;
    fs.mkdirSync(OWN.users, { recursive: true });
    fs.writeFileSync(path.join(OWN.users, String(process.pid)), "");
}

/** Whether another living process uses the engine. Files of dead ones are removed. */
function isUsedByOthers(): boolean {
    const pids = fs.existsSync(OWN.users) ? fs.readdirSync(OWN.users) : [];
    const dead = pids.filter((pid) => pid === String(process.pid) || !isAlive(Number(pid)));
    for (const pid of dead) fs.rmSync(path.join(OWN.users, pid), { force: true });
    return dead.length < pids.length;
}

/**
 * Stops the engine that Berth started, when nothing is on it and nobody uses it any more. Any other engine is left alone.
 *
 * @param purge also removes its images
 */
export async function stopEngine(dockerHost: string, purge: boolean): Promise<void> {
    if (dockerHost !== OWN_HOST) return;
    await withLock(OWN.lock, async () => {
        if (isUsedByOthers() || !(await answersAt(OWN_HOST))) return;
        if ((await run("docker", ["--host", OWN_HOST, "ps", "-aq"])) !== "") return;
        await step("stop the Docker engine", async () => {
            const pid = Number(fs.readFileSync(OWN.pid, "utf8"));
            process.kill(pid, "SIGTERM");
            while (fs.existsSync(`/proc/${pid}`)) await new Promise((resolve) => setTimeout(resolve, 100));
        });
        if (purge) fs.rmSync(OWN.dataRoot, { recursive: true, force: true });
    });
}
