import { buildHostImage, hostImageName, internetAnswers, startLab } from "./hostImage";
import { restoreIdentity } from "./identity";
import { stackLabels } from "./labels";
import { ensureEngine, startStopped } from "./localDocker";
import { checkPrerequisites } from "./prerequisites";
import { main, say, step } from "./progress";
import { Pulumi } from "./pulumiCli";
import { recover } from "./recovery";
import { StackFile, alone, freePort, splitStack, stackExists } from "./stack";

/** Where the search for a port that leads to the machine's sshd begins. */
const FIRST_SSH_PORT = 20022;

main(async () => {
    const { stack, rest } = splitStack(process.argv.slice(2));
    await checkPrerequisites();
    return alone(stack, () => up(stack, rest));
});

async function up(stack: string, args: string[]): Promise<number> {
    const pulumi = await Pulumi.find();
    await prepareMachine(stack);
    if (await stackExists(pulumi, stack)) {
        await recover(pulumi, stack, stackLabels(stack));
        await restoreIdentity(pulumi, stack);
    } else {
        await pulumi.output(["stack", "init", stack, "--no-select"]);
    }
    const code = await pulumi.show(["up", "--yes", "--skip-preview", "--stack", stack, ...args]);
    if (code === 0) await printUrl(pulumi, stack);
    return code;
}

/** Completes the stack's file, and makes what the embedded host needs on this computer: engine, image, lab. */
async function prepareMachine(stack: string): Promise<void> {
    const file = StackFile.open(stack);
    if (file.get("berth:host", "kind") !== "local") return;

    const dockerHost = await ensureEngine(file.get("berth:host", "dockerHost") as string | undefined);
    const isNew = file.get("berth:host", "image") === undefined;
    const needsLab = isNew ? !(await internetAnswers()) : file.get("berth:lab") !== undefined;
    if (isNew) {
        file.set(["berth:host", "dockerHost"], dockerHost);
        file.set(["berth:host", "image"], hostImageName(!needsLab));
    }
    if (file.get("berth:host", "sshPort") === undefined) {
        file.set(["berth:host", "sshPort"], await freePort(FIRST_SSH_PORT));
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

async function printUrl(pulumi: Pulumi, stack: string): Promise<void> {
    const outputs = JSON.parse(await pulumi.output(["stack", "output", "--json", "--stack", stack])) as {
        url?: string;
    };
    if (outputs.url) process.stdout.write(`\n${outputs.url}\n`);
}
