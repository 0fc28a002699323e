/**
 * A Compose project, read: every short form written out, every variable filled in, every path and every size a plain
 * value. Keys keep the names that the Compose Specification gives them.
 *
 * @see https://github.com/compose-spec/compose-spec/blob/main/spec.md
 */
export interface ComposeProject {
    /** The services that are to run: those of inactive profiles are not among them. */
    services: Record<string, ServiceSpec>;
    /** The networks that a service uses, by their key; `default` among them where one uses it. */
    networks: Record<string, NetworkSpec>;
    /** The named volumes of the top level. */
    volumes: Record<string, VolumeSpec>;
}

export type PullPolicy = "missing" | "always" | "never" | "build";
export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface ServiceSpec {
    /** At least one of `image` and `build` is there. */
    image?: string;
    build?: BuildSpec;
    pull_policy: PullPolicy;
    platform?: string;
    /** Containers of this service, at least 0. From `scale` or `deploy.replicas`. Default: 1 */
    scale: number;

    container_name?: string;
    /** Words. undefined: the image's own; empty: none. */
    command?: string[];
    entrypoint?: string[];
    environment: Record<string, string>;
    /** Names in `environment` whose values are secret: from `berth:secrets`, a shell, `.env` or an `env_file`. */
    secret_environment: string[];
    labels: Record<string, string>;
    hostname?: string;
    domainname?: string;
    user?: string;
    group_add: string[];
    working_dir?: string;
    init?: boolean;
    tty: boolean;
    stdin_open: boolean;
    read_only: boolean;
    privileged: boolean;
    /** `no`, `always`, `unless-stopped`, `on-failure` */
    restart: { condition: "no" | "always" | "unless-stopped" | "on-failure"; max_attempts?: number };
    stop_signal?: string;
    /** Milliseconds. Default: 10 s */
    stop_grace_period: number;
    healthcheck?: Healthcheck;
    /** Port in the container that tells whether it serves, where no health check does. Set behind the proxy. */
    serves_at?: number;
    /** By service. */
    depends_on: Record<string, { condition: DependencyCondition; restart: boolean; required: boolean }>;

    ports: PortMapping[];
    /** `PORT/PROTOCOL`: they say what the image listens on, and open nothing. */
    expose: string[];
    /** `none`, `host`, `bridge`, `container:NAME` or `service:NAME`. Then `networks` is empty. */
    network_mode?: string;
    /** By the network's key. `links` have become aliases on the networks of the linked service. */
    networks: Record<string, NetworkAttachment>;
    /** `SERVICE` or `SERVICE:ALIAS`, read: the alias by which the service is to be found too. */
    links: { service: string; alias: string }[];
    dns: string[];
    dns_opt: string[];
    dns_search: string[];
    extra_hosts: { host: string; ip: string }[];

    mounts: MountSpec[];
    /** `from` is a service or, with `container`, a container that exists already. */
    volumes_from: { from: string; container: boolean; read_only: boolean }[];
    /** Files from `configs` and `secrets`. */
    files: FileMount[];

    cap_add: string[];
    cap_drop: string[];
    security_opt: string[];
    userns_mode?: string;
    pid?: string;
    ipc?: string;
    cgroup?: "host" | "private";
    cgroup_parent?: string;
    runtime?: string;
    sysctls: Record<string, string>;
    ulimits: Record<string, { soft: number; hard: number }>;
    storage_opt: Record<string, string>;
    /** Bytes. */
    shm_size?: number;
    logging?: { driver?: string; options: Record<string, string> };

    /** A number of CPUs as text: "0.5" */
    cpus?: string;
    cpu_shares?: number;
    /** Microseconds. */
    cpu_period?: number;
    cpu_quota?: number;
    cpuset?: string;
    /** Bytes. */
    mem_limit?: number;
    mem_reservation?: number;
    /** Bytes; -1: unlimited. */
    memswap_limit?: number;
    devices: { host: string; container: string; permissions: string }[];
    device_cgroup_rules: string[];
    /** From `gpus` and `deploy.resources.reservations.devices`. `count` -1: all of them. */
    device_requests: DeviceRequest[];
    device_rates: {
        kind: "read_bps" | "write_bps" | "read_iops" | "write_iops";
        path: string;
        rate: number;
    }[];

    /** `deploy.update_config.order`. Default: see `updateOrder`. */
    update_order?: "start-first" | "stop-first";
}

