import { PLAIN_NETWORK } from "../../components/services/compose/buildProject";
import type { BuildSpec, ComposeProject, ServiceSpec, VolumeSpec } from "../../components/services/compose";

/** A service that says nothing but what is given. */
export function service(given: Partial<ServiceSpec> = {}): ServiceSpec {
    return {
        image: "busybox:1.37",
        pull_policy: "missing",
        scale: 1,
        environment: {},
        secret_environment: [],
        labels: {},
        group_add: [],
        tty: false,
        stdin_open: false,
        read_only: false,
        privileged: false,
        restart: { condition: "no" },
        stop_grace_period: 10_000,
        depends_on: {},
        ports: [],
        expose: [],
        networks: {},
        links: [],
        dns: [],
        dns_opt: [],
        dns_search: [],
        extra_hosts: [],
        mounts: [],
        volumes_from: [],
        files: [],
        cap_add: [],
        cap_drop: [],
        security_opt: [],
        sysctls: {},
        ulimits: {},
        storage_opt: {},
        devices: [],
        device_cgroup_rules: [],
        device_requests: [],
        device_rates: [],
        ...given,
    };
}

export const volume: VolumeSpec = { external: false, driver_opts: {}, labels: {} };

/** A project of these services: each is in the network `default` where it says nothing else. */
export function project(
    services: Record<string, Partial<ServiceSpec>>,
    more: Partial<ComposeProject> = {},
): ComposeProject {
    const attachment = { aliases: [], link_local_ips: [], driver_opts: {} };
    const specs = Object.entries(services).map(([name, given]) => {
        const networks: ServiceSpec["networks"] = given.network_mode === undefined ? { default: attachment } : {};
        return [name, service({ networks, ...given })] as const;
    });
    return { services: Object.fromEntries(specs), networks: { default: PLAIN_NETWORK }, volumes: {}, ...more };
}

/** A build that says nothing but what is given. */
export function build(given: Partial<BuildSpec> & Pick<BuildSpec, "context">): BuildSpec {
    return {
        args: {},
        secrets: {},
        labels: {},
        extra_hosts: [],
        cache_from: [],
        no_cache: false,
        pull: false,
        platforms: [],
        tags: [],
        additional_contexts: {},
        ulimits: {},
        ...given,
    };
}
