import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Pulumi } from "./pulumiCli";

/** Commands of Pulumi that reach the hosts, some without running the program. */
const DIALING = new Set(["up", "update", "preview", "pre", "refresh", "destroy", "dn", "down", "watch"]);

/** Whether a command of Pulumi needs the client's key on this computer. */
export const needsIdentity = (args: string[]) => DIALING.has(args.find((a) => !a.startsWith("-")) ?? "");

/**
 * Puts the client's key where the docker plugin's ssh looks for it, on a computer that has it not. The stack's outputs
 * hold both, the key as a secret.
 */
export async function restoreIdentity(pulumi: Pulumi, stack: string): Promise<void> {
    const outputs = JSON.parse(await pulumi.output(["stack", "output", "--json", "--stack", stack])) as {
        identity?: { file: string };
    };
    if (!outputs.identity) return; // nothing was made yet
    const file = expandHome(outputs.identity.file);
    if (fs.existsSync(file)) return;
    const args = ["stack", "output", "identity", "--json", "--show-secrets", "--stack", stack];
    const { privateKey } = JSON.parse(await pulumi.output(args)) as { privateKey: string };
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(file, privateKey, { mode: 0o600 });
}

/** `${HOME}/…`, as OpenSSH writes it, for this computer. */
export const expandHome = (file: string) => file.replace("${HOME}", os.homedir());
