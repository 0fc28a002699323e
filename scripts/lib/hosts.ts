import * as fs from "node:fs";
import * as path from "node:path";
import { hasKeyFile, restoreIdentity } from "./identity";
import { own } from "./paths";
import { UserError } from "./progress";
import type { Pulumi } from "./pulumiCli";
import { type SshHost, type StateResource, exportState, sshHostOf } from "./state";

/** A host of a stack, as `-H` names it. */
export interface NamedHost extends SshHost {
    /** Its name in the stack's config; `host` where the stack has one host without a name. */
    name: string;
}

/** What a stack has, and how its hosts are reached. */
export interface LiveStack {
    hosts: NamedHost[];
    resources: StateResource[];
}

/**
 * Looks up the hosts of a stack that is up. Their client keys are on this computer then.
 *
 * @param options.secrets whether the resources show their secrets. Default: false
 * @throws UserError where there is no such stack, or it has no host
 */
export async function openStack(pulumi: Pulumi, stack: string, { secrets = false } = {}): Promise<LiveStack> {
    const { deployment } = await exportState(pulumi, stack, secrets);
    const resources = deployment?.resources ?? [];
    const hosts = hostsIn(resources);
    if (hosts.length === 0) throw new UserError(`the stack ${stack} is not up: ./scripts/up -s ${stack}`);
    await ensureKeys(pulumi, stack, hosts);
    return { hosts, resources };
}

/** Sees to it that the hosts' client keys are on this computer. */
export async function ensureKeys(pulumi: Pulumi, stack: string, hosts: NamedHost[]): Promise<void> {
    if (!hosts.every(hasKey)) await restoreIdentity(pulumi, stack);
}

/** Each engine's provider says how its host is reached. */
export function hostsIn(resources: StateResource[]): NamedHost[] {
    return resources.flatMap((resource) => {
        const host = sshHostOf(resource);
        const name = /^(?:(.+)\/)?engine-engine$/.exec(resource.urn.split("::").at(-1) ?? "");
        return host && name ? [{ name: name[1] ?? "host", ...host }] : [];
    });
}

function hasKey({ options }: SshHost): boolean {
    const file = options.find((option) => option.startsWith("IdentityFile="))?.slice("IdentityFile=".length);
    return file === undefined || hasKeyFile(file);
}

/**
 * The host that `-H` names, or the only one.
 *
 * @throws UserError with the names that there are
 */
export function chooseHost(hosts: NamedHost[], name: string | undefined): NamedHost {
    const names = hosts.map((host) => host.name).join(", ");
    const [first, ...others] = name === undefined ? hosts : hosts.filter((host) => host.name === name);
    if (first && others.length === 0) return first;
    throw new UserError(
        first === undefined
            ? `there is no host ${JSON.stringify(name)}: choose one of ${names}`
            : `say which host with -H: ${names}`,
    );
}

/** The host that `-H` names, or all of them. */
export const chosenHosts = (hosts: NamedHost[], name: string | undefined): NamedHost[] =>
    name === undefined ? hosts : [chooseHost(hosts, name)];

/** The folder of an `ssh` that reaches one host and no other. */
export function wrapperFolder({ user, address, port }: SshHost): string {
    return path.join(own, "ssh", encodeURIComponent(`${user}@${address}:${port}`));
}

/** Removes what was made to reach hosts that are gone. */
export function forgetHosts(hosts: SshHost[]): void {
    for (const host of hosts) fs.rmSync(wrapperFolder(host), { recursive: true, force: true });
}
