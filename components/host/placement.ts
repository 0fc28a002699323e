import { isDeepStrictEqual } from "node:util";
import { type Values, recordOf, textOf } from "../readings";
import { StackOutputs } from "../stackOutputs";

/**
 * Where a server is: what tells it from every other one. Kept among the outputs of the host's component; what is not
 * known is absent.
 */
export interface Placement {
    kind: "local" | "ec2" | "existing";
    /** Of kind `local`: the name of its container, which begins those of its volumes. */
    machine?: string;
    /** Of kind `local`: the address of the engine that runs it. */
    dockerHost?: string;
    /** Of kind `ec2`: AWS's region, such as `eu-central-1`. */
    region?: string;
    /** Of kind `ec2`: the twelve digits of AWS's account; absent in the lab, which has none. */
    account?: string;
    /** Of kind `ec2`: whether it is in the lab on this computer, and not on AWS. */
    lab?: boolean;
    /** Of kind `existing`. */
    address?: string;
    /** Of kind `existing`: sshd's. */
    port?: number;
    /** Of kind `existing`: its public key, type and base64. */
    hostKey?: string;
}

/** What is known of a resource: `pulumi stack export` and Pulumi's answer to the program have it alike. */
export interface KnownResource {
    urn: string;
    type: string;
    outputs?: unknown;
}

const KINDS: Record<string, Placement["kind"]> = {
    "berth:index:LocalHost": "local",
    "berth:index:Ec2Host": "ec2",
    "berth:index:ExistingHost": "existing",
};
/** Types of which the program asks the state. */
const KNOWN_TYPES = [
    ...Object.keys(KINDS),
    "aws:ec2/instance:Instance",
    "aws:ebs/volume:Volume",
    "aws:ec2/eip:Eip",
    "aws:ec2/securityGroup:SecurityGroup",
    "docker:index/container:Container",
    "docker:index/network:Network",
    "docker:index/volume:Volume",
    "pulumi:providers:aws",
    "pulumi:providers:docker",
];

/** The placements of the stack's servers as the last update left them, asked of Pulumi. None before the first update. */
export async function knownPlacements(): Promise<Placement[]> {
    const outputs = await StackOutputs.read();
    const resources = KNOWN_TYPES.flatMap((type) =>
        [...outputs.ofType<Record<string, unknown>>(type)].map(([name, found]) => ({
            urn: name,
            type,
            outputs: found,
        })),
    );
    return placementsIn(resources);
}

/**
 * The placements of the servers in a state, each once. A state that an older version of Berth wrote has none among a
 * host's outputs: then they are read from what the host is made of. A host of which nothing is there yet has none.
 */
export function placementsIn(resources: KnownResource[]): Placement[] {
    const found = resources.flatMap(({ type, outputs }) => {
        const kind = KINDS[type];
        if (!kind) return [];
        const kept = recordOf(recordOf(outputs).placement);
        const derived = DERIVE[kind](resources, recordOf(outputs));
        return derived ? [{ ...derived, ...known(kept), kind }] : [];
    });
    return found.filter((one, i) => found.findIndex((other) => isDeepStrictEqual(other, one)) === i);
}

/** Where an instance is, by its ARN; what that does not say is not known. */
export function ec2Placement(arn: string | undefined, inLab = false): Placement {
    const [, region, account] = INSTANCE_ARN.exec(String(arn)) ?? [];
    return known({ kind: "ec2", region, account: inLab ? undefined : account, lab: inLab }) as Placement;
}
const INSTANCE_ARN = /^arn:[^:]*:ec2:([^:]+):(\d+):/;

type Derive = (resources: KnownResource[], outputs: Values) => Placement | undefined;
const DERIVE: Record<Placement["kind"], Derive> = {
    local: (resources) => {
        const container = named(resources, "docker:index/container:Container", /(^|::)host-machine$/);
        const volume = named(resources, "docker:index/volume:Volume", /(^|::)host-docker$/);
        if (!container && !volume) return undefined;
        const engine = named(resources, "pulumi:providers:docker", /(^|::)host-local-engine$/);
        const machine = textOf(volume?.name)?.replace(/-docker$/, "") ?? textOf(container?.name);
        return known({ kind: "local", machine, dockerHost: textOf(engine?.host) }) as Placement;
    },
    ec2: (resources) => {
        const arns = resources
            .filter(({ type }) => type.startsWith("aws:"))
            .map(({ outputs }) => recordOf(outputs).arn);
        const arn = arns.map(String).find((one) => INSTANCE_ARN.test(one));
        return arn === undefined ? undefined : ec2Placement(arn, isLab(resources));
    },
    existing: (resources, outputs) => {
        const engine = named(resources, "pulumi:providers:docker", /(^|::)engine-engine$/);
        if (!engine || !resources.some(({ type }) => type.startsWith("docker:"))) return undefined;
        const [, port] = /:(\d+)$/.exec(String(engine.host)) ?? [];
        const [, hostKey] = /KnownHostsCommand=\/bin\/echo %H ([\w-]+ [\w+/=]+)/.exec(stringOf(engine.sshOpts)) ?? [];
        return known({
            kind: "existing",
            address: textOf(outputs.address),
            port: port === undefined ? undefined : Number(port),
            hostKey,
        }) as Placement;
    },
};

