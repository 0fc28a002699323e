import { jsonOf, recordOf, recordsOf } from "../../../components/readings";
import { UserError } from "../progress";
import type { Pulumi } from "../pulumiCli";
import type { StackExport } from "../state";
import { type Check, ok, warn } from "./check";

const WHAT = "last update";

/** Whether the last update of a stack, or its removal, ended well. */
export async function lastUpdate(pulumi: Pick<Pulumi, "output">, stack: string, state: StackExport): Promise<Check[]> {
    const goOn = `./scripts/up -s ${stack}`;
    if ((state.deployment?.pending_operations ?? []).length > 0) {
        return [warn(WHAT, "was broken off in the middle", `${goOn} goes on with it`)];
    }
    let history: string;
    try {
        history = await pulumi.output(["stack", "history", "--stack", stack, "--json", "--page-size", "1"]);
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return [warn(WHAT, `nobody can say how it ended: ${error.message.split("\n").at(-1)}`, goOn)];
    }
    const { kind, result } = recordOf(recordsOf(jsonOf(history))[0]);
    if (result === "failed") {
        const again = kind === "destroy" ? `./scripts/down -s ${stack}` : goOn;
        return [warn(WHAT, "failed, perhaps in the middle", `${again} says why, and goes on with it`)];
    }
    return result === "succeeded" ? [ok(WHAT, "ended well")] : [];
}
