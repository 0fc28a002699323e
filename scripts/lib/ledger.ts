import { hostFolder } from "../../components/services/files/hostFolder";
import type { ReleaseText } from "../../components/services/releases/releaseLedger";
import { asRoot } from "../../components/host/asRoot";
import { jsonOf, numberOf, recordOf, textOf } from "../../components/readings";
import { type NamedHost, openStack } from "./hosts";
import { stackPrefix } from "./labels";
import { overSsh } from "./overSsh";
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

/** A host with what was released on it, the oldest first. */
export interface HostLedger {
    host: NamedHost;
    releases: Release[];
}

/**
 * The ledgers of a stack's hosts.
 *
 * @throws UserError where the stack is not up, or a host does not answer
 */
export async function readLedgers(pulumi: Pulumi, stack: string): Promise<HostLedger[]> {
    const { hosts } = await openStack(pulumi, stack);
    const file = hostFolder(stackPrefix(stack), "releases.jsonl");
    return Promise.all(hosts.map(async (host) => ({ host, releases: await readLedger(host, file) })));
}

async function readLedger(host: NamedHost, file: string): Promise<Release[]> {
    const { exitCode, stdout, all } = await overSsh(host, asRoot(host.user, ["cat", file]));
    if (exitCode === 0) return parseLedger(stdout);
    if (/No such file/.test(all)) return [];
    throw new UserError(`the host does not answer: ${all.split("\n").at(-1) ?? ""}`);
}

/** A line that was torn by a power cut, or is none of ours, is left out. */
export function parseLedger(text: string): Release[] {
    return text.split("\n").flatMap((line) => {
        const release = recordOf(jsonOf(line));
        const isWhole =
            TEXTS.every((key) => textOf(release[key]) !== undefined) && numberOf(release.release) !== undefined;
        return isWhole ? [release as unknown as Release] : [];
    });
}

/** What each line has besides its number, and what is shown and gone back to. */
const TEXTS = ["service", "time", "of", "restore", "image"];
