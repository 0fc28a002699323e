import { isDeepStrictEqual } from "node:util";
import { stateFolder } from "./backend";
import { UserError } from "./progress";
import type { Pulumi } from "./pulumiCli";
import { liftLocks } from "./pulumiLocks";
import { type StackExport, findState, importState } from "./state";

export interface StateChange {
    /** As it was exported, untouched. */
    before: StackExport;
    /** What takes its place. */
    after: StackExport;
    /** Whether both show their secrets. Default: false */
    secrets?: boolean;
}

/**
 * Imports a state that was made from an exported one. Our lock is this clone's: another clone may have changed the same
 * state meanwhile, and that change would be lost.
 *
 * @throws UserError where the state is not what was exported any more, or another run has locked it
 */
export async function replaceState(
    pulumi: Pick<Pulumi, "output">,
    stack: string,
    { before, after, secrets = false }: StateChange,
    folder = stateFolder(),
): Promise<void> {
    liftLocks(stack, folder);
    const now = await findState(pulumi, stack, secrets);
    if (!isDeepStrictEqual(now?.deployment, before.deployment)) {
        throw new UserError(
            `another run has changed the state of the stack ${stack} meanwhile: nothing was written to it. ` +
                "When that run has ended, try again",
        );
    }
    await importState(pulumi, stack, after);
}
