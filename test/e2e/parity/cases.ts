/**
 * Small Compose services, each for one key or one way to write it; what cannot get in each other's way shares a service.
 * Written from the Compose Specification's text.
 *
 * @see https://github.com/compose-spec/compose-spec/blob/main/05-services.md
 */

type Service = Record<string, unknown>;

/** Files beside compose.yaml, by their path. */
export const files: Record<string, string> = {
    "app.env": "FROM_FILE=1\nQUOTED='two words'\n",
    "app.labels": "from.file=yes\n",
    "image/motd": "built\n",
    "site/index.html": "hello\n",
    "site.conf": "listen 80\n",
    "password.txt": "s3cret\n",
    "seccomp.json": '{ "defaultAction": "SCMP_ACT_ALLOW" }\n',
};

/** The top level besides the services. */
export const topLevel = {
    networks: {
        front: {},
        back: {
            driver: "bridge",
            enable_ipv6: true,
            ipam: { config: [{ subnet: "172.31.77.0/24" }, { subnet: "fd00:b:e::/64" }] },
        },
    },
    volumes: { data: {}, more: {} },
    configs: { file: { file: "./site.conf" }, inline: { content: "inline\n" } },
    secrets: { password: { file: "./password.txt" } },
};

/** A service that does nothing but be there, and ends at once when it is told to. */
const is = (more: Service): Service => ({
    image: "busybox:1.37",
    command: "sleep infinity",
    stop_signal: "SIGKILL",
    ...more,
});

/** An image with a health check of its own: what a service does not say of it stays as it is. */
const checked: Service = {
    build: {
        context: "./image",
        dockerfile_inline: "FROM busybox:1.37\nHEALTHCHECK --interval=1s --timeout=7s --retries=4 CMD true\n",
    },
};

/** A file that the service with `env_file` does not have. */
const missing = { path: "missing.env", required: false };

