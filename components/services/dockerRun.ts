import { shellQuote } from "../shellQuote";
import { type BindSource, type FileMount, type MountSpec, type ServiceSpec, joinedService } from "./compose";

/** Names on the engine, as `docker run` is told them. */
export interface RunNames {
    name: string;
    image: string;
    /** A network's name, by its key. */
    network(key: string): string;
    /** Its own address in a network, by the network's key. */
    address(key: string): string | undefined;
    /** A volume's name, by its key. */
    volume(key: string): string;
    bind(source: BindSource, readOnly: boolean): string;
    file(file: FileMount): string;
    /** The name of another service's container. */
    container(service: string): string;
    aliases: string[];
}

/**
 * The `docker run` line that a service equals, for people who know Docker by it.
 *
 * Left out is what is not of one container: how its image is built or pulled, how many of it there are, and what it
 * waits for. Secret values are left out too: the line takes them from the shell that it is typed in (`--env=NAME`).
 *
 * @returns one line for bash or zsh
 */
export function dockerRun(spec: ServiceSpec, names: RunNames): string {
    const [entrypoint = "", ...entrypointWords] = spec.entrypoint ?? [];
    const words = [
        "docker",
        "run",
        "--detach",
        ...option("name", names.name),
        ...identity(spec),
        ...environment(spec),
        ...network(spec, names),
        ...mounts(spec, names),
        ...security(spec, names),
        ...resources(spec),
        ...lifecycle(spec),
        ...option("entrypoint", spec.entrypoint && entrypoint),
        names.image,
        ...entrypointWords,
        ...(spec.command ?? []),
    ];
    return words.map(shellWord).join(" ");
}

/** Quoted where it has to be, and without line breaks: the whole is to stay one line. */
function shellWord(word: string): string {
    if (!word.includes("\n")) return shellQuote(word);
    return `$'${word.replace(/[\\']/g, "\\$&").replaceAll("\n", "\\n")}'`;
}

type Value = string | number | undefined;

function option(name: string, value: Value): string[] {
    return value === undefined ? [] : [`--${name}=${value}`];
}

function options(name: string, values: Value[]): string[] {
    return values.flatMap((value) => option(name, value));
}

function flag(name: string, value: boolean | undefined): string[] {
    return value ? [`--${name}`] : [];
}

const pairs = (map: Record<string, string>) => Object.entries(map).map(([key, value]) => `${key}=${value}`);

function identity(spec: ServiceSpec): string[] {
    return [
        ...option("hostname", spec.hostname),
        ...option("domainname", spec.domainname),
        ...option("user", spec.user),
        ...options("group-add", spec.group_add),
        ...option("workdir", spec.working_dir),
        ...option("platform", spec.platform),
        ...flag("tty", spec.tty),
        ...flag("interactive", spec.stdin_open),
        ...options("label", pairs(spec.labels)),
    ];
}

function environment({ environment: variables, secret_environment }: ServiceSpec): string[] {
    const entries = Object.entries(variables);
    return entries.map(([name, value]) => `--env=${secret_environment.includes(name) ? name : `${name}=${value}`}`);
}

function network(spec: ServiceSpec, names: RunNames): string[] {
    const attachments = Object.entries(spec.networks).flatMap(([key, attachment]) => {
        const fields = [
            ["name", names.network(key)],
            ...[...names.aliases, ...attachment.aliases].map((alias) => ["alias", alias]),
            ["ip", attachment.ipv4_address ?? names.address(key)],
            ["ip6", attachment.ipv6_address],
            ["gw-priority", attachment.gw_priority],
            ...attachment.link_local_ips.map((ip) => ["link-local-ip", ip]),
            ...pairs(attachment.driver_opts).map((pair) => ["driver-opt", pair]),
        ];
        return option("network", fields.flatMap(([k, v]) => (v === undefined ? [] : [`${k}=${v}`])).join(","));
    });
    return [
        ...option("network", joined(spec.network_mode, names)),
        ...attachments,
        ...options("publish", spec.ports.map(publish)),
        ...options("expose", spec.expose),
        ...options("dns", spec.dns),
        ...options("dns-option", spec.dns_opt),
        ...options("dns-search", spec.dns_search),
        ...options(
            "add-host",
            spec.extra_hosts.map(({ host, ip }) => `${host}:${ip}`),
        ),
    ];
}

/** `[HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL]`, as Docker and Compose write a port. */
export function publish({ hostIp, published, target, protocol }: ServiceSpec["ports"][number]): string {
    const address = hostIp?.includes(":") ? `[${hostIp}]` : hostIp;
    const sides = address === undefined ? [published, target] : [address, published ?? "", target];
    const text = sides.filter((side) => side !== undefined).join(":");
    return protocol === "tcp" ? text : `${text}/${protocol}`;
}

function mounts(spec: ServiceSpec, names: RunNames): string[] {
    const files = spec.files.map(
        (file) => `--mount=${csv({ type: "bind", source: names.file(file), target: file.target, readonly: true })}`,
    );
    const from = spec.volumes_from.map(
        (source) => `${source.container ? source.from : names.container(source.from)}${source.read_only ? ":ro" : ""}`,
    );
    return [...spec.mounts.map((mount) => mountOption(mount, names)), ...options("volumes-from", from), ...files];
}

