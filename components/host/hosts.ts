import * as pulumi from "@pulumi/pulumi";
import { type AwsAccount, type LabEndpoint, accountMistakes, labProvider } from "./awsAccount";
import { Ec2Host } from "./ec2Host";
import { accountInUse, lookUpEc2 } from "./ec2Lookup";
import { ExistingHost, type PortBinding, behindFirewall } from "./existingHost";
import { type Exposure, type PublishedPort, exposureOf, forwardedPorts } from "./exposure";
import { readGivenKey } from "./givenKey";
import type { Host, SshProxy } from "./host";
import type { Ec2HostConfig, ExistingHostConfig, HostConfig, LocalHostConfig } from "./hostSchema";
import { checkLocalEngine, localMissingCapabilities } from "./localEngine";
import { LocalHost } from "./localHost";
import { userError } from "../userError";
import { type Placement, knownPlacements, placementMistakes } from "./placement";
import { type ServerFacts, factsOf, runningServers, serverMistakes } from "./runningServer";
import type { GivenKey } from "./sshIdentity";

export interface HostsArgs<Config = HostConfig> {
    config: Config;
    /** Name of the first host; a second one is `<name>-2`. */
    hostName: string;
    published: PublishedPort[];
    /** All ports that services publish, for others or for the host alone. */
    ports: PortBinding[];
    labels: Record<string, string>;
    /** The project's folder. */
    clone: string;
    /** Whether a plan that would lose named volumes is refused. */
    protectVolumes: boolean;
    /** Whom EC2 belongs to. */
    account: AwsAccount;
    /** Stand-ins that serve in place of the internet. Default: none */
    lab?: { network: string; ec2?: LabEndpoint };
}

/** A host of the stack, with who reaches it. */
export interface StackHost {
    /** `host`, `host-2`, … */
    name: string;
    host: Host;
    exposure: pulumi.Output<Exposure[]>;
}

/**
 * Makes the hosts that the config asks for, when everything that can be checked before is in order.
 *
 * @throws userError with all that is wrong, before anything is made
 */
export async function createHosts(args: HostsArgs): Promise<StackHost[]> {
    const before = await knownPlacements();
    const moved = placementMistakes(before, wantedPlacement(args));
    const hosts = moved.length > 0 ? moved : await hostsOrMistakes(args, before);
    const mistakes = hosts.filter((host) => typeof host === "string");
    if (mistakes.length > 0) {
        throw userError(mistakes.join("\n").replaceAll("-s STACK", `-s ${pulumi.getStack()}`));
    }
    return hosts.filter((host) => typeof host === "object");
}

/** Where the config has the stack's servers. */
function wantedPlacement({ config, hostName, account, lab }: HostsArgs): Placement {
    switch (config.kind) {
        case "local":
            return { kind: "local", machine: hostName, dockerHost: config.dockerHost };
        case "ec2":
            return { kind: "ec2", region: lab?.ec2?.region ?? account.region, lab: lab?.ec2 !== undefined };
        case "existing":
            return { kind: "existing", address: config.address, port: config.port, hostKey: config.hostKey };
    }
}

/** @param before where the stack's servers are */
function hostsOrMistakes(
    args: HostsArgs,
    before: Placement[],
): Promise<StackHost[] | string[]> | StackHost[] | string[] {
    const { config } = args;
    switch (config.kind) {
        case "local":
            return createLocalHost({ ...args, config });
        case "ec2":
            return createEc2Hosts({ ...args, config }, before);
        case "existing":
            return createExistingHost({ ...args, config });
    }
}

async function createLocalHost({ config, ...args }: HostsArgs<LocalHostConfig>): Promise<StackHost[] | string[]> {
    const { labels, published } = args;
    const forwarded = forwardedPorts(published);
    const machine = plannedMachine(config);
    if (Array.isArray(machine)) return machine;
    const ports = [{ port: machine.sshPort, place: "berth:host.sshPort" }, ...forwarded];
    const problems = machine.isMade ? await checkLocalEngine({ dockerHost: config.dockerHost, ports, labels }) : [];
    if (problems.length > 0) return problems;
    const host = new LocalHost("host", {
        machineName: args.hostName,
        dockerHost: config.dockerHost,
        image: machine.image,
        sshPort: machine.sshPort,
        publishedPorts: forwarded.map(({ port, protocol }) => ({ port, protocol })),
        networks: args.lab ? [args.lab.network] : [],
        missingCapabilities: localMissingCapabilities(),
        labels,
        clone: args.clone,
    });
    return [{ name: "host", host, exposure: pulumi.output(exposureOf({ ...config, ...machine }, published)) }];
}

