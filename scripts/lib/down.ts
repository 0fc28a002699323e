import * as fs from "node:fs";
import { askBeforeLoss } from "./askBeforeLoss";
import { dropDeadHosts } from "./deadHosts";
import { ec2LabOf, stopEc2Lab } from "./ec2Lab";
import { stopLab } from "./hostImage";
import { ensureKeys, forgetHosts, hostsIn } from "./hosts";
import { stackLabels, stackPrefix } from "./labels";
import { ensureEngine, stopEngine } from "./localDocker";
import { refuseMoved } from "./movedServers";
import { cache, stackFile } from "./paths";
import { checkPrerequisites } from "./prerequisites";
import { type Traces, findLeftovers } from "./leftovers/afterDown";
import { KeptKeys } from "./leftovers/keptKeys";
import { UserError, main, say, step } from "./progress";
import { Pulumi } from "./pulumiCli";
import { recover } from "./recovery";
import { INSTANCE, type StateResource, findState } from "./state";
import { StackFile, alone } from "./stack";
import { stackToRemove } from "./stackToRemove";
import { refuseOutsideLab } from "./standIn";

const WHERE_SILENT = "where the server does not answer, start it and try again; gone for good? See docs/operations.md";
const USAGE = `./scripts/down [-s STACK] [--yes] [--purge] [options of \`pulumi destroy\`]

Destroys a stack (default: local) and stops what was started for it. Where named volumes, or other data, would go with
it, it says which, and wants the stack's name typed.

  -y, --yes  does not ask: for machines, which have no terminal
  --purge    removes caches too
`;

main(async () => {
    if (process.argv.includes("--help")) {
        process.stdout.write(USAGE);
        return 0;
    }
    const { stack, rest } = stackToRemove(process.argv.slice(2));
    const purge = rest.includes("--purge");
    const isSure = rest.includes("--yes") || rest.includes("-y");
    await checkPrerequisites();
    // Which lab it is, the stack's file says.
    const options = rest.filter((arg) => !["--purge", "--lab", "--yes", "-y"].includes(arg));
    return alone(stack, () => down(stack, { purge, isSure }, options));
});

async function down(stack: string, how: { purge: boolean; isSure: boolean }, args: string[]): Promise<number> {
    const { purge, isSure } = how;
    const pulumi = await Pulumi.find();
    const state = await findState(pulumi, stack);
    await refuseMoved(stack, state?.deployment?.resources ?? []);
    const file = fs.existsSync(stackFile(stack)) ? new StackFile(stack) : undefined;
    const inLab = file !== undefined && ec2LabOf(file) !== undefined;
    const usesEngine = inLab || file?.get("berth:host", "kind") === "local";
    const dockerHost = usesEngine
        ? await ensureEngine(file?.get("berth:host", "dockerHost") as string | undefined)
        : undefined;
    const isPart = args.some((arg) => /^(--target|--exclude|-t$)/.test(arg));
    let isGone = true;
    if (state) {
        refuseOutsideLab(pulumi.toolchain, file, state);
        const before = await recover(pulumi, stack, state, stackLabels(stack));
        await ensureKeys(pulumi, stack, hostsIn(before));
        const { resources } = await dropDeadHosts(pulumi, stack, before);
        refuseProtected(resources);
        if (!args.includes("--preview-only")) await askBeforeLoss(stack, resources, stackPrefix(stack), { isSure });
        const stays = file?.get("berth:host", "kind") === "existing";
        const keys = new KeptKeys(stack, stays ? hostsIn(resources) : []);
        try {
            const code = await pulumi.show(["destroy", "--yes", "--skip-preview", "--stack", stack, ...args]);
            if (code !== 0) {
                if (stays) say(WHERE_SILENT);
                return code;
            }
            sayKept(resources);
            forgetHosts(hostsIn(resources));
            const traces = { file, dockerHost, before: resources, servers: keys.servers, isFresh: true };
            isGone = isPart || (await sayLeftovers(stack, traces));
        } finally {
            keys.remove();
        }
    } else {
        say(`there is no stack ${stack}`);
    }
    if (file && dockerHost && !isPart) {
        if (inLab) await stopEc2Lab(file, dockerHost);
        else if (file.get("berth:lab") !== undefined) await step("stop the lab", () => stopLab(dockerHost));
        await stopEngine(dockerHost, purge);
    }
    if (purge) fs.rmSync(cache, { recursive: true, force: true });
    return isGone ? 0 : 1;
}

/** Looks whether all is gone. What is meant to stay is said, and no failure. */
async function sayLeftovers(stack: string, traces: Traces): Promise<boolean> {
    const left = await findLeftovers(stack, traces).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        say(`whether something is left cannot be told: ${error.message}`);
        return undefined;
    });
    if (left === undefined) return false;
    const lost = left.filter(({ kept }) => kept === undefined);
    const onServers = left.filter(({ kept, where }) => kept !== undefined && where !== "AWS"); // sayKept told those
    for (const { where, kind, name, kept } of onServers) say(`the ${kind} ${name} stays (${where}): ${kept}`);
    for (const { where, kind, name } of lost) say(`still there (${where}): ${kind} ${name}`);
    return lost.length === 0;
}

/** Half a teardown is worse than none: AWS would refuse the instance alone, after its address is gone. */
function refuseProtected(resources: StateResource[]): void {
    const isProtected = ({ type, inputs }: StateResource) =>
        type === INSTANCE && inputs?.disableApiTermination === true;
    const ids = resources.filter(isProtected).map(({ id }) => id);
    if (ids.length === 0) return;
    throw new UserError(
        `AWS protects ${ids.join(", ")} from termination: set terminationProtection: false in the stack's file, ` +
            "run ./scripts/up, and then this again",
    );
}

/** Disks that stay, and cost money. */
function sayKept(resources: StateResource[]): void {
    for (const { type, id, inputs, retainOnDelete } of resources) {
        if (type !== "aws:ebs/volume:Volume" || !retainOnDelete) continue;
        say(
            `the data disk ${id} (${String(inputs?.size)} GiB) stays, and costs money. To use it again: ` +
                `dataDisk: { volumeId: ${id} }. To delete it: aws ec2 delete-volume --volume-id ${id}`,
        );
    }
}
