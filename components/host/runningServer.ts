import { flagOf, numberOf, recordOf, textOf } from "../readings";
import { StackOutputs } from "../stackOutputs";
import type { Ec2HostConfig } from "./hostSchema";
import { publicKeyOf } from "./publicKey";
import type { GivenKey } from "./sshIdentity";

/** What a server was made with and cannot change while it runs. Kept among the host's outputs in the state. */
export interface ServerFacts {
    generation: number;
    architecture: string;
    elasticIp: boolean;
    /** `none`, `own`, or the id of a volume that was given. */
    dataDisk: string;
    /** Whether the data disk is deleted with its host. Absent in what an older version wrote: not known then. */
    diskDies?: boolean;
    /** The public half of the key that logs in; `made` where it is the stack's own. */
    clientKey: string;
    protected: boolean;
}

export function factsOf(config: Ec2HostConfig, architecture: string, clientKey: GivenKey | undefined): ServerFacts {
    return {
        generation: config.generation,
        architecture,
        elasticIp: config.elasticIp,
        dataDisk: config.dataDisk ? (config.dataDisk.volumeId ?? "own") : "none",
        diskDies: config.dataDisk?.deleteOnDestroy ?? false,
        clientKey: clientKey ? publicKeyOf(clientKey.privateKey) : "made",
        protected: config.terminationProtection,
    };
}

/** What is known of a running server: one whose creation failed has written down nothing, or a part. */
export type KnownFacts = Partial<ServerFacts>;

/** Reads facts that an update wrote down; what is not there, or of another type, is not known. */
export function readFacts(value: unknown): KnownFacts {
    const {
        generation,
        architecture,
        elasticIp,
        dataDisk,
        diskDies,
        clientKey,
        protected: isProtected,
    } = recordOf(value);
    return {
        generation: numberOf(generation),
        architecture: textOf(architecture),
        elasticIp: flagOf(elasticIp),
        dataDisk: textOf(dataDisk),
        diskDies: flagOf(diskDies),
        clientKey: textOf(clientKey),
        protected: flagOf(isProtected),
    };
}

/**
 * What the config asks of a running server that would lose its data, or that it cannot do.
 *
 * @param before what is not known of it speaks against nothing, but that its data lies on a disk of its own
 * @param now undefined where the host goes
 * @returns a line for each mistake, with its place and the remedy
 */
export function serverMistakes(before: KnownFacts, now: ServerFacts | undefined, protectVolumes: boolean): string[] {
    const differs = <Key extends keyof ServerFacts>(key: Key) =>
        now !== undefined && before[key] !== undefined && now[key] !== before[key];
    const keepsData = before.dataDisk !== undefined && before.dataDisk !== "none";
    const replaced = now === undefined || differs("generation");
    if (replaced && before.protected) {
        const place = now === undefined ? "count" : "generation";
        return [
            `berth:host.${place}: the server that would go is protected from termination; set terminationProtection: false ` +
                `and run ./scripts/up first`,
        ];
    }
    const unprotect = "when nothing on it is needed: ./scripts/pulumi config set -s STACK berth:protectVolumes false";
    if (now === undefined) {
        if (!protectVolumes || (keepsData && before.diskDies === false)) return [];
        return [
            `berth:host.count: with a host that goes, the named volumes on its disk go too; put the count back` +
                `${keepsData ? ", set dataDisk.deleteOnDestroy: false and run ./scripts/up first" : ""}, or, ` +
                unprotect,
        ];
    }
    if (replaced) {
        // A disk that is new with the new server has nothing of the old one's: it has to be there before.
        if (!protectVolumes || (keepsData && now.dataDisk === before.dataDisk)) return [];
        const put = keepsData ? `put dataDisk back (${before.dataDisk})` : "give it a dataDisk";
        return [
            `berth:host.generation: ${now.generation}: the server is replaced, and with it go the named volumes on its disk; ` +
                `put generation: ${before.generation} back, ${put} and run ./scripts/up first, or, ${unprotect}`,
        ];
    }
    const newServer = `add one to generation for a new server`;
    const mistakes: string[] = [];
    if (differs("architecture")) {
        mistakes.push(
            `berth:host.instanceType: it is ${now.architecture}, the running server ${String(before.architecture)}; ${newServer}`,
        );
    }
    if (keepsData && differs("dataDisk")) {
        mistakes.push(
            `berth:host.dataDisk: the named volumes of the running server are on its disk; leave it, or ${newServer}, and, ${unprotect}`,
        );
    }
    if (differs("clientKey")) {
        mistakes.push(
            `berth:host.privateKeyFile: the running server lets in another key only; put that back, or ${newServer}`,
        );
    }
    if (before.elasticIp && !now.elasticIp) {
        mistakes.push(`berth:host.elasticIp: the running server is known by it; leave it, or ${newServer}`);
    }
    return mistakes;
}

/**
 * Returns the facts of the stack's servers as the last update left them, by the host's name. A host whose instance AWS
 * refused is no server.
 */
export async function runningServers(): Promise<Map<string, KnownFacts>> {
    const before = await StackOutputs.read();
    const instances = [...before.ofType("aws:ec2/instance:Instance").keys()];
    const hosts = [...before.ofType<{ server: unknown }>("berth:index:Ec2Host")].filter(
        ([name, { server }]) =>
            isKnown(server) || instances.some((instance) => instance.startsWith(`${name}-instance`)),
    );
    return new Map(hosts.map(([name, { server }]) => [name, readFacts(server)]));
}

const isKnown = (server: unknown) => Object.keys(recordOf(server)).length > 0;
