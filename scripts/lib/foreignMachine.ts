import { jsonOf, recordsOf } from "../../components/readings";
import { execute } from "./commands";
import { labelFilters, stackLabels, stackPrefix } from "./labels";
import { root } from "./paths";
import { UserError } from "./progress";
import type { StackExport } from "./state";

/** The label on a machine that says which clone of the project made it: index.ts gives it. */
const CLONE_LABEL = "berth.clone";

/** What Docker says of a container or volume, as far as it counts here. */
interface Inspected {
    Id?: string;
    Config?: { Labels?: Record<string, string> | null } | null;
}

/** What is on the local engine under the names of a stack's machine; undefined where nothing is. */
export interface MachineFound {
    container?: Inspected;
    /** Names of volumes. */
    volumes: string[];
}

/** Looks on the local engine for what would be in the way of a machine. An engine that does not answer has its own error. */
export async function findMachine(dockerHost: string, prefix: string): Promise<MachineFound> {
    const inspect = async (kind: string, name: string) => {
        const { exitCode, stdout } = await execute("docker", ["--host", dockerHost, kind, "inspect", name]);
        if (exitCode !== 0) return undefined;
        const [found] = recordsOf(jsonOf(stdout));
        if (found === undefined) throw new UserError(`Docker says nothing of the ${kind} ${name} that can be read`);
        return found as Inspected;
    };
    const names = ["docker", "containerd"].map((use) => `${prefix}-${use}`);
    const [container, ...volumes] = await Promise.all([
        inspect("container", prefix),
        ...names.map((name) => inspect("volume", name)),
    ]);
    return { container, volumes: names.filter((_, at) => volumes[at] !== undefined) };
}

/**
 * Refuses where the machine of a stack of this name is another clone's: Docker would only say that a name is in use, and
 * its volumes would be taken for this stack's.
 *
 * @param state of this clone's stack; undefined where there is none yet
 * @throws UserError with whose it is, and what to do
 */
export function refuseForeignMachine(
    { container, volumes }: MachineFound,
    state: StackExport | undefined,
    { stack, dockerHost, clone = root }: { stack: string; dockerHost: string; clone?: string },
): void {
    const { resources, pending_operations: pending } = state?.deployment ?? {};
    const begun = (pending ?? []).map(({ resource }) => resource);
    const names = [...(resources ?? []), ...begun].flatMap(({ inputs }) => (inputs?.name ? [inputs.name] : []));
    const prefix = stackPrefix(stack);
    const otherwise = "give this stack another name: ./scripts/up -s NAME";
    const removal = `where nothing on it is needed, remove it: ${removalOf(stack, dockerHost)}`;
    if (container && !(resources ?? []).some(({ id }) => id === container.Id) && !isBegun(begun, prefix)) {
        const labels = container.Config?.Labels ?? {};
        const isOfStack = Object.entries(stackLabels(stack)).every(([key, value]) => labels[key] === value);
        const made = labels[CLONE_LABEL];
        if (!isOfStack) {
            throw new UserError(
                `a container that is not of this stack is called ${prefix}: remove it, or ${otherwise}`,
            );
        }
        throw new UserError(
            made === clone
                ? `the machine ${prefix} is there, and this clone's state does not know it: restore the state ` +
                      `(docs/operations.md, "The state is lost"), or, ${removal}`
                : made === undefined
                  ? `the machine ${prefix} is there, and this clone's state does not know it: it belongs to another clone of ` +
                    `the project, or the state was lost (docs/operations.md, "The state is lost"). Work on it there, restore ` +
                    `the state, or ${otherwise}; ${removal}`
                  : `this stack's machine, ${prefix}, belongs to the clone at ${made}: work on it there, or ${otherwise}`,
        );
    }
    const [foreign] = volumes.filter((name) => !names.includes(name));
    if (foreign === undefined) return;
    throw new UserError(
        `the volume ${foreign} holds the data of a machine that this clone's state does not know: another clone's, or ` +
            `one whose state was lost (docs/operations.md), or that a killed run had begun. Work on it there, or ${otherwise}; ` +
            removal,
    );
}

/** The command that removes all that a stack has on the local engine: machine, forwarders, network and volumes. */
function removalOf(stack: string, dockerHost: string): string {
    const docker = `docker --host ${dockerHost}`;
    const filters = labelFilters(stackLabels(stack)).join(" ");
    return ["ps -a", "network ls", "volume ls"]
        .map((list) => {
            const remove = list === "ps -a" ? "rm -f" : `${list.split(" ")[0]} rm`;
            return `${docker} ${list} -q ${filters} | xargs -r ${docker} ${remove}`;
        })
        .join("; ");
}

/** Whether a run of this clone that was killed had begun to make it. */
const isBegun = (begun: { inputs?: Record<string, unknown> }[], name: string) =>
    begun.some(({ inputs }) => inputs?.name === name);
