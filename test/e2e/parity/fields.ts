/**
 * Every field of `docker inspect`, and whether Berth's container has it as Compose's has. A field that is in no list
 * fails the test: a new engine's fields are to be looked at.
 */

interface Compared {
    /** What of the value is compared. Default: all. null, "", [] and {} in the outcome are "not set". */
    as?: (value: unknown) => unknown;
    /** Why that, and not all. */
    because?: string;
}
interface Apart {
    apart: string;
}
export type Field = Compared | Apart;

const names = (text: string) => text.trim().split(/\s+/);
const each = (group: string, text: string, field: Field): Record<string, Field> =>
    Object.fromEntries(names(text).map((name) => [group + name, field]));

const same: Compared = {};
const sorted: Compared = {
    as: (value) => (Array.isArray(value) ? [...(value as string[])].sort() : value),
    because: "the provider keeps a set: the order is its own",
};
const madeByEngine = "the engine makes it up for each container";

/** Without what says nothing, and in the order of names. */
export function tidy(value: unknown): unknown {
    if (Array.isArray(value)) return value.length === 0 ? undefined : value.map(tidy);
    if (typeof value === "object" && value !== null) {
        const entries = Object.entries(value).map(([key, part]) => [key, tidy(part)] as const);
        const said = entries.filter(([, part]) => part !== undefined).sort(([a], [b]) => (a < b ? -1 : 1));
        return said.length === 0 ? undefined : Object.fromEntries(said);
    }
    return value === null || value === "" ? undefined : value;
}

/** Ports with all addresses, which Compose leaves to the engine, said by the address of all of IPv4. */
const addresses: Compared = {
    as: (value) =>
        Object.entries((value ?? {}) as Record<string, Binding[] | null>)
            .map(([port, bindings]) => `${port} by ${[...new Set((bindings ?? []).map(addressOf))].sort().join(", ")}`)
            .sort(),
    because: "no address is all addresses, 0.0.0.0 and :: together; the provider can say these two only",
};
interface Binding {
    HostIp: string;
    HostPort: string;
}
function addressOf({ HostIp, HostPort }: Binding, _: number, all: Binding[]): string {
    const inPair = all.some((other) => other.HostIp === "0.0.0.0" && other.HostPort === HostPort);
    const address = HostIp === "" || (HostIp === "::" && inPair) ? "0.0.0.0" : HostIp;
    return `${address}:${HostPort === "" || HostPort === "0" ? "a free port" : HostPort}`;
}

/** Keys of a map whose values say nothing. */
const keys: Compared = { as: (value) => Object.keys(value ?? {}).sort() };

interface Mount {
    Destination: string;
    Source?: string;
    Propagation?: string;
}

function isOfProject({ Source }: Mount): boolean {
    return /^(FOLDER|a file of the project)/.test(Source ?? "");
}

