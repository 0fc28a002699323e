import { refuseOtherKeys } from "./hostKeys";
import type { NamedHost } from "./hosts";
import { UserError } from "./progress";
import { serverOf } from "./serverOf";
import type { StackFile } from "./stack";

/**
 * Refuses hosts that show another key than the pinned one, before Pulumi begins. The key of an existing server is the
 * config's, which may have been set right since the last update; that of others is the state's.
 *
 * @param known the hosts of which the state knows
 * @throws UserError that names both fingerprints, and what to do
 */
export async function refuseWrongHosts(file: StackFile, known: NamedHost[]): Promise<void> {
    if (file.get("berth:host", "kind") !== "existing") return refuseOtherKeys(known, false);
    const server = serverIn(file);
    if (server) await refuseOtherKeys([server], true);
}

/** Undefined where the config does not say enough, which the program says better. */
function serverIn(file: StackFile): NamedHost | undefined {
    try {
        return serverOf(file);
    } catch (error) {
        if (error instanceof UserError) return undefined;
        throw error;
    }
}
