import { setTimeout } from "node:timers/promises";
import { flagOf, jsonOf, recordOf, recordsOf, textOf, textsOf } from "../../components/readings";
import { UserError } from "./progress";
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

/**
 * Reads a state as `pulumi stack export` prints it, parsed. Whatever Pulumi takes is taken: null is as good as absent at any place.
 * What its inputs and outputs hold is for their readers.
 *
 * @throws UserError where it is no state: taken for an empty one, it could be written back
 */
export function readState(state: unknown): StackExport {
    const { deployment } = recordOf(state);
    const { resources, pending_operations } = recordOf(deployment);
    const isNone = (value: unknown) => value === undefined || value === null;
    const isState =
        isObject(state) &&
        (isNone(deployment) || isObject(deployment)) &&
        [resources, pending_operations].every((list) => isNone(list) || Array.isArray(list));
    if (!isState) throw new UserError("the state of the stack cannot be read: see ./scripts/pulumi stack export");
    if (isNone(deployment)) return { ...recordOf(state), deployment: undefined };
    return {
        ...recordOf(state),
        deployment: {
            ...recordOf(deployment),
            ...(Array.isArray(resources) && { resources: recordsOf(resources).map(readResource) }),
            ...(Array.isArray(pending_operations) && {
                pending_operations: recordsOf(pending_operations).map((operation) => ({
                    ...operation,
                    resource: readResource(recordOf(operation.resource)),
                    type: textOf(operation.type) ?? "",
                })),
            }),
        },
    };
}

const isObject = (value: unknown) => recordOf(value) === value;

function readResource(raw: Readonly<Record<string, unknown>>): StateResource {
    const { dependencies, propertyDependencies } = raw;
    return omitUndefined({
        ...raw,
        urn: textOf(raw.urn) ?? "",
        type: textOf(raw.type) ?? "",
        id: textOf(raw.id),
        custom: flagOf(raw.custom),
        parent: textOf(raw.parent),
        provider: textOf(raw.provider),
        inputs: isObject(raw.inputs) ? recordOf(raw.inputs) : undefined,
        outputs: isObject(raw.outputs) ? recordOf(raw.outputs) : undefined,
        dependencies: Array.isArray(dependencies) ? textsOf(dependencies) : undefined,
        propertyDependencies: isObject(propertyDependencies)
            ? Object.fromEntries(
                  Object.entries(recordOf(propertyDependencies)).map(([key, urns]) => [key, textsOf(urns)]),
              )
            : undefined,
        deletedWith: textOf(raw.deletedWith),
        retainOnDelete: flagOf(raw.retainOnDelete),
    });
}

const omitUndefined = <T extends object>(value: T): T =>
    Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;

/** A state cannot be read while another run writes it: that is over in a moment. */
const BEING_WRITTEN = /EOF|unexpected end of JSON|code=NotFound.*\.tmp/;
const READ_ATTEMPTS = 5;
const READ_PAUSE_MS = 200;

/**
 * The state of a stack; undefined where the backend has no such stack of the project.
 *
 * @param secrets whether they are shown. Default: they stay encrypted
 */
export async function findState(
    pulumi: Pick<Pulumi, "output">,
    stack: string,
    secrets = false,
): Promise<StackExport | undefined> {
    const args = ["stack", "export", "--stack", stack, ...(secrets ? ["--show-secrets"] : [])];
    for (let attempt = 1; ; attempt++) {
        try {
            return readState(jsonOf(await pulumi.output(args)));
        } catch (error) {
            if (/no stack named/.test(String(error))) return undefined;
            if (attempt === READ_ATTEMPTS || !BEING_WRITTEN.test(String(error))) throw error;
            await setTimeout(READ_PAUSE_MS);
        }
    }
}

/**
 * The state of a stack.
 *
 * @throws UserError where there is no such stack
 */
export async function exportState(pulumi: Pulumi, stack: string, secrets = false): Promise<StackExport> {
    const state = await findState(pulumi, stack, secrets);
    if (!state) throw new UserError(`there is no stack ${stack}: ./scripts/up -s ${stack}`);
    return state;
}

/** The mark of a secret in a state, and the key that holds what it is: `pulumi stack export --show-secrets`. */
const SECRET = "4dabf18193072939515e22adb298388d";

/** A value of a state in which secrets are shown. */
export function revealed(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(revealed);
    if (value === null || typeof value !== "object") return value;
    if (SECRET in value) {
        return jsonOf(recordOf(value).plaintext);
    }
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, revealed(below)]));
}

/** Writes over whatever is there: `replaceState` looks first whether that is what was exported. */
export async function importState(pulumi: Pick<Pulumi, "output">, stack: string, state: StackExport): Promise<void> {
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
export function providerOf(reference: string | undefined, resources: StateResource[]): StateResource | undefined {
    const provider = reference?.replace(/::[^:]*$/, "");
    return provider === undefined ? undefined : resources.find(({ urn }) => urn === provider);
}

/** How the OpenSSH client reaches a host: what a docker provider is told. */
export interface SshHost {
    user: string;
    /** Name or IP address; an IPv6 one in brackets. */
    address: string;
    port: number;
    /** Options of OpenSSH, such as `IdentityFile=…`: the host's key is pinned, the client's named. */
    options: string[];
}

/**
 * @returns undefined where it is no provider, its engine is one of this computer, or its options cannot be read: without
 *     them any host key would do
 */
export function sshHostOf(provider: StateResource | undefined): SshHost | undefined {
    const inputs = provider?.inputs;
    const match = /^ssh:\/\/(.+)@(.+):(\d+)$/.exec(String(inputs?.host));
    if (!match) return undefined;
    const [, user = "", address = "", port = ""] = match;
    // The provider keeps lists as JSON texts in its inputs.
    const words = textsOf(jsonOf(inputs?.sshOpts) ?? inputs?.sshOpts);
    const options = words.filter((word) => word !== "-o");
    return options.length === 0 ? undefined : { user, address, port: Number(port), options };
}

/**
 * How the OpenSSH client is run.
 *
 * @param more options that come before, and so count before, the host's
 * @returns the words before a command of the host's own, such as `ssh -o … ubuntu@host`
 */
export function sshWords({ user, address, port, options }: SshHost, more: string[] = []): string[] {
    const bare = address.replace(/^\[(.*)\]$/, "$1");
    return ["ssh", ...more, ...options.flatMap((option) => ["-o", option]), "-p", String(port), `${user}@${bare}`];
}
