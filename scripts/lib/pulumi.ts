import * as fs from "node:fs";
import { stateFolder } from "./backend";
import { findMachine, refuseForeignMachine } from "./foreignMachine";
import { ensureKeys, hostsIn } from "./hosts";
import { needsIdentity } from "./identity";
import { stackPrefix } from "./labels";
import { refuseMoved } from "./movedServers";
import { stackFile } from "./paths";
import { main } from "./progress";
import { Pulumi } from "./pulumiCli";
import { type PulumiCommand, readPulumiCommand } from "./pulumiCommands";
import { pulumiLocks, refuseLocked } from "./pulumiLocks";
import { StackFile, alone, splitStack } from "./stack";
import { refuseOutsideLab } from "./standIn";
import { type StackExport, findState } from "./state";

main(async () => {
    const args = process.argv.slice(2);
    const pulumi = await Pulumi.find();
    const { stack, named, rest } = splitStack(args);
    const command = readPulumiCommand(rest);
    // Without `pulumi stack select`, a command means the stack that ./scripts/up makes.
    if (!named && command.takesStack) args.push("--stack", stack);
    const work = async () => {
        if (needsIdentity(command.word)) {
            const state = await findState(pulumi, stack);
            const resources = state?.deployment?.resources ?? [];
            const file = fs.existsSync(stackFile(stack)) ? new StackFile(stack) : undefined;
            if (/^(up|update|preview|pre|watch)$/.test(command.word)) await refuseForeign(stack, state);
            await refuseMoved(stack, resources);
            refuseOutsideLab(pulumi.toolchain, file, state);
            await ensureKeys(pulumi, stack, hostsIn(resources));
        }
        return pulumi.show(args);
    };
    if (!command.changes) return work();
    const stacks = await stacksOf(command, pulumi, { stack, isKnown: named || command.takesStack });
    const names = new Set(stacks.map((one) => one.split("/").at(-1) ?? one));
    return lockAll([...names].sort(), () => {
        if (command.cancels) refuseToCancel(stacks);
        return work();
    });
});

/** Before anything starts: the machine of a stack of this name may be another clone's. */
async function refuseForeign(stack: string, state: StackExport | undefined): Promise<void> {
    if (!fs.existsSync(stackFile(stack))) return;
    const file = new StackFile(stack);
    const dockerHost = file.get("berth:host", "dockerHost");
    if (file.get("berth:host", "kind") !== "local" || typeof dockerHost !== "string") return;
    refuseForeignMachine(await findMachine(dockerHost, stackPrefix(stack)), state, { stack, dockerHost });
}

/** The stacks that a command changes. */
async function stacksOf(
    { named, meansStack }: PulumiCommand,
    pulumi: Pulumi,
    { stack, isKnown }: { stack: string; isKnown: boolean },
): Promise<string[]> {
    if (!meansStack) return named;
    if (isKnown) return [stack, ...named];
    // Of none that is selected Pulumi says so itself.
    const selected = await pulumi.output(["stack", "--show-name"]).catch(() => undefined);
    return [...(selected === undefined ? [] : [selected]), ...named];
}

/** @param stacks in the order in which every run takes them: two that want the same never wait for each other */
async function lockAll<T>([first, ...others]: string[], work: () => Promise<T>): Promise<T> {
    return first === undefined ? work() : alone(first, () => lockAll(others, work));
}

/** Lifts no lock of a run that lives on this computer. */
function refuseToCancel(stacks: string[]): void {
    const folder = stateFolder();
    if (folder === undefined) return;
    for (const stack of stacks) refuseLocked(pulumiLocks(folder, stack), stack, { foreign: false });
}
