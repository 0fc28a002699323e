import { execute } from "./commands";
import { say } from "./progress";
import type { Pulumi } from "./pulumiCli";
import { type StateResource, exportState, importState, sshWordsOf, withoutResources } from "./state";

const INSTANCE = "aws:ec2/instance:Instance";
const PROVIDER = "pulumi:providers:docker";
/** Seconds in which a living host answers; long enough for one behind a jump host. */
const PROBE_SECONDS = 10;

/**
 * Notices hosts that went away behind Pulumi's back. Pulumi would call them unchanged, and whoever touches their
 * containers would wait for a host that never answers. AWS is asked about each instance that does not answer; where
 * it is gone, what was on it leaves the state with it, and the next update makes all of it anew.
 *
 * @returns the ids of instances that are there, but stopped
 */
export async function dropDeadHosts(pulumi: Pulumi, stack: string): Promise<string[]> {
    const before = (await exportState(pulumi, stack)).deployment?.resources ?? [];
    const silent: StateResource[] = [];
    for (const instance of before.filter(({ type }) => type === INSTANCE)) {
        if (!(await answers(instance, before))) silent.push(instance);
    }
    if (silent.length === 0) return [];
    say(`no answer from ${silent.map(({ id }) => id).join(", ")}: asking AWS what became of it`);
    const targets = before.filter(({ type, custom }) => custom && type.startsWith("aws:")).map(({ urn }) => urn);
    await pulumi.output([
        ...["refresh", "--yes", "--skip-preview", "--stack", stack],
        ...targets.flatMap((urn) => ["--target", urn]),
    ]);
    const state = await exportState(pulumi, stack);
    const after = state.deployment?.resources ?? [];
    const gone = silent.filter(({ urn }) => !after.some((resource) => resource.urn === urn));
    for (const { id } of gone) say(`the instance ${id} is gone: what was on it leaves the state`);
    const children = childrenOf(gone, before);
    if (state.deployment && children.size > 0) {
        state.deployment.resources = withoutResources(after, children);
        await importState(pulumi, stack, state);
    }
    return after
        .filter(
            ({ urn, outputs }) => silent.some((i) => i.urn === urn) && /^stopp/.test(String(outputs?.instanceState)),
        )
        .map(({ id = "" }) => id);
}

/** What dies with an instance, and needs nothing else to be deleted. */
export function childrenOf(instances: StateResource[], resources: StateResource[]): Set<string> {
    const dead = new Set(instances.map(({ urn }) => urn));
    return new Set(resources.filter(({ deletedWith }) => deletedWith && dead.has(deletedWith)).map(({ urn }) => urn));
}

/** Whether an instance lets us in. One on which nothing was installed yet has no way to ask; it is left to the update. */
async function answers(instance: StateResource, resources: StateResource[]): Promise<boolean> {
    const ssh = sshWordsOf(providerOn(instance, resources));
    if (!ssh) return true;
    const [command = "", ...words] = ssh;
    const options = ["-o", "BatchMode=yes", "-o", `ConnectTimeout=${PROBE_SECONDS}`];
    const args = [...options, ...words, "true"];
    const { exitCode } = await execute(command, args, { timeout: 3 * PROBE_SECONDS * 1000 });
    return exitCode === 0;
}

/** The docker provider of what dies with the instance. */
function providerOn(instance: StateResource, resources: StateResource[]): StateResource | undefined {
    const used = resources.filter((r) => r.deletedWith === instance.urn && r.type.startsWith("docker:"));
    const urn = used[0]?.provider?.replace(/::[^:]*$/, "");
    return resources.find((r) => r.type === PROVIDER && r.urn === urn);
}
