import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as path from "node:path";
import { dockerLabels } from "../dockerLabels";
import type { Healthcheck, ServiceSpec } from "./compose";
import { mountArgs } from "./containerMounts";
import { networkArgs } from "./containerNetworks";
import { type ContainerRefs, joined } from "./containerRefs";
import { resourceArgs } from "./containerResources";
import { filled, some } from "./said";

/**
 * What only a new container has, though the provider's schema says that an update will do.
 *
 * Its Update applies the restart policy and the limits of memory, CPU shares, CPU set and device rates. Of these only
 * the restart policy can be taken back: for the engine's API no limit at all is the same as an unchanged one.
 */
export const REPLACE_ON_CHANGES = [
    // Not applied: the update would succeed and change nothing.
    "healthcheck",
    "tmpfs",
    "init",
    "cpuPeriod",
    "cpuQuota",
    // Parts of a list, of which the schema does not say that they want a new container.
    "mounts",
    "labels",
    // Applied, but not when they are taken away.
    "memory",
    "memoryReservation",
    "memorySwap",
    "cpuShares",
    "cpuSet",
    "deviceReadBps",
    "deviceWriteBps",
    "deviceReadIops",
    "deviceWriteIops",
    // Made, but not started, by a port that was taken: the update would not start it.
    "#initerror",
];

/**
 * Label with the keys that a container was made with, of those that the provider would not miss: for it, "not there"
 * is "as it is". Without the label, a container whose `command` is taken away would keep it.
 */
const KEYS_LABEL = "berth.keys";

/** The arguments of the container of a service. */
export function containerArgs(spec: ServiceSpec, refs: ContainerRefs): docker.ContainerArgs {
    const args: docker.ContainerArgs = {
        name: refs.name,
        image: refs.image,
        restart: spec.restart.condition,
        maxRetryCount: spec.restart.max_attempts,
        // A refresh starts again what is to run always; what may end, may have ended.
        mustRun: ["always", "unless-stopped"].includes(spec.restart.condition),
        destroyGraceSeconds: seconds(spec.stop_grace_period),
        removeVolumes: false, // anonymous volumes outlive the container: see anonymousVolumes.ts
        ...processArgs(spec),
        ...securityArgs(spec, refs),
        ...resourceArgs(spec),
        ...networkArgs(spec, refs),
        ...mountArgs(spec, refs),
    };
    const labels = { ...spec.labels, ...refs.labels, [KEYS_LABEL]: keptKeys(spec, args) };
    return { ...args, labels: dockerLabels(labels) };
}

/** The container's process, and how it is started, watched and stopped. */
function processArgs(spec: ServiceSpec): Partial<docker.ContainerArgs> {
    return {
        ...words(spec),
        envs: environment(spec),
        hostname: spec.hostname,
        domainname: spec.domainname,
        user: spec.user,
        groupAdds: some(spec.group_add),
        workingDir: spec.working_dir && cleanPath(spec.working_dir),
        init: spec.init,
        tty: spec.tty,
        stdinOpen: spec.stdin_open,
        stopSignal: spec.stop_signal,
        stopTimeout: spec.stop_grace_period === 10_000 ? undefined : seconds(spec.stop_grace_period),
        healthcheck: spec.healthcheck && healthcheckArgs(spec.healthcheck),
        // Not the platform: that is the image's, and the provider reads back nothing but "linux".
        runtime: spec.runtime,
        logDriver: spec.logging?.driver,
        logOpts: filled(spec.logging?.options ?? {}),
    };
}

/** As the engine writes it: `/srv`, not `/srv/`. What is read back would differ otherwise. */
function cleanPath(folder: string): string {
    return path.posix.join(folder, ".").replace(/(.)\/$/, "$1");
}

