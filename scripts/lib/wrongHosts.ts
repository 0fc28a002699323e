import { dial } from "./dial";
import { refuseOtherKeys } from "./hostKeys";
import { type NamedHost, hostsIn } from "./hosts";
import { UserError } from "./progress";
import { refuseUnknownKey } from "./refusedKey";
import { serverOf } from "./serverOf";
import type { StackFile } from "./stack";
import { INSTANCE, type StateResource } from "./state";

/**
 * Dials each host once before Pulumi begins, and refuses those that show another key than the pinned one, and an existing
 * server that does not let the stack's key in. The keys of an existing server are the config's, which may have been set
 * right since the last update; those of others are the state's.
 *
 * The embedded host is not dialled: it is the container whose id the state has, on this computer.
 *
 * @param known the hosts that are there, as the state says
 * @param broken commands that finish rotations which were broken off
 * @throws UserError that says what to do, with both fingerprints where it is a host's key
 */
export async function refuseWrongHosts(
    file: Pick<StackFile, "get">,
    known: NamedHost[],
    broken: string[],
): Promise<void> {
    const [finish] = broken.filter((command) => command.endsWith(" host-key"));
    try {
        await dialOnce(file, known);
    } catch (error) {
        if (!(error instanceof UserError) || finish === undefined) throw error;
        throw new UserError(`a host has its new key, and the stack has not: finish that first: ${finish}`);
    }
}

/**
 * Returns the hosts whose server is there: the address of one on EC2 is somebody else's when its instance is gone.
 *
 * @param resources the stack's, without what died with its server
 */
export function hostsThere(resources: StateResource[]): NamedHost[] {
    const servers = resources.filter(({ type }) => type === INSTANCE || type === "aws:ec2/eip:Eip");
    const addresses = servers.flatMap(({ outputs }) => [outputs?.publicIp, outputs?.privateIp, outputs?.publicDns]);
    return hostsIn(resources).filter(({ address }) => addresses.includes(address.replace(/^\[(.*)\]$/, "$1")));
}

async function dialOnce(file: Pick<StackFile, "get">, known: NamedHost[]): Promise<void> {
    const kind = file.get("berth:host", "kind");
    if (kind === "local") return;
    if (kind !== "existing") return refuseOtherKeys(await Promise.all(known.map(dial)), false);
    const server = serverIn(file);
    if (!server) return;
    const dialled = await dial(server);
    refuseOtherKeys([dialled], true);
    refuseUnknownKey(file, dialled);
}

/** Undefined where the config does not say enough, which the program says better. */
function serverIn(file: Pick<StackFile, "get">): NamedHost | undefined {
    try {
        return serverOf(file);
    } catch (error) {
        if (error instanceof UserError) return undefined;
        throw error;
    }
}
