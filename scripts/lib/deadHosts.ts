import { execute } from "./commands";
import { MACHINE } from "./machinePort";
import { say } from "./progress";
import type { Pulumi } from "./pulumiCli";
import { replaceState } from "./replaceState";
import { INSTANCE, type StateResource, exportState, providerOf, sshHostOf, sshWords, withoutResources } from "./state";

const STACK = "pulumi:pulumi:Stack";
/** Seconds in which a living host answers; long enough for one behind a jump host. */
const PROBE_SECONDS = 10;

/**
 * Notices hosts that went away behind Pulumi's back. Pulumi would call them unchanged, and whoever touches their
 * containers would wait for a host that never answers. Where AWS, or the local engine, knows nothing of a host any
 * more, it leaves the state with what was on it, and the next update makes all of it anew.
 *
 * @param before the stack's resources
 * @returns its resources after that, and the ids of instances that are there, but stopped
 */
export async function dropDeadHosts(
    pulumi: Pulumi,
    stack: string,
    before: StateResource[],
): Promise<{ resources: StateResource[]; stopped: string[] }> {
    const silent: StateResource[] = [];
    for (const host of before.filter(isHost)) {
        if (!(await answers(host, before))) silent.push(host);
    }
    if (silent.length === 0) return { resources: before, stopped: [] };
    say(`no sign of ${silent.map(nameOf).join(", ")}: asking what became of it`);
    const isAsked = (r: StateResource) =>
        silent.some((host) => host.urn === r.urn || (r.custom && host.provider === r.provider && r.provider));
    const asked = before.filter(isAsked);
    await pulumi.output([
        ...["refresh", "--yes", "--skip-preview", "--stack", stack],
        ...asked.flatMap(({ urn }) => ["--target", urn]),
    ]);
    const state = await exportState(pulumi, stack);
    const after = state.deployment?.resources ?? [];
    // A state without its root says nothing of what is gone.
    if (!after.some(({ type }) => type === STACK)) return { resources: before, stopped: [] };
    const gone = asked.filter(({ urn }) => !after.some((resource) => resource.urn === urn));
    for (const host of gone.filter(isHost)) say(`${nameOf(host)} is gone: what was on it leaves the state`);
    const children = childrenOf(gone, before);
    const resources = withoutResources(after, children);
    if (state.deployment && children.size > 0) {
        // What a killed run had begun there died with it.
        const urns = new Set(gone.map(({ urn }) => urn));
        const pending_operations = state.deployment.pending_operations?.filter(
            ({ resource }) => !urns.has(resource.deletedWith ?? ""),
        );
        const deployment = { ...state.deployment, resources, pending_operations };
        await replaceState(pulumi, stack, { before: state, after: { ...state, deployment } });
    }
    const stopped = after.filter(
        ({ urn, outputs }) => silent.some((h) => h.urn === urn) && /^stopp/.test(String(outputs?.instanceState)),
    );
    return { resources, stopped: stopped.map(({ id = "" }) => id) };
}

/** What is a host by itself: an instance, or the container that is the embedded host. */
const isHost = ({ type, urn }: StateResource) => type === INSTANCE || MACHINE.test(urn);

const nameOf = (host: StateResource) =>
    host.type === INSTANCE ? `the instance ${host.id}` : `the machine ${String(host.inputs?.name)}`;

/** What dies with a resource, and needs nothing else to be deleted. */
export function childrenOf(gone: StateResource[], resources: StateResource[]): Set<string> {
    const dead = new Set(gone.map(({ urn }) => urn));
    return new Set(resources.filter(({ deletedWith }) => deletedWith && dead.has(deletedWith)).map(({ urn }) => urn));
}

function answers(host: StateResource, resources: StateResource[]): Promise<boolean> {
    return host.type === INSTANCE ? letsUsIn(host, resources) : isOnEngine(host, resources);
}

/** Whether the local engine has the machine, running or not. An engine that does not answer has lost nothing. */
async function isOnEngine({ id = "", provider }: StateResource, resources: StateResource[]): Promise<boolean> {
    const host = providerOf(provider, resources)?.inputs?.host;
    if (typeof host !== "string" || id === "") return true;
    const { exitCode, all } = await execute("docker", ["--host", host, "container", "inspect", id]);
    return exitCode === 0 || !/no such container/i.test(all);
}

/** Whether an instance lets us in. One on which nothing was installed yet has no way to ask; it is left to the update. */
async function letsUsIn(instance: StateResource, resources: StateResource[]): Promise<boolean> {
    const host = sshHostOf(providerOn(instance, resources));
    if (!host) return true;
    const [command = "", ...words] = sshWords(host, ["-o", "BatchMode=yes", "-o", `ConnectTimeout=${PROBE_SECONDS}`]);
    const { exitCode } = await execute(command, [...words, "true"], { timeout: 3 * PROBE_SECONDS * 1000 });
    return exitCode === 0;
}

/** The docker provider of what dies with the instance. */
function providerOn(instance: StateResource, resources: StateResource[]): StateResource | undefined {
    const used = resources.filter((r) => r.deletedWith === instance.urn && r.type.startsWith("docker:"));
    return providerOf(used[0]?.provider, resources);
}
