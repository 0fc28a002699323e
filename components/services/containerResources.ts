import type * as docker from "@pulumi/docker";
import type { ServiceSpec } from "./compose";
import { filled, some } from "./said";

const MIB = 1024 * 1024;

/** What a container may use of the host: CPU, memory, devices. */
export function resourceArgs(spec: ServiceSpec): Partial<docker.ContainerArgs> {
    const memory = mebibytes(spec.mem_limit);
    const rates = (kind: string) =>
        some(spec.device_rates.filter((r) => r.kind === kind).map(({ path, rate }) => ({ path, rate })));
    return {
        ...cpuTime(spec),
        cpuShares: spec.cpu_shares,
        cpuSet: spec.cpuset,
        memory,
        memoryReservation: mebibytes(spec.mem_reservation),
        // The engine sets twice the limit where nothing is asked, and a refresh would then show an update.
        memorySwap: mebibytes(spec.memswap_limit) ?? (memory === undefined ? undefined : 2 * memory),
        shmSize: mebibytes(spec.shm_size),
        ulimits: some(Object.entries(spec.ulimits).map(([name, limits]) => ({ name, ...limits }))),
        devices: some(
            spec.devices.map(({ host, container, permissions }) => ({
                hostPath: host,
                containerPath: container,
                permissions,
            })),
        ),
        deviceCgroupRules: some(spec.device_cgroup_rules),
        deviceRequests: some(
            spec.device_requests.map(({ driver = "", count, device_ids, capabilities, options }) => ({
                driver, // the provider's default is another than the engine's
                count,
                deviceIds: some(device_ids),
                capabilities: some(capabilities),
                options: filled(options),
            })),
        ),
        deviceReadBps: rates("read_bps"),
        deviceWriteBps: rates("write_bps"),
        deviceReadIops: rates("read_iops"),
        deviceWriteIops: rates("write_iops"),
    };
}

/** The provider counts memory in MiB. A value below 0 is no size: -1 is "unlimited". */
function mebibytes(bytes: number | undefined): number | undefined {
    return bytes === undefined || bytes < 0 ? bytes : Math.max(1, Math.round(bytes / MIB));
}

/** The engine's own period of the scheduler, in microseconds. */
const CPU_PERIOD = 100_000;

/**
 * `cpus` as the provider reads it back. It reads some numbers back as others, 0.05 as 0.1, and would make the container
 * anew for it: these are said by a quota, which is what the engine makes of them.
 */
function cpuTime({ cpus, cpu_period, cpu_quota }: ServiceSpec): Partial<docker.ContainerArgs> {
    if (cpus === undefined) return { cpuPeriod: cpu_period, cpuQuota: cpu_quota };
    const readBack = cpusReadBack(Number(cpus));
    if (Number(readBack) === Number(cpus)) return { cpus: readBack };
    return { cpuPeriod: CPU_PERIOD, cpuQuota: Math.round(Number(cpus) * CPU_PERIOD) };
}

/** @see nanoInt64ToDecimalString of the provider */
function cpusReadBack(cpus: number): string {
    const digits = cpus.toFixed(9);
    return digits.replace(/[^0]/g, "").length === 9 ? cpus.toFixed(1) : digits.replace(/0+$/, "");
}
