import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stateFolder } from "./backend";
import { projectName } from "./labels";
import { commandOf, isAlive, startDateOf } from "./processes";
import { UserError, say } from "./progress";

/** A lock that Pulumi has put on a stack in a backend of files. */
export interface PulumiLock {
    file: string;
    pid?: number;
    hostname?: string;
    username?: string;
    /** ISO 8601 */
    timestamp?: string;
}

/** What is known of a lock's holder. */
export type LockState = "dead" | "living" | "foreign";

/**
 * The locks on a stack. A run that goes on has one; one that was killed leaves it.
 *
 * @param folder of the backend: what follows `file://`
 * @param stack `organization/project/` may stand before its name
 */
export function pulumiLocks(folder: string, stack: string): PulumiLock[] {
    const [name = stack, project = projectName()] = stack.split("/").toReversed();
    const place = path.join(folder, ".pulumi/locks");
    // Backends of before Pulumi 3.61 know no projects.
    return [path.join(place, "organization", project, name), path.join(place, name)].flatMap((locks) => {
        const files = fs.existsSync(locks) ? fs.readdirSync(locks) : [];
        return files.filter((file) => file.endsWith(".json")).flatMap((file) => readLock(path.join(locks, file)) ?? []);
    });
}

/** @returns undefined where it was given back in between */
function readLock(file: string): PulumiLock | undefined {
    try {
        const { pid, hostname, username, timestamp } = JSON.parse(fs.readFileSync(file, "utf8")) as PulumiLock;
        return { file, pid, hostname, username, timestamp };
    } catch (error) {
        if (error instanceof SyntaxError) return { file }; // torn by a power cut: Pulumi renames it into its place in full
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        return { file, pid: 0, hostname: "?" }; // another user's, or unreadable: nobody says that its holder is gone
    }
}

/**
 * Says whether the process that took a lock still runs. In doubt it does.
 *
 * @param host this computer's name
 */
export function lockState({ pid, hostname, timestamp }: PulumiLock, host = os.hostname()): LockState {
    if (typeof pid !== "number") return "dead";
    if (hostname !== host) return "foreign";
    if (!isAlive(pid)) return "dead";
    // A clock that was set in between makes an old process look young: what calls itself pulumi is one.
    if (/pulumi/.test(commandOf(pid) ?? "pulumi")) return "living";
    const [start, taken] = [startDateOf(pid)?.getTime() ?? 0, Date.parse(timestamp ?? "")];
    return start > taken ? "dead" : "living";
}

/** Removes the locks of processes that are gone; @returns how many */
export function liftDeadLocks(locks: PulumiLock[]): number {
    const dead = locks.filter((lock) => lockState(lock) === "dead");
    for (const { file } of dead) for (const one of [file, `${file}.attrs`]) fs.rmSync(one, { force: true });
    return dead.length;
}

/**
 * Refuses where a run that may be alive has locked the stack.
 *
 * @param stack as the person calls it
 * @param foreign whether another computer's lock counts. Default: true
 * @throws UserError with whose lock it is, and what to do
 */
export function refuseLocked(locks: PulumiLock[], stack: string, { foreign = true } = {}): void {
    const living = locks.find((lock) => lockState(lock) === "living");
    if (living) {
        const { pid = 0, username, timestamp } = living;
        throw new UserError(
            `another run works on the stack ${stack}: ${commandOf(pid) ?? "a process"} (pid ${pid}, ` +
                `${username ?? "somebody"}, since ${timestamp ?? "some time"}). ` +
                `Wait until it has ended, or end it: kill -INT ${pid}`,
        );
    }
    const elsewhere = foreign ? locks.find((lock) => lockState(lock) === "foreign") : undefined;
    if (!elsewhere) return;
    const { pid, username, hostname, timestamp } = elsewhere;
    throw new UserError(
        `another computer works on the stack ${stack}: ${username ?? "somebody"} on ${hostname ?? "?"} (pid ${pid}, ` +
            `since ${timestamp ?? "some time"}). Wait until that has ended. ` +
            `Where it was killed there: ./scripts/pulumi cancel -s ${stack}`,
    );
}

/**
 * Lifts the locks of runs that were killed on this computer.
 *
 * @param folder of the backend; undefined where that looks after its locks itself
 * @throws UserError where a run that has one may be alive
 */
export function liftLocks(stack: string, folder = stateFolder()): void {
    if (folder === undefined) return;
    const locks = pulumiLocks(folder, stack);
    refuseLocked(locks, stack);
    if (liftDeadLocks(locks) > 0) say("the last run was killed: its lock on the state is lifted");
}
