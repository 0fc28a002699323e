import * as fs from "node:fs";
import * as path from "node:path";
import { execute } from "./commands";
import { writeDurably } from "./durableFile";
import { withLock } from "./lock";
import { own } from "./paths";
import { say } from "./progress";
import { StackFile, freePort, isFree, portsOfOthers } from "./stack";
import type { StackExport } from "./state";

const PLACE = ["berth:host", "sshPort"] as const;
/** Where the search for a port that leads to the machine's sshd begins. */
const FIRST_SSH_PORT = 20022;
/** The machine's container among a stack's resources. */
export const MACHINE = /berth:index:LocalHost\$docker:index\/container:Container::.*-machine$/;

/** Which port was chosen for a stack here, and not by the person: by the stack's name. */
const noteFile = () => path.join(own, "chosen-ports.json");

function chosenPorts(): Record<string, unknown> {
    try {
        return (JSON.parse(fs.readFileSync(noteFile(), "utf8")) ?? {}) as Record<string, unknown>;
    } catch {
        return {}; // nothing was chosen, or nobody knows any more: then each port counts as the person's
    }
}

/** A number alone is of an earlier version. */
const portsChosenFor = (stack: string): unknown[] => [chosenPorts()[stack]].flat();

/**
 * Sees to it that the stack's file names a port for the machine's sshd. One that was chosen here, and that somebody else
 * has got by now, is chosen again as long as there is no machine. The person's own stays.
 *
 * @param isMade whether there is a machine
 * @returns whether the file was changed
 */
export function settlePort(stack: string, isMade: boolean, first = FIRST_SSH_PORT): Promise<boolean> {
    return withLock(path.join(own, "ports.lock"), async () => {
        const file = new StackFile(stack);
        const port = file.get(...PLACE);
        const others = portsOfOthers(stack, PLACE);
        if (port !== undefined) {
            if (isMade || typeof port !== "number" || !portsChosenFor(stack).includes(port)) return false;
            if (!others.includes(port) && (await isFree(port))) return false;
        }
        const next = await freePort(first, others);
        if (port !== undefined)
            say(`port ${String(port)}, which was chosen for this stack, is taken by now: ${next} it is`);
        // Both, until the file names the new one: a run that is killed in between leaves the old one there.
        const chosen = port === undefined ? [next] : [port, next];
        writeDurably(noteFile(), JSON.stringify({ ...chosenPorts(), [stack]: chosen }));
        file.set(PLACE, next);
        file.save();
        return true;
    });
}

/** Whether a stack has a machine that has ever run: one that could not start holds nothing. */
export async function hasMachine(state: StackExport | undefined, dockerHost: string): Promise<boolean> {
    const machine = (state?.deployment?.resources ?? []).find(({ urn }) => MACHINE.test(urn));
    if (!machine) return false;
    const inspect = ["--host", dockerHost, "container", "inspect", "--format", "{{.State.Status}}", machine.id ?? ""];
    const { exitCode, stdout } = await execute("docker", inspect);
    return !(exitCode === 0 && stdout.trim() === "created");
}