/** A check of the image replaced, or, with test ["NONE"], turned off. Times in milliseconds, undefined: the engine's. */
export interface Healthcheck {
    /** undefined: the image's own test, with other times. */
    test?: string[];
    interval?: number;
    timeout?: number;
    retries?: number;
    start_period?: number;
    start_interval?: number;
}

/** One port of a service; ranges are written out, an entry each. */
export interface PortMapping {
    /** Address of the host that is listened on, IPv4 or IPv6 without brackets. Default: all of them */
    hostIp?: string;
    /** Port on the host, 1 to 65535. undefined: the engine chooses a free one. */
    published?: number;
    /** Port in the container, 1 to 65535. */
    target: number;
    protocol: "tcp" | "udp" | "sctp";
    /** Index of the entry that says it. */
    entry?: number;
}

export interface NetworkAttachment {
    aliases: string[];
    ipv4_address?: string;
    ipv6_address?: string;
    link_local_ips: string[];
    /** Of several networks, the one with the highest is the default route. */
    gw_priority?: number;
    driver_opts: Record<string, string>;
}

export interface MountSpec {
    type: "volume" | "bind" | "tmpfs";
    /** Absolute path in the container. */
    target: string;
    read_only: boolean;
    /**
     * volume: the key of the top level's volume; undefined: an anonymous volume.
     * bind: see `BindSource`. tmpfs: undefined.
     */
    volume?: string;
    bind?: BindSource;
    propagation?: string;
    selinux?: "z" | "Z";
    nocopy: boolean;
    /** tmpfs only: bytes, and the mode as a number. From the short form: options as docker takes them, `size=64m`. */
    tmpfs?: { size?: number; mode?: number; options?: string };
}

/** What a bind mount shows. */
export type BindSource =
    /** A path of the host, absolute. */
    | { at: "host"; path: string; create: boolean }
    /** A file or folder of this computer, absolute: it is brought to the host. `name` is the path as written, normal. */
    | { at: "project"; path: string; name: string }
    /** Relative, and not there: a folder that the host keeps for the stack. `name` is the relative path. */
    | { at: "kept"; name: string };

/** One file in the container, from a config or a secret. */
export interface FileMount {
    section: "configs" | "secrets";
    /** Key of the top level. */
    source: string;
    /** Absolute path in the container. */
    target: string;
    uid: number;
    gid: number;
    /** Default: 0o444 */
    mode: number;
    content: Buffer;
    /** Whether the content is a secret: every file of `secrets` is, and a config that a variable of the shell fills. */
    secret: boolean;
}

export interface BuildSpec {
    /** Absolute path on this computer, or the URL of a Git repository or tarball, which the host fetches itself. */
    context: { local: string } | { remote: string };
    /** Relative to the context, or absolute on this computer. Default: Dockerfile */
    dockerfile?: string;
    dockerfile_inline?: string;
    args: Record<string, string>;
    target?: string;
    /** Name in the build → value. */
    secrets: Record<string, { content: Buffer }>;
    labels: Record<string, string>;
    network?: string;
    extra_hosts: { host: string; ip: string }[];
    cache_from: string[];
    no_cache: boolean;
    pull: boolean;
    /** Bytes. */
    shm_size?: number;
    platforms: string[];
    tags: string[];
    additional_contexts: Record<string, { local: string } | { remote: string }>;
    ulimits: Record<string, { soft: number; hard: number }>;
}

export interface DeviceRequest {
    driver?: string;
    count?: number;
    device_ids: string[];
    capabilities: string[];
    options: Record<string, string>;
}

export interface NetworkSpec {
    /** As written; undefined: made of the stack's name and the key. */
    name?: string;
    /** It exists already and is not made, changed or removed. */
    external: boolean;
    driver?: string;
    driver_opts: Record<string, string>;
    internal: boolean;
    /** Whether each container gets an address that the plan knows, in the first subnet. Set for the proxy's network. */
    fixed_addresses?: boolean;
    attachable: boolean;
    enable_ipv6: boolean;
    labels: Record<string, string>;
    ipam?: {
        driver?: string;
        options: Record<string, string>;
        config: { subnet?: string; ip_range?: string; gateway?: string; aux_addresses: Record<string, string> }[];
    };
}

export interface VolumeSpec {
    name?: string;
    external: boolean;
    driver?: string;
    driver_opts: Record<string, string>;
    labels: Record<string, string>;
}
