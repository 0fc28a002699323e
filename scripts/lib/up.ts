import { jsonOf } from "../../components/readings";
import { dropDeadHosts } from "./deadHosts";
import { ec2LabOf, prepareEc2Lab } from "./ec2Lab";
import { buildHostImage, hostImageName, internetAnswers, startLab } from "./hostImage";
import { sayHostTroubles } from "./hostTroubles";
import { ensureKeys, hostsIn } from "./hosts";
import { findMachine, refuseForeignMachine } from "./foreignMachine";
import { stackLabels, stackPrefix } from "./labels";
import { ensureEngine, startStopped } from "./localDocker";
import { hasMachine, settlePort } from "./machinePort";
import { refuseMoved } from "./movedServers";
import { describeOutcome } from "./outcome";
import { checkPrerequisites } from "./prerequisites";
import { UserError, main, print, say, step } from "./progress";
import { Pulumi } from "./pulumiCli";
import { recover } from "./recovery";
import { brokenRotations } from "./rotation/rotationNote";
import { placeOf, refuseOutsideLab } from "./standIn";
import { StackFile, alone, isOpen, splitStack } from "./stack";
import { type StackExport, type StateResource, exportState, findState } from "./state";
import { hostsThere, refuseWrongHosts } from "./wrongHosts";

const UP = ["up", "--yes", "--skip-preview", "--suppress-outputs"];

const USAGE = `./scripts/up [-s STACK] [--lab] [--repair] [options of \`pulumi up\`]

Makes a stack, or brings it up to date (default: local).

  --lab      runs a stack of kind ec2 without an AWS account, on an endpoint on this computer
  --repair   installs the engine again, and looks at what there is: what is missing or stopped comes back. What is as
             it was made is not touched. ./scripts/drift says what there is to repair
`;

if (require.main === module) main(command);

async function command(): Promise<number> {
    if (process.argv.includes("--help")) {
        process.stdout.write(USAGE);
        return 0;
    }
    const { stack, rest } = splitStack(process.argv.slice(2));
    await checkPrerequisites();
    const args = rest.filter((arg) => arg !== "--lab" && arg !== "--repair");
    return alone(stack, () => up(stack, args, { lab: rest.includes("--lab"), repair: rest.includes("--repair") }));
}

/** Makes a stack, or brings it up to date. To be called under its lock; @returns an exit code */
export async function up(
    stack: string,
    args: string[],
    { lab, repair }: { lab: boolean; repair: boolean },
): Promise<number> {
    const pulumi = await Pulumi.find();
    const state = await findState(pulumi, stack);
    await refuseMoved(stack, state?.deployment?.resources ?? [], { makesFile: true });
    await prepareHost(stack, lab, state);
    refuseOutsideLab(pulumi.toolchain, new StackFile(stack), state);
    if (state) {
        const resources = await recover(pulumi, stack, state, stackLabels(stack));
        await ensureKeys(pulumi, stack, hostsIn(resources));
        const broken = brokenRotations(stack, hostsIn(resources)).map((what) => `./scripts/rotate -s ${stack} ${what}`);
        for (const finish of broken) say(`a rotation was broken off, and the old key may still count: ${finish}`);
        const { stopped, resources: living } = await dropDeadHosts(pulumi, stack, resources);
        refuseStopped(stopped, stack);
        await refuseWrongHosts(new StackFile(stack), hostsThere(living), broken);
        if (repair) {
            const code = await repairEngines(pulumi, stack, living);
            if (code !== 0) return code;
            args.push("--refresh");
        }
    } else {
        await refuseWrongHosts(new StackFile(stack), [], []);
        await pulumi.output(["stack", "init", stack, "--no-select"]);
    }
    const update = [...UP, "--stack", stack, ...args];
    let code = await pulumi.show(update);
    if (code !== 0 && (await hasOtherPort(pulumi, stack))) code = await pulumi.show(update);
    if (code !== 0) {
        await sayHostTroubles(pulumi, stack);
        await sayWhoIsLetIn(pulumi, stack);
    } else {
        const outputs = await pulumi.output(["stack", "output", "--json", "--stack", stack]);
        print(describeOutcome(jsonOf(outputs), stack));
    }
    return code;
}

/** Makes what a host needs on this computer. */
async function prepareHost(stack: string, lab: boolean, state: StackExport | undefined): Promise<void> {
    const file = StackFile.open(stack);
    const kind = file.get("berth:host", "kind");
    if (kind === "local") {
        if (lab) throw new UserError(`--lab is for hosts of kind ec2; stack ${stack} is on this computer already`);
        return prepareMachine(file, state);
    }
    if (ec2LabOf(file) || (kind === "ec2" && lab && placeOf(state) !== "aws")) return prepareEc2Lab(file);
    if (!lab) return;
    throw new UserError(
        kind === "ec2"
            ? `stack ${stack} is on AWS already: --lab would lose it from sight; use another stack's name`
            : `--lab is for hosts of kind ec2; stack ${stack} is of kind ${String(kind)}`,
    );
}