/** By their names: services in the specification's words. Published ports are 21430 to 21440. */
export const cases: Record<string, Service> = {
    plain: is({}),

    // What runs
    "command-words": is({
        command: ["sleep", "3600"],
        labels: { "com.example.a": "1", "com.example.b": "two words", empty: "" },
        restart: "no",
    }),
    "command-text": is({
        command: `sh -c 'echo "a  b"; exec sleep 3600'`,
        environment: { A: "1", B: "two words", C: "", D: true, E: 1.5 },
    }),
    "entrypoint-text": is({
        entrypoint: "sh -c",
        command: ["exec sleep 3600"],
        hostname: "web-one",
        domainname: "a.test",
    }),
    "entrypoint-words": is({ entrypoint: ["sleep"], command: ["3600"], user: "65534:33", group_add: ["33", "nobody"] }),
    "entrypoint-alone": is({ entrypoint: ["sleep", "3600"], command: undefined, working_dir: "/made/anew/" }),
    "entrypoint-none": is({ entrypoint: [], command: ["sleep", "3600"] }),
    "environment-list": is({
        environment: ["A=1", "B=x=y", "C="],
        labels: ["com.example.a=1"],
        user: "nobody",
        working_dir: "/tmp",
    }),
    "env-file": is({ env_file: "app.env", label_file: "app.labels", init: true, tty: true }),
    "env-file-long": is({
        env_file: [{ path: "app.env" }, missing],
        environment: { FROM_FILE: "2" },
        init: false,
        stdin_open: true,
    }),
    "read-only": is({ read_only: true, tmpfs: "/run" }),
    "container-name": is({
        container_name: "parity-by-name",
        platform: "linux/amd64",
        pull_policy: "missing",
        profiles: [],
        attach: false,
    }),
    build: is({
        image: undefined,
        build: {
            context: "./image",
            dockerfile_inline: "FROM busybox:1.37\nARG WHAT\nENV WHAT=$$WHAT\n",
            args: { WHAT: "built" },
        },
    }),

    // When it runs
    "restart-always": is({ restart: "always" }),
    "restart-unless-stopped": is({ restart: "unless-stopped" }),
    "restart-on-failure": is({ restart: "on-failure" }),
    "restart-count": is({ restart: "on-failure:3" }),
    "restart-deploy": is({ deploy: { restart_policy: { condition: "on-failure", max_attempts: 5 } } }),
    stop: is({ stop_signal: "SIGQUIT", stop_grace_period: "1m30s", init: true }),
    "healthcheck-text": is({ healthcheck: { test: "true", interval: "1s" } }),
    "healthcheck-words": is({
        healthcheck: { test: ["CMD", "true"], interval: "1500ms", timeout: "1m30s", retries: 5, start_period: "0s" },
    }),
    "healthcheck-start": is({
        healthcheck: { test: ["CMD-SHELL", "true"], start_period: "1h", start_interval: "1s", interval: "2m" },
    }),
    "healthcheck-none": is({ healthcheck: { test: ["NONE"] } }),
    "healthcheck-times": is({ ...checked, image: undefined, healthcheck: { interval: "2s" } }),
    "healthcheck-test": is({ ...checked, image: undefined, healthcheck: { test: "test -d /tmp" } }),
    "healthcheck-disable": is({ ...checked, image: undefined, healthcheck: { disable: true } }),
    "depends-on": is({ depends_on: ["plain"], links: ["plain:other", "job"] }),
    "depends-on-healthy": is({ depends_on: { "healthcheck-text": { condition: "service_healthy" } } }),
    job: is({ command: ["true"] }),
    "depends-on-job": is({ depends_on: { job: { condition: "service_completed_successfully" } } }),
    scale: is({ scale: 2 }),
    logging: is({ logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } } }),
    "logging-options": is({ logging: { options: { "max-size": "1m" } } }),

    // What it reaches, and who reaches it
    ports: is({
        ports: [
            "21430:80",
            "127.0.0.1:21431:81",
            { target: 82, published: "21432", host_ip: "127.0.0.1", protocol: "tcp", mode: "host" },
            "[::]:21433:83",
            "21434-21435:8000-8001",
        ],
    }),
    "ports-udp": is({ ports: ["21436:53/udp", "21436:53/tcp"] }),
    "ports-twice": is({ ports: ["21440:9000", "21438:80", "21437:80"] }),
    "ports-chosen": is({ ports: ["80"], expose: ["3000", "5000/udp"] }),
    "network-none": is({ network_mode: "none" }),
    "network-host": is({ network_mode: "host" }),
    "network-bridge": is({ network_mode: "bridge" }),
    "network-service": is({ network_mode: "service:plain", pid: "service:plain" }),
    networks: is({ networks: ["front", "back", "default"] }),
    "networks-aliases": is({ networks: { front: { aliases: ["database", "db"] } } }),
    "networks-addresses": is({
        networks: { back: { ipv4_address: "172.31.77.40", ipv6_address: "fd00:b:e::40" } },
    }),
    "networks-options": is({
        networks: {
            back: {},
            front: {
                gw_priority: 1,
                link_local_ips: ["169.254.9.9"],
                driver_opts: { "com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.log_martians=1" },
            },
        },
    }),
    dns: is({
        dns: ["9.9.9.9", "1.1.1.1"],
        dns_opt: ["use-vc", "ndots:2"],
        dns_search: ["a.test", "b.test"],
        extra_hosts: ["one.test:10.0.0.1", "two.test=10.0.0.2", "host.test:host-gateway"],
    }),
    "dns-text": is({ dns: "9.9.9.9", dns_search: "a.test", extra_hosts: { "one.test": "10.0.0.1" } }),

    // Files
    volume: is({ volumes: ["data:/data", "more:/more:ro", "/anonymous"] }),
    "volume-long": is({
        volumes: [
            { type: "volume", source: "data", target: "/data", read_only: true },
            { type: "volume", source: "more", target: "/more", volume: { nocopy: true } },
            { type: "volume", target: "/anonymous" },
            { type: "tmpfs", target: "/cache", tmpfs: { size: "64m", mode: 0o1770 } },
        ],
    }),
    bind: is({ volumes: ["/etc/hostname:/host/hostname:ro", "/srv/parity:/made", "./site:/site:ro"] }),
    "bind-long": is({
        volumes: [
            { type: "bind", source: "./site", target: "/site", read_only: true },
            { type: "bind", source: "/etc", target: "/host-etc", bind: { create_host_path: false } },
            { type: "bind", source: "/mnt", target: "/mnt", bind: { propagation: "rslave" } },
        ],
    }),
    "bind-selinux": is({
        volumes: ["/srv/parity:/made:z"],
        tmpfs: ["/run:size=64m,mode=1777", "/var/cache"],
        working_dir: "/made",
    }),
    "volumes-from": is({ volumes_from: ["volume"] }),
    files: is({ configs: ["file"], secrets: ["password"] }),
    "configs-inline": is({ configs: [{ source: "inline", target: "/etc/inline.conf" }] }),

    // What it may do, and what it may use
    privileged: is({ privileged: true, security_opt: ["seccomp=unconfined"] }),
    "cap-add": is({ cap_add: ["NET_ADMIN", "sys_time"] }),
    "cap-drop": is({ cap_drop: ["ALL"], cap_add: ["CAP_CHOWN"] }),
    "security-opt": is({ security_opt: ["no-new-privileges:true", "seccomp=unconfined"] }),
    "security-opt-profile": is({ security_opt: ["seccomp=./seccomp.json"] }),
    "pid-host": is({ pid: "host", ipc: "host", security_opt: ["seccomp:unconfined"] }),
    ipc: is({ ipc: "shareable", shm_size: "128m" }),
    "ipc-service": is({ ipc: "service:ipc", userns_mode: "host", runtime: "runc" }),
    cgroup: is({ cgroup: "host", cgroup_parent: "parity" }),
    "cgroup-private": is({ cgroup: "private", sysctls: ["net.core.somaxconn=1024"] }),
    sysctls: is({
        sysctls: { "net.core.somaxconn": 1024, "net.ipv4.tcp_syncookies": 0 },
        ulimits: { nproc: 1000, nofile: { soft: 512, hard: 1024 }, core: -1 },
    }),
    cpus: is({ cpus: "1.50", mem_limit: "64m" }),
    "cpus-small": is({ cpus: 0.05, cpuset: "0", mem_limit: "64m", memswap_limit: "128m", mem_reservation: "32m" }),
    "cpu-quota": is({
        cpu_period: 50000,
        cpu_quota: 25000,
        cpu_shares: 512,
        mem_limit: "64m",
        memswap_limit: -1,
    }),
    "deploy-resources": is({
        deploy: {
            replicas: 2,
            resources: { limits: { cpus: "0.25", memory: "64M" }, reservations: { memory: "32M" } },
        },
    }),
    devices: is({ devices: ["/dev/null:/dev/nil:rw", "/dev/zero"], device_cgroup_rules: ["c 1:3 mr"] }),
};