/** What ./scripts/up will have filled in; before its first run a plan has something in their places. */
function plannedMachine({ image, sshPort }: LocalHostConfig) {
    if (image !== undefined && sshPort !== undefined) return { image, sshPort, isMade: true };
    if (pulumi.runtime.isDryRun()) return { image: image ?? "berth/host", sshPort: sshPort ?? 20022, isMade: false };
    const missing = Object.entries({ image, sshPort }).filter(([, value]) => value === undefined);
    return missing.map(
        ([key]) => `berth:host.${key}: it is missing; run ./scripts/up, which makes the machine and fills it in`,
    );
}

async function createEc2Hosts(
    { config, ...args }: HostsArgs<Ec2HostConfig>,
    before: Placement[],
): Promise<StackHost[] | string[]> {
    const endpoint = args.lab?.ec2;
    const { clientKey, proxy, mistakes } = readKeys(config);
    if (!endpoint) mistakes.push(...(await accountMistakes(args.account)));
    if (mistakes.length > 0) return mistakes;
    if (before.some(({ account }) => account !== undefined)) {
        const caller = await accountInUse();
        if (typeof caller === "string") return [caller];
        const elsewhere = placementMistakes(before, { kind: "ec2", ...caller });
        if (elsewhere.length > 0) return elsewhere;
    }
    const provider = endpoint && labProvider("aws", endpoint);
    const offer = await lookUpEc2(config, { provider });
    if (Array.isArray(offer)) return offer;
    const wanted = factsOf(config, offer.architecture, clientKey);
    const refused = await changesRefused(wanted, config.count, args.protectVolumes);
    if (refused.length > 0) return refused;
    return Array.from({ length: config.count }, (_, i): StackHost => {
        const subnet = offer.subnets[i % offer.subnets.length];
        if (!subnet) throw new Error("AWS offers no subnet");
        const name = hostNameAt(i);
        const exposure = exposureOf(config, args.published, subnet.ipv6);
        const host = new Ec2Host(
            name,
            {
                hostName: `${args.hostName}${name.slice("host".length)}`,
                config,
                offer,
                subnet,
                exposure,
                clientKey,
                proxy,
                tags: { ...config.tags, ...args.labels },
                inLab: endpoint !== undefined,
            },
            { providers: provider ? [provider] : [] },
        );
        return { name, host, exposure: pulumi.output(exposure) };
    });
}

const hostNameAt = (index: number) => (index === 0 ? "host" : `host-${index + 1}`);

/** What the config asks of servers that run and that they cannot do, a line each. */
async function changesRefused(wanted: ServerFacts, count: number, protectVolumes: boolean): Promise<string[]> {
    const names = Array.from({ length: count }, (_, i) => hostNameAt(i));
    const running = [...(await runningServers())];
    const lines = running.flatMap(([name, before]) =>
        serverMistakes(before, names.includes(name) ? wanted : undefined, protectVolumes),
    );
    return [...new Set(lines)];
}

function createExistingHost({
    config,
    published,
    ports,
    labels,
}: HostsArgs<ExistingHostConfig>): StackHost[] | string[] {
    const { clientKey, proxy, mistakes } = readKeys(config);
    if (mistakes.length > 0 || !clientKey) return mistakes;
    const host = new ExistingHost("host", {
        address: config.address,
        port: config.port,
        user: config.user,
        hostKey: config.hostKey ?? "",
        clientKey,
        proxy,
        ports,
        labels,
        removeOnDestroy: config.removeOnDestroy,
    });
    const rows = exposureOf(config, published);
    const exposure = host.firewall.apply((firewall) => behindFirewall(rows, config.port, firewall));
    return [{ name: "host", host, exposure }];
}

/** The person's key and the jump host's, as the config names them. */
function readKeys(config: Ec2HostConfig | ExistingHostConfig): {
    clientKey?: GivenKey;
    proxy?: SshProxy;
    mistakes: string[];
} {
    const given = readGivenKey(config, "berth:host");
    const clientKey = typeof given === "object" ? given : undefined;
    const mistakes = typeof given === "string" ? [given] : [];
    if (!config.proxy) return { clientKey, mistakes };
    const { privateKeyFile, ...jump } = config.proxy;
    const own = readGivenKey({ privateKeyFile }, "berth:host.proxy");
    if (typeof own === "string") return { mistakes: [...mistakes, own] };
    const key = own ?? clientKey;
    if (key?.file === undefined) {
        const why = "berth:host.proxy.privateKeyFile: it is missing: the key that logs in to the jump host";
        return { mistakes: [...mistakes, why] };
    }
    const { privateKey, file } = key;
    return {
        clientKey,
        mistakes,
        proxy: { ...jump, privateKey: pulumi.secret(privateKey), identityFile: pulumi.output(file) },
    };
}