/** Completes the stack's file, and makes what the embedded host needs on this computer: engine, image, lab. */
async function prepareMachine(file: StackFile, state: StackExport | undefined): Promise<void> {
    const dockerHost = await ensureEngine(file.get("berth:host", "dockerHost") as string | undefined);
    const { stack } = file;
    refuseForeignMachine(await findMachine(dockerHost, stackPrefix(stack)), state, { stack, dockerHost });
    const isNew = file.get("berth:host", "image") === undefined;
    const needsLab = isNew ? !(await internetAnswers()) : file.get("berth:lab") !== undefined;
    if (isNew) {
        file.set(["berth:host", "dockerHost"], dockerHost);
        file.set(["berth:host", "image"], hostImageName(!needsLab));
    }
    if (needsLab) {
        if (isNew)
            say("Docker's registry and packages do not answer: stand-ins made of Debian's packages serve instead");
        const { nginx, ...lab } = await step("lab", () => startLab(dockerHost));
        file.set(["berth:lab"], lab);
        useKnownNginx(file, isNew, nginx);
    }
    await buildHostImage(String(file.get("berth:host", "image")), dockerHost);
    await startStopped(dockerHost, stackLabels(stack));
    file.save();
    await settlePort(stack, await hasMachine(state, dockerHost)); // late: what is free now is soon another's
}

/** Whether the machine's port was taken when it was to be used, and there is another one now. */
async function hasOtherPort(pulumi: Pulumi, stack: string): Promise<boolean> {
    const file = new StackFile(stack);
    if (file.get("berth:host", "kind") !== "local") return false;
    const state = await findState(pulumi, stack);
    return settlePort(stack, await hasMachine(state, String(file.get("berth:host", "dockerHost"))));
}

/** A new stack asks for the nginx of the default, which a lab made of Debian 13 alone does not have. */
function useKnownNginx(file: StackFile, isNew: boolean, versions: string[]): void {
    const place = ["berth:services", "web", "image"] as const;
    const newest = versions.at(-1);
    const [, wanted] = /^nginx:(\d+\.\d+)$/.exec(String(file.get(...place))) ?? [];
    if (!isNew || !wanted || !newest || versions.includes(wanted)) return;
    say(`the stand-in registry has no nginx ${wanted}: ${newest} is used`);
    file.set(place, `nginx:${newest}`);
}

/**
 * Runs the engines' installation again, and nothing else: it mends what is otherwise, and leaves alone what is right. All
 * that looks at containers comes after it, since it may be needed to reach them.
 */
async function repairEngines(pulumi: Pulumi, stack: string, resources: StateResource[]): Promise<number> {
    const installs = resources.filter(({ urn }) => /::(?:.+\/)?engine-install$/.test(urn));
    if (installs.length === 0) return 0;
    const targets = installs.flatMap(({ urn }) => ["--target-replace", urn]);
    return pulumi.show([...UP, "--stack", stack, ...targets]);
}

function refuseStopped(instances: string[], stack: string): void {
    if (instances.length === 0) return;
    const file = new StackFile(stack);
    const lab = ec2LabOf(file);
    const region = lab?.region ?? file.get("aws:region");
    const where = `${lab ? ` --endpoint-url ${lab.endpoint}` : ""}${typeof region === "string" ? ` --region ${region}` : ""}`;
    const ids = instances.join(" ");
    throw new UserError(
        `stopped: ${ids}. Start it, and try again: aws ec2 start-instances --instance-ids ${ids}${where}`,
    );
}

/** Many a failed update is a changed address of the person: nobody else is let in by SSH. */
async function sayWhoIsLetIn(pulumi: Pulumi, stack: string): Promise<void> {
    const file = new StackFile(stack);
    if (file.get("berth:host", "kind") !== "ec2" || ec2LabOf(file)) return;
    const { deployment } = await exportState(pulumi, stack);
    const addresses = (deployment?.resources ?? [])
        .filter(({ type }) => type === "aws:ec2/eip:Eip")
        .map(({ outputs }) => String(outputs?.publicIp));
    for (const address of addresses) {
        if (await isOpen(address, 22)) continue;
        const range = JSON.stringify(file.get("berth:host", "sshFrom"));
        say(
            `no answer at ${address}:22. sshFrom lets in ${range} only: is that still you? ` +
                "Ask: curl https://checkip.amazonaws.com",
        );
    }
}
