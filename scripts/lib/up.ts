import * as fs from "node:fs";
import * as path from "node:path";
import { buildHostImage, hostImageName, internetAnswers, startLab } from "./hostImage";
import { restoreIdentity } from "./identity";
import { ensureEngine } from "./localDocker";
import { withLock } from "./lock";
import { own, stackFile } from "./paths";
import { checkPrerequisites } from "./prerequisites";
import { main, say, step } from "./progress";
import { Pulumi } from "./pulumiCli";
import { recover } from "./recovery";
import { StackFile, splitStack, stackExists } from "./stack";

main(async () => {
    const { stack, rest } = splitStack(process.argv.slice(2));
    await checkPrerequisites();
    return withLock(
        path.join(own, `${stack}.lock`),
        () => up(stack, rest),
        (pid) => say(`another run (pid ${pid}) works on the stack ${stack}: waiting for it`),
    );
});

async function up(stack: string, args: string[]): Promise<number> {
    const pulumi = await Pulumi.find();
    await prepareMachine(stack);
    if (await stackExists(pulumi, stack)) {
        await recover(pulumi, stack, { "berth.project": "berth", "berth.stack": stack });
        await restoreIdentity(pulumi, stack);
    } else {
        await pulumi.output(["stack", "init", stack, "--no-select"]);
    }
    const code = await pulumi.show(["up", "--yes", "--skip-preview", "--stack", stack, ...args]);
    if (code === 0) await printUrl(pulumi, stack);
    return code;
}

/** The stack's file, and what the embedded host needs on this computer: an engine, an image, the lab. */
async function prepareMachine(stack: string): Promise<void> {
    const isNew = !fs.existsSync(stackFile(stack));
    const file = isNew ? await StackFile.create(stack) : new StackFile(stack);
    if (file.get("berth:host", "kind") !== "local") return;

    const dockerHost = await ensureEngine(file.get("berth:host", "dockerHost") as string | undefined);
    const needsLab = isNew ? !(await internetAnswers()) : file.get("berth:lab") !== undefined;
    if (isNew) {
        file.set("berth:host", "dockerHost", dockerHost);
        file.set("berth:host", "image", hostImageName(!needsLab));
    }
    if (needsLab) {
        if (isNew)
            say("Docker's registry and packages cannot be reached: stand-ins made of Debian's packages serve instead");
        const { nginx, ...lab } = await step("lab", () => startLab(dockerHost));
        file.set("berth:lab", undefined, {
            network: lab.network,
            aptUrl: lab.aptUrl,
            aptFingerprint: lab.aptFingerprint,
            registryMirror: lab.registryMirror,
        });
        const newest = nginx.at(-1);
        if (isNew && newest && !nginx.includes("1.30")) {
            say(`the stand-in registry has no nginx 1.30: ${newest} is used`);
            file.setService("web", "image", `nginx:${newest}`);
        }
    }
    await buildHostImage(String(file.get("berth:host", "image")), dockerHost);
    file.save();
}

async function printUrl(pulumi: Pulumi, stack: string): Promise<void> {
    const outputs = JSON.parse(await pulumi.output(["stack", "output", "--json", "--stack", stack])) as {
        url?: string;
    };
    if (outputs.url) process.stdout.write(`\n${outputs.url}\n`);
}