/** What is not said is the image's, or the engine's. */
function healthcheckArgs(check: Healthcheck): docker.types.input.ContainerHealthcheck {
    const duration = (ms: number | undefined) => (ms === undefined ? undefined : `${ms}ms`);
    return {
        tests: check.test ?? [],
        interval: duration(check.interval),
        timeout: duration(check.timeout),
        retries: check.retries,
        startPeriod: duration(check.start_period),
        startInterval: duration(check.start_interval),
    };
}

/**
 * The words that are run. The provider can say neither an empty entrypoint nor an empty word in a command: the process
 * is the same when the words stand in the other list.
 */
function words({ command, entrypoint }: ServiceSpec): Pick<docker.ContainerArgs, "command" | "entrypoints"> {
    if (entrypoint === undefined) return { command: command && some(command) };
    if (entrypoint.length === 0) {
        const [first, ...rest] = command ?? [];
        return { entrypoints: first === undefined ? undefined : [first], command: some(rest) };
    }
    if (command?.includes("")) return { entrypoints: [...entrypoint, ...command] };
    return { entrypoints: entrypoint, command: command && some(command) };
}

function environment({ environment: variables, secret_environment }: ServiceSpec): pulumi.Input<string>[] | undefined {
    const lines = Object.entries(variables).map(([name, value]) => {
        const line = `${name}=${value}`;
        return secret_environment.includes(name) ? pulumi.secret(line) : line;
    });
    return some(lines);
}

function securityArgs(spec: ServiceSpec, refs: ContainerRefs): Partial<docker.ContainerArgs> {
    const adds = spec.cap_add.map(capability);
    const drops = spec.cap_drop.map(capability);
    return {
        readOnly: spec.read_only,
        privileged: spec.privileged,
        capabilities: adds.length + drops.length > 0 ? { adds, drops } : undefined,
        securityOpts: securityOpts(spec),
        usernsMode: spec.userns_mode,
        pidMode: joined(spec.pid, refs),
        ipcMode: joined(spec.ipc, refs),
        cgroupnsMode: spec.cgroup,
        cgroupParent: spec.cgroup_parent,
        sysctls: filled(spec.sysctls),
        storageOpts: filled(spec.storage_opt),
    };
}

/** As the engine writes it: `CAP_NET_ADMIN` or `ALL`. What is read back would differ otherwise. */
function capability(name: string): string {
    const upper = name.toUpperCase();
    return upper === "ALL" || upper.startsWith("CAP_") ? upper : `CAP_${upper}`;
}

/** The engine adds an option where a container shares the host's processes: what is read back would differ. */
function securityOpts({ security_opt, privileged, pid, ipc }: ServiceSpec): string[] | undefined {
    if (security_opt.length === 0) return undefined;
    const unconfined = privileged || pid === "host" || ipc === "host";
    return [...new Set([...security_opt, ...(unconfined ? ["label=disable"] : [])])];
}

/** Arguments that the provider keeps where they are taken away, and the specification's words for them. */
const KEPT: Partial<Record<keyof docker.ContainerArgs, keyof ServiceSpec>> = {
    command: "command",
    entrypoints: "entrypoint",
    envs: "environment",
    healthcheck: "healthcheck",
    hostname: "hostname",
    init: "init",
    ipcMode: "ipc",
    logDriver: "logging",
    pidMode: "pid",
    runtime: "runtime",
    securityOpts: "security_opt",
    shmSize: "shm_size",
    stopSignal: "stop_signal",
    stopTimeout: "stop_grace_period",
    user: "user",
    workingDir: "working_dir",
};

function keptKeys(spec: ServiceSpec, args: docker.ContainerArgs): string {
    const keys = Object.entries(KEPT).flatMap(([arg, key]) =>
        args[arg as keyof typeof args] === undefined ? [] : [key],
    );
    // Of a port, the host's is kept where none is asked for any more.
    const chosen = spec.ports.filter(({ published }) => published === undefined);
    return [...keys, ...chosen.map(({ target, protocol }) => `${target}/${protocol}`)].join(" ");
}

const seconds = (ms: number) => Math.ceil(ms / 1000);
