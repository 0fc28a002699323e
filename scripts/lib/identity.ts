import * as fs from "node:fs";
import { homeFolder } from "../../components/environment";
import { jsonOf, recordOf, recordsOf, textOf } from "../../components/readings";
import { writeDurably } from "./durableFile";
import type { Pulumi } from "./pulumiCli";

/** Commands of Pulumi that reach the hosts, some without running the program. */
const DIALING = new Set(["up", "update", "preview", "pre", "refresh", "destroy", "dn", "down", "watch", "import"]);

/** Reports whether a command of Pulumi needs the client's key on this computer. */
export const needsIdentity = (command: string) => DIALING.has(command);

/** Reports whether a key is on this computer. An empty file, as a full disk leaves it, is none. */
export const hasKeyFile = (file: string) => (fs.statSync(expandHome(file), { throwIfNoEntry: false })?.size ?? 0) > 0;

/**
 * Puts the client's key where the docker plugin's ssh looks for it, on a computer that has it not. The stack's outputs
 * hold both, the key as a secret.
 */
export async function restoreIdentity(pulumi: Pulumi, stack: string): Promise<void> {
    const outputs = await pulumi.output(["stack", "output", "--json", "--show-secrets", "--stack", stack]);
    for (const { file, privateKey } of identitiesOf(outputs)) {
        if (!hasKeyFile(file)) writeDurably(expandHome(file), privateKey);
    }
}

interface Identity {
    file: string;
    privateKey: string;
}

/** Of a stack's outputs: one host's, or several hosts'. */
export function identitiesOf(json: string): Identity[] {
    const outputs = recordOf(jsonOf(json));
    return [outputs, ...recordsOf(outputs.hosts)].flatMap(({ identity }) => {
        const { file, privateKey } = recordOf(identity);
        const [name, text] = [textOf(file), textOf(privateKey)];
        return name === undefined || text === undefined ? [] : [{ file: name, privateKey: text }];
    });
}

/** `${HOME}/…`, as OpenSSH writes it, for this computer. */
export const expandHome = (file: string) => file.replace("${HOME}", homeFolder());
