import type { Pulumi } from "./pulumiCli";

/** The type of an EC2 instance. */
export const INSTANCE = "aws:ec2/instance:Instance";

/** One resource of a stack's state, as `pulumi stack export` writes it. */
export interface StateResource {
    urn: string;
    type: string;
    id?: string;
    custom?: boolean;
    parent?: string;
    /** `URN::ID` of its provider. */
    provider?: string;
    inputs?: Record<string, unknown>;
    outputs?: Record<string, unknown>;
    dependencies?: string[];
    propertyDependencies?: Record<string, string[]>;
    deletedWith?: string;
    retainOnDelete?: boolean;
}

export interface StackExport {
    deployment?: {
        resources?: StateResource[];
        pending_operations?: { resource: StateResource; type: string }[];
    };
}

/** Secrets in it stay encrypted. */
export async function exportState(pulumi: Pulumi, stack: string): Promise<StackExport> {
    return JSON.parse(await pulumi.output(["stack", "export", "--stack", stack])) as StackExport;
}

export async function importState(pulumi: Pulumi, stack: string, state: StackExport): Promise<void> {
    await pulumi.output(["stack", "import", "--stack", stack], JSON.stringify(state));
}

/** Takes resources out of a state, and whatever points to them. */
export function withoutResources(resources: StateResource[], gone: Set<string>): StateResource[] {
    const stays = (urn: string) => !gone.has(urn);
    return resources
        .filter(({ urn }) => stays(urn))
        .map((resource) => ({
            ...resource,
            ...(resource.dependencies && { dependencies: resource.dependencies.filter(stays) }),
            ...(resource.propertyDependencies && {
                propertyDependencies: Object.fromEntries(
                    Object.entries(resource.propertyDependencies).map(([key, urns]) => [key, urns.filter(stays)]),
                ),
            }),
            ...(resource.deletedWith && !stays(resource.deletedWith) && { deletedWith: undefined }),
        }));
}

/** @param reference `URN::ID`, as resources name their provider */
export const providerOf = (reference: string | undefined, resources: StateResource[]) =>
    resources.find(({ urn }) => urn === reference?.replace(/::[^:]*$/, ""));

/**
 * How the host of a docker provider is reached.
 *
 * @returns the words before a command of the host's own, such as `ssh -o … ubuntu@host`; undefined where it is an engine of this computer
 */
export function sshWordsOf(provider: StateResource | undefined): string[] | undefined {
    const inputs = provider?.inputs;
    const match = /^ssh:\/\/(.+)@(.+):(\d+)$/.exec(String(inputs?.host));
    if (!match) return undefined;
    const [, user = "", address = "", port = ""] = match;
    // The provider keeps lists as JSON texts in its inputs.
    const options = typeof inputs?.sshOpts === "string" ? (JSON.parse(inputs.sshOpts) as string[]) : [];
    return ["ssh", ...options, "-p", port, `${user}@${address}`];
}
