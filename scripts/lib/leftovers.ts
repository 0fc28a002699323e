import * as fs from "node:fs";
import { stackCommand } from "./hostCommand";
import { findLeftovers } from "./leftovers/afterDown";
import type { Leftover } from "./leftovers/leftover";
import { ensureEngine, stopEngine } from "./localDocker";
import { stackFile } from "./paths";
import { UserError, print } from "./progress";
import { Pulumi } from "./pulumiCli";
import { serverOf } from "./serverOf";
import { StackFile } from "./stack";
import { findState } from "./state";
import { table } from "./table";

const USAGE = `./scripts/leftovers [-s STACK]

Lists whatever of a stack is left: in its state, on this computer, on its server, in its region of AWS (by tags). Changes
nothing. ./scripts/down looks by itself when it is done.

Exit code: 0 where nothing is left, 2 where something is, 1 where it cannot be told.
`;
/** The exit code that says that something is left. */
const LEFT = 2;

stackCommand(USAGE, async (stack) => {
    if (!fs.existsSync(stackFile(stack)))
        throw new UserError(`there is no Pulumi.${stack}.yaml: it says where to look`);
    const file = new StackFile(stack);
    const pulumi = await Pulumi.find();
    const state = await findState(pulumi, stack);
    const inState = state?.deployment?.resources?.filter(({ type }) => type !== "pulumi:pulumi:Stack") ?? [];
    const stateRows =
        inState.length === 0 ? [] : [{ where: "the state", kind: "resources", name: String(inState.length) }];

    const kind = file.get("berth:host", "kind");
    const dockerHost =
        kind === "local" ? await ensureEngine(file.get("berth:host", "dockerHost") as string | undefined) : undefined;
    const servers = kind === "existing" ? { servers: [serverOf(file)] } : {};
    const left: Leftover[] = [
        ...stateRows,
        ...(await findLeftovers(stack, { file, dockerHost, before: inState, ...servers })),
    ];
    if (dockerHost !== undefined) await stopEngine(dockerHost, false);
    if (left.length === 0) {
        print(`nothing of ${stack} is left\n`);
        return 0;
    }
    const rows = left.map(({ where, kind, name, kept }) => [where, kind, name, kept ?? ""]);
    print(table([["WHERE", "WHAT", "NAME", "STAYS, SINCE"], ...rows]));
    return LEFT;
});