export const fields: Record<string, Field> = {
    ...each("", "Id Created ResolvConfPath HostnamePath HostsPath LogPath GraphDriver", { apart: madeByEngine }),
    ...each("", "Path Args RestartCount Driver Platform MountLabel ProcessLabel AppArmorProfile Image", same),
    Name: { apart: "Compose and Berth name containers in their own ways" },
    ExecIDs: { apart: "health checks that run at the time" },
    Mounts: {
        as: (value) =>
            (value as Mount[])
                .map((mount) => (isOfProject(mount) ? { ...mount, Propagation: "" } : mount))
                .sort((a, b) => a.Destination.localeCompare(b.Destination)),
        because: "they have no order; Berth's files lie in the engine's folder, which it mounts as rslave",
    },

    ...each("State.", "Status Running Paused Restarting OOMKilled Dead ExitCode Error", same),
    ...each("State.", "Pid StartedAt FinishedAt", { apart: madeByEngine }),
    "State.Health": { apart: "what the checks said so far" },

    ...each(
        "Config.",
        `Hostname Domainname User AttachStdin Tty OpenStdin StdinOnce Cmd Healthcheck ArgsEscaped WorkingDir Entrypoint
         NetworkDisabled OnBuild StopSignal StopTimeout Shell`,
        same,
    ),
    ...each("Config.", "Env", sorted),
    ...each("Config.", "ExposedPorts", keys),
    ...each("Config.", "AttachStdout AttachStderr", { apart: "Compose says that it would attach; nothing has" }),
    "Config.Image": { apart: "Compose says the tag, Berth the image's id, so that a moved tag is a change. See Image" },
    "Config.Volumes": { apart: "the provider lists the targets of bind mounts here too. See Mounts" },
    "Config.MacAddress": { apart: "an old copy of the endpoint's. See NetworkSettings.Networks.*.MacAddress" },
    "Config.Labels": {
        as: (value) => Object.entries(value ?? {}).filter(([label]) => !/^(com\.docker\.compose|berth)\./.test(label)),
        because: "both put labels of their own on it",
    },

    ...each(
        "HostConfig.",
        `ContainerIDFile LogConfig RestartPolicy AutoRemove VolumeDriver VolumesFrom ConsoleSize CgroupnsMode IpcMode
         Cgroup Links OomScoreAdj PidMode Privileged PublishAllPorts ReadonlyRootfs UTSMode UsernsMode ShmSize Runtime
         Isolation CpuShares Memory NanoCpus CgroupParent BlkioWeight BlkioWeightDevice BlkioDeviceReadBps
         BlkioDeviceWriteBps BlkioDeviceReadIOps BlkioDeviceWriteIOps CpuPeriod CpuQuota CpuRealtimePeriod
         CpuRealtimeRuntime CpusetCpus CpusetMems DeviceRequests KernelMemory KernelMemoryTCP MemoryReservation
         MemorySwap MemorySwappiness OomKillDisable PidsLimit CpuCount CpuPercent IOMaximumIOps IOMaximumBandwidth
         MaskedPaths ReadonlyPaths Sysctls Tmpfs StorageOpt Annotations`,
        same,
    ),
    ...each(
        "HostConfig.",
        "Binds CapAdd CapDrop Dns DnsOptions DnsSearch ExtraHosts GroupAdd SecurityOpt DeviceCgroupRules",
        sorted,
    ),
    ...each("HostConfig.", "Devices Mounts Ulimits", {
        as: (value) => ((value ?? []) as object[]).map((entry) => JSON.stringify(tidy(entry))).sort(),
        because: "the provider keeps a set: the order is its own",
    }),
    "HostConfig.PortBindings": addresses,
    "HostConfig.Init": {
        as: (value) => value ?? false,
        because: "the provider always says it; not said, it is false",
    },
    "HostConfig.NetworkMode": {
        as: (value) => (String(value).startsWith("PROJECT_") ? "bridge" : value),
        because:
            "Compose says the first network; the provider would then lose the aliases. See NetworkSettings.Networks",
    },

    "NetworkSettings.Ports": addresses,
    ...each("NetworkSettings.", "Bridge HairpinMode LinkLocalIPv6Address LinkLocalIPv6PrefixLen", same),
    ...each("NetworkSettings.", "SecondaryIPAddresses SecondaryIPv6Addresses", same),
    ...each(
        "NetworkSettings.",
        `SandboxID SandboxKey EndpointID Gateway GlobalIPv6Address GlobalIPv6PrefixLen IPAddress IPPrefixLen IPv6Gateway
         MacAddress`,
        { apart: madeByEngine },
    ),
    ...each("NetworkSettings.Networks.*.", "IPAMConfig DriverOpts GwPriority IPPrefixLen GlobalIPv6PrefixLen", same),
    ...each("NetworkSettings.Networks.*.", "NetworkID EndpointID Gateway IPv6Gateway", { apart: madeByEngine }),
    ...each("NetworkSettings.Networks.*.", "IPAddress GlobalIPv6Address MacAddress", {
        apart: "free ones are the engine's choice; those that a case asks for are looked at in the test",
    }),
    ...each("NetworkSettings.Networks.*.", "Aliases DNSNames", {
        as: (value) =>
            Object.fromEntries(
                Object.entries((value ?? {}) as Record<string, string[] | undefined>).map(([network, aliases]) => [
                    network,
                    [...(aliases ?? [])].sort(),
                ]),
            ),
        because: "names have no order",
    }),
    "NetworkSettings.Networks.*.Links": {
        apart: "Compose says `links` here; Berth gives the linked service these aliases",
    },
};

/** Where a case cannot be the same. The test looks whether it still is so. */
/** Where a case cannot be the same. The test looks whether it still is so. */
export const exceptions: { case: string; fields: string[]; because: string }[] = [
    {
        case: "entrypoint-none",
        fields: ["Config.Entrypoint", "Config.Cmd"],
        because: "the provider cannot say an empty entrypoint; what runs is the same, see Path and Args",
    },
    {
        case: "ports-chosen",
        fields: ["Config.ExposedPorts", "NetworkSettings.Ports"],
        because: "the provider cannot say expose, which opens nothing; and the engine chooses a free port",
    },
    ...["volume", "volume-long"].map((name) => ({
        case: name,
        fields: ["HostConfig.Mounts"],
        because: "an anonymous volume has a name, by which the next container finds it. See Mounts",
    })),
    {
        case: "configs-inline",
        fields: ["HostConfig.Mounts", "Mounts"],
        because: "Compose copies the text into the container, Berth mounts it as every config",
    },
    {
        case: "cpus-small",
        fields: ["HostConfig.NanoCpus", "HostConfig.CpuPeriod", "HostConfig.CpuQuota"],
        because: "the provider reads 0.05 back as 0.1; the engine makes a quota of either",
    },
    {
        case: "plain",
        fields: ["NetworkSettings.Networks.*.Aliases", "NetworkSettings.Networks.*.DNSNames"],
        because: "depends-on links to it by another name",
    },
];