/** Whether the stack's instances are in the lab: its provider alone has endpoints and is called `aws`. */
const isLab = (resources: KnownResource[]) => {
    const endpoints = named(resources, "pulumi:providers:aws", /(^|::)aws$/)?.endpoints;
    return endpoints !== undefined && endpoints !== null && !["", "[]"].includes(stringOf(endpoints));
};

/**
 * Whether what the config says leads to other servers than the stack has. An update would then leave them, or remove
 * them with all that is on them, and asking AWS about them would be answered with "there is none".
 *
 * @param before the stack's servers, as its state has them
 * @param now what the config and the credentials say; what is absent is not compared
 * @returns a line for each difference: what the state says, what the config says, and the remedy
 */
export function placementMistakes(before: Placement[], now: Placement): string[] {
    return [...new Set(before.flatMap((was) => differences(was, now)))];
}

const LEAVE = "To leave it: with that put back, ./scripts/down -s STACK, and then the change";

function differences(was: Placement, now: Placement): string[] {
    if (was.kind !== now.kind) {
        const server = was.machine ?? was.address ?? was.region;
        return [
            `berth:host.kind: the stack's server is of kind ${was.kind}${server === undefined ? "" : ` (${server})`}, the config ` +
                `says ${now.kind}: the volumes would not come along. Put back: kind: ${was.kind}. ${LEAVE}`,
        ];
    }
    const of = { local: localDifferences, ec2: ec2Differences, existing: existingDifferences };
    return of[was.kind](was, now);
}

function localDifferences(was: Placement, now: Placement): string[] {
    const lines: string[] = [];
    if (differ(was.machine, now.machine)) {
        lines.push(
            `the stack's machine is called ${was.machine}, and by the names of project and stack it would be ${now.machine} ` +
                `now: with another name it is another machine, without the volumes. Give the project (Pulumi.yaml) or the stack ` +
                `(./scripts/pulumi stack rename) its name back, and for a new name, make another stack`,
        );
    }
    if (differ(plainSocket(was.dockerHost), plainSocket(now.dockerHost))) {
        lines.push(
            `berth:host.dockerHost: the stack's machine is on the engine ${was.dockerHost}, the config says ${now.dockerHost}: ` +
                `the volumes would not come along. Put back: dockerHost: ${was.dockerHost}. ${LEAVE}`,
        );
    }
    return lines;
}

/** One socket has two usual names. */
const plainSocket = (address: string | undefined) => address?.replace(/^unix:\/\/\/var\/run\//, "unix:///run/");

function ec2Differences(was: Placement, now: Placement): string[] {
    if (differ(was.lab, now.lab)) {
        return [
            was.lab
                ? "berth:lab: the stack's server is in the lab on this computer, the config says AWS. Put back: " +
                  `./scripts/pulumi config set -s STACK --path berth:lab.ec2.region ${was.region}, and run ./scripts/up -s STACK. ${LEAVE}`
                : "berth:lab: the stack's server is on AWS, the config says that it is in the lab. Put back: " +
                  "./scripts/pulumi config rm -s STACK berth:lab",
        ];
    }
    const lines: string[] = [];
    if (differ(was.region, now.region)) {
        lines.push(
            `aws:region: the stack's server is in ${was.region}, the config says ${now.region}: all of it would be made again ` +
                `there, and removed here with its volumes. Put back: ./scripts/pulumi config set -s STACK aws:region ` +
                `${was.region} (and AWS_REGION, where it is set). ${LEAVE}`,
        );
    }
    if (differ(was.account, now.account)) {
        lines.push(
            `AWS: the stack's server is in the account ${was.account}, the credentials are those of ${now.account}, which ` +
                `knows nothing of it. Use the right ones: AWS_PROFILE, aws:profile, or \`aws sso login\`. ${LEAVE}`,
        );
    }
    return lines;
}

/** A server with the same key is the same server, whatever it is called. One that was set up again has another key. */
function existingDifferences(was: Placement, now: Placement): string[] {
    const moved = differ(was.address, now.address) || differ(was.port, now.port);
    if (!moved || !differ(was.hostKey, now.hostKey)) return [];
    return [
        `berth:host.address: the stack's server is ${was.address}:${was.port}, the config says ${now.address}:${now.port}, with ` +
            `another host key: another server, without the volumes. Put back address, port and hostKey (${was.hostKey}); ` +
            `where it is the same server, its hostKey is enough. ${LEAVE}. Where the old server is gone for good: ` +
            `./scripts/pulumi stack rm --force --preserve-config -s STACK`,
    ];
}

/** Reports whether two values are known and not the same. */
const differ = <T>(one: T | undefined, other: T | undefined) =>
    one !== undefined && other !== undefined && one !== other;

function named(resources: KnownResource[], type: string, name: RegExp): Values | undefined {
    const found = resources.find((resource) => resource.type === type && name.test(resource.urn));
    return found && recordOf(found.outputs);
}

/** The plugin keeps lists as JSON texts, others as lists. */
const stringOf = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** Without what is null or absent. */
const known = (values: object): object =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null));
