import * as fs from "node:fs";
import { shellQuote } from "../../components/shellQuote";
import { type CommandResult, execute, run } from "./commands";
import { labelFilters } from "./labels";
import { removeOrphanInstances } from "./orphanInstances";
import { stackFile } from "./paths";
import { say } from "./progress";
import type { Pulumi } from "./pulumiCli";
import { liftLocks } from "./pulumiLocks";
import { replaceState } from "./replaceState";
import { StackFile } from "./stack";
import { type StackExport, type StateResource, providerOf, sshHostOf, sshWords, withoutResources } from "./state";

/** Milliseconds after which a host is taken for one that does not answer. */
const LOOK_TIMEOUT = 30_000;
/** Kinds of the docker provider that block a second creation by their name. */
const KINDS: Record<string, string> = {
    "docker:index/container:Container": "container",
    "docker:index/network:Network": "network",
};

/**
 * Repairs what a killed run left behind: its lock on the state, what it had begun to create when it died, which would
 * block the next run by its name, and what it had begun to remove. Only what carries this stack's labels is removed.
 *
 * To be called under the lock of ./scripts/up: nobody else of this clone is at work then.
 *
 * @param exported the stack's state
 * @returns the stack's resources
 */
export async function recover(
    pulumi: Pulumi,
    stack: string,
    exported: StackExport,
    labels: Record<string, string>,
): Promise<StateResource[]> {
    liftLocks(stack);
    const pending = exported.deployment?.pending_operations ?? [];
    const resources = exported.deployment?.resources ?? [];
    if (pending.length === 0) return resources;
    const interrupted = pending.filter(({ type }) => type === "creating").map(({ resource }) => resource);
    const unseen = new Set<StateResource>();
    for (const resource of interrupted) if (!(await removeOrphan(resource, resources, labels))) unseen.add(resource);
    if (fs.existsSync(stackFile(stack))) await removeOrphanInstances(interrupted, resources, new StackFile(stack));
    const removed = new Set<string>();
    for (const { resource } of pending.filter((operation) => operation.type === "deleting")) {
        const isGone = await finishDeletion(resource, resources, labels);
        if (isGone === undefined) unseen.add(resource);
        else if (isGone && resources.some(({ urn, id }) => urn === resource.urn && id === resource.id))
            removed.add(resource.urn);
    }
    const left = pending.filter(({ resource }) => unseen.has(resource));
    if (left.length === pending.length) return resources;
    const pending_operations = left.length > 0 ? left : undefined;
    const living = withoutResources(resources, removed);
    const after = { ...exported, deployment: { ...exported.deployment, resources: living, pending_operations } };
    await replaceState(pulumi, stack, { before: exported, after });
    return living;
}

/**
 * Removes a container whose removal a killed run had begun: it may be stopped, or gone, and the state would call it
 * unchanged where the person has put its service back.
 *
 * @returns whether it has left its engine; undefined where that does not answer. Nothing else than containers does
 */
async function finishDeletion(
    resource: StateResource,
    resources: StateResource[],
    labels: Record<string, string>,
): Promise<boolean | undefined> {
    if (KINDS[resource.type] !== "container" || !resource.id) return false;
    const docker = dockerOf(resource, resources);
    if (!docker) return false;
    const [command, ...args] = docker(["ps", "-aq", "--filter", `id=${resource.id}`, ...labelFilters(labels)]);
    const listed = await execute(command ?? "", args, { timeout: LOOK_TIMEOUT });
    const name = String(resource.inputs?.name);
    if (listed.exitCode !== 0) {
        say(`the container ${name}, whose removal was broken off, cannot be looked for: ${reasonOf(listed)}`);
        return undefined;
    }
    for (const id of listed.stdout.split("\n").filter(Boolean)) {
        say(`removing the container ${name}, whose removal was broken off`);
        const [remove, ...words] = docker(["rm", "-f", id]);
        await run(remove ?? "", words);
    }
    return true;
}

/**
 * Removes the container or network that was being created, if it exists and is the stack's.
 *
 * @returns false where its host does not answer: it may be gone, which whoever comes next finds out
 */
async function removeOrphan(
    resource: StateResource,
    resources: StateResource[],
    labels: Record<string, string>,
): Promise<boolean> {
    const kind = KINDS[resource.type];
    const name = resource.inputs?.name;
    if (!kind || typeof name !== "string") return true;
    const docker = dockerOf(resource, resources);
    if (!docker) return true;
    const list = kind === "container" ? ["ps", "-aq"] : ["network", "ls", "-q"];
    const anchored = `^/?${name.replace(/[.]/g, "\\.")}$`;
    const [command, ...args] = docker([...list, "--filter", `name=${anchored}`, ...labelFilters(labels)]);
    const listed = await execute(command ?? "", args, { timeout: LOOK_TIMEOUT });
    if (listed.exitCode !== 0) {
        say(`the ${kind} ${name}, which a killed run had begun, cannot be looked for: ${reasonOf(listed)}`);
        return false;
    }
    for (const id of listed.stdout.split("\n").filter(Boolean)) {
        say(`removing the ${kind} ${name}, which a killed run had begun`);
        const [remove, ...words] = docker(kind === "container" ? ["rm", "-f", id] : ["network", "rm", id]);
        await run(remove ?? "", words);
    }
    return true;
}

const reasonOf = ({ error, all }: CommandResult) => error?.message ?? (all.split("\n").at(-1) || "no answer");

/** How the docker CLI is run against the engine of the resource's provider: here, or on the host by ssh. */
function dockerOf(resource: StateResource, resources: StateResource[]): ((args: string[]) => string[]) | undefined {
    const provider = providerOf(resource.provider, resources);
    const host = provider?.inputs?.host;
    if (typeof host === "string" && host.startsWith("unix://")) return (args) => ["docker", "--host", host, ...args];
    const ssh = sshHostOf(provider);
    return ssh && ((args) => [...sshWords(ssh), ["docker", ...args].map(shellQuote).join(" ")]);
}