function mountOption(mount: MountSpec, names: RunNames): string {
    const { type, target, read_only: readonly, bind, volume, tmpfs, propagation, nocopy, selinux } = mount;
    if (type === "tmpfs" && tmpfs?.options !== undefined) {
        return `--tmpfs=${target}${tmpfs.options && `:${tmpfs.options}`}`;
    }
    const source = bind ? names.bind(bind, readonly) : volume === undefined ? undefined : names.volume(volume);
    if (selinux) return `--volume=${String(source)}:${target}:${readonly ? "ro," : ""}${selinux}`;
    const fields = {
        type,
        source,
        target,
        readonly,
        "bind-propagation": propagation,
        "volume-nocopy": nocopy,
        "tmpfs-size": tmpfs?.size,
        "tmpfs-mode": tmpfs?.mode?.toString(8),
    };
    return `--mount=${csv(fields)}`;
}

/** Fields of `--mount`: a comma or a quote in a value wants quotes. */
function csv(fields: Record<string, Value | boolean>): string {
    const said = Object.entries(fields).filter(([, value]) => value !== undefined && value !== false);
    const texts = said.map(([key, value]) => (value === true ? key : `${key}=${String(value)}`));
    return texts.map((text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)).join(",");
}

function joined(mode: string | undefined, names: RunNames): string | undefined {
    const service = joinedService(mode);
    return service === undefined ? mode : `container:${names.container(service)}`;
}

function security(spec: ServiceSpec, names: RunNames): string[] {
    const limits = Object.entries(spec.ulimits).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`);
    return [
        ...flag("privileged", spec.privileged),
        ...flag("read-only", spec.read_only),
        ...options("cap-add", spec.cap_add),
        ...options("cap-drop", spec.cap_drop),
        ...options("security-opt", spec.security_opt),
        ...option("userns", spec.userns_mode),
        ...option("pid", joined(spec.pid, names)),
        ...option("ipc", joined(spec.ipc, names)),
        ...option("cgroupns", spec.cgroup),
        ...option("cgroup-parent", spec.cgroup_parent),
        ...option("runtime", spec.runtime),
        ...options("sysctl", pairs(spec.sysctls)),
        ...options("ulimit", limits),
        ...options("storage-opt", pairs(spec.storage_opt)),
        ...option("log-driver", spec.logging?.driver),
        ...options("log-opt", pairs(spec.logging?.options ?? {})),
    ];
}

function resources(spec: ServiceSpec): string[] {
    const devices = spec.devices.map(({ host, container, permissions }) => `${host}:${container}:${permissions}`);
    const rates = spec.device_rates.flatMap(({ kind, path, rate }) =>
        option(`device-${kind.replace("_", "-")}`, `${path}:${rate}`),
    );
    return [
        ...option("cpus", spec.cpus),
        ...option("cpu-shares", spec.cpu_shares),
        ...option("cpu-period", spec.cpu_period),
        ...option("cpu-quota", spec.cpu_quota),
        ...option("cpuset-cpus", spec.cpuset),
        ...option("memory", spec.mem_limit),
        ...option("memory-reservation", spec.mem_reservation),
        ...option("memory-swap", spec.memswap_limit),
        ...option("shm-size", spec.shm_size),
        ...options("device", devices),
        ...options("device-cgroup-rule", spec.device_cgroup_rules),
        ...rates,
        ...spec.device_requests.flatMap(({ count, device_ids, capabilities, driver }) =>
            option(
                "gpus",
                csv({
                    count: device_ids.length > 0 ? undefined : count === -1 ? "all" : count,
                    driver,
                    device: device_ids.length > 0 ? device_ids.join(",") : undefined,
                    capabilities: capabilities.length > 0 ? capabilities.join(",") : undefined,
                }),
            ),
        ),
    ];
}

function lifecycle(spec: ServiceSpec): string[] {
    const { healthcheck: check, restart } = spec;
    const [kind, ...test] = check?.test ?? [];
    const time = (ms: number | undefined) => (ms === undefined ? undefined : `${ms}ms`);
    const policy =
        restart.max_attempts === undefined ? restart.condition : `${restart.condition}:${restart.max_attempts}`;
    const grace = spec.stop_grace_period === 10_000 ? undefined : Math.ceil(spec.stop_grace_period / 1000);
    return [
        ...option("restart", restart.condition === "no" ? undefined : policy),
        ...flag("init", spec.init),
        ...option("stop-signal", spec.stop_signal),
        ...option("stop-timeout", grace),
        ...flag("no-healthcheck", kind === "NONE"),
        ...option("health-cmd", kind === "CMD" ? test.map(shellQuote).join(" ") : test[0]),
        ...option("health-interval", time(check?.interval)),
        ...option("health-timeout", time(check?.timeout)),
        ...option("health-retries", check?.retries),
        ...option("health-start-period", time(check?.start_period)),
        ...option("health-start-interval", time(check?.start_interval)),
    ];
}
