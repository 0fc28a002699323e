import * as fs from "node:fs";
import { ensureKeys, hostsIn } from "./hosts";
import { needsIdentity } from "./identity";
import { main } from "./progress";
import { Pulumi } from "./pulumiCli";
import { stackFile } from "./paths";
import { StackFile, splitStack } from "./stack";
import { refuseOutsideLab } from "./standIn";
import { findState } from "./state";

main(async () => {
    const args = process.argv.slice(2);
    const pulumi = await Pulumi.find();
    const { stack, named, rest } = splitStack(args);
    // Without `pulumi stack select`, a command means the stack that ./scripts/up makes.
    if (!named && takesStack(rest)) args.push("--stack", stack);
    if (changesHosts(rest)) {
        const file = fs.existsSync(stackFile(stack)) ? new StackFile(stack) : undefined;
        refuseOutsideLab(pulumi.toolchain, file, await findState(pulumi, stack));
    }
    if (needsIdentity(rest)) {
        const state = await findState(pulumi, stack);
        await ensureKeys(pulumi, stack, hostsIn(state?.deployment?.resources ?? []));
    }
    return pulumi.show(args);
});

/** Commands that ask the hosts' provider, or tell it what to do. */
function changesHosts(args: string[]): boolean {
    const [command = ""] = args.filter((a) => !a.startsWith("-"));
    return "up update preview pre refresh destroy dn down watch import".split(" ").includes(command);
}

/** Commands that work on one stack and take `--stack`. */
function takesStack(args: string[]): boolean {
    const commands =
        "up update preview pre refresh destroy dn down watch config logs cancel console stack state import";
    const [command, sub] = args.filter((a) => !a.startsWith("-"));
    if (command === "stack")
        return !["init", "ls", "select", "rm", "rename", "tag", "change-secrets-provider"].includes(sub ?? "");
    return command !== undefined && commands.split(" ").includes(command) && !args.includes("--");
}
