import { type ReleaseText, hostFolder } from "../../components/services";
import { execute } from "./commands";
import { restoreIdentity } from "./identity";
import { projectName } from "./labels";
import { UserError } from "./progress";
import type { Pulumi } from "./pulumiCli";

/** A release as the host's ledger has it. */
export interface Release extends ReleaseText {
    /** Its number, among all of the stack's on that host. */
    release: number;
    /** When it went live: UTC, ISO 8601. */
    time: string;
    /** What the very image is asked for by: a digest, or a tag of the host. */
    restore: string;
    /** `sha256:…` */
    image: string;
}

/**
 * The releases of each host of a stack, the oldest first.
 *
 * @throws UserError where the stack is not up, or a host does not answer
 */
export async function readLedgers(pulumi: Pulumi, stack: string): Promise<Release[][]> {
    await restoreIdentity(pulumi, stack);
    const outputs = JSON.parse(await pulumi.output(["stack", "output", "--json", "--stack", stack])) as Outputs;
    const hosts = (outputs.hosts ?? [outputs]).flatMap(({ ssh }) => ssh ?? []);
    if (hosts.length === 0) throw new UserError(`the stack ${stack} is not up: ./scripts/up -s ${stack}`);
    const file = hostFolder(`${projectName()}-${stack}`, "releases.jsonl");
    return Promise.all(hosts.map((ssh) => readLedger(ssh, file)));
}

interface Outputs {
    ssh?: string;
    hosts?: { ssh?: string }[];
}

/** @param ssh a command line, as the stack's outputs have it */
async function readLedger(ssh: string, file: string): Promise<Release[]> {
    const read = `if [ "$(id -u)" = 0 ]; then cat '${file}'; else sudo -n cat '${file}'; fi`;
    const { exitCode, stdout, all } = await execute("bash", ["-c", `${ssh} "$1"`, "bash", read]);
    if (exitCode === 0) return parseLedger(stdout);
    if (/No such file/.test(all)) return [];
    throw new UserError(`the host does not answer: ${all.split("\n").at(-1) ?? ""}`);
}

/** A line that was torn by a power cut is left out. */
export function parseLedger(text: string): Release[] {
    return text.split("\n").flatMap((line) => {
        try {
            return [JSON.parse(line) as Release];
        } catch {
            return [];
        }
    });
}
