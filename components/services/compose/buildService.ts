import type { Path, Report } from "./document";
import type { ProjectContext, WrittenProject } from "./buildProject";
import { buildSpec } from "./buildSpec";
import { fileMounts } from "./fileMounts";
import type { MountSpec, NetworkAttachment, ServiceSpec } from "./project";
import type { ProjectFiles } from "./projectFiles";
import type { WrittenMount } from "./schema/mounts";
import type { WrittenService } from "./schema/service";
import { Wrong } from "./schema/values";
import { securityOptions } from "./securityOptions";

/** A secret is kept as one in a container's environment, and in files. */
export const MISPLACED_SECRET =
    "a value of berth:secrets would not stay secret here; put it into `environment`, or give it as a file by " +
    "`secrets`, and have the command read it there (`$$NAME` is the container's own variable)";

export interface ServiceContext extends ProjectContext {
    name: string;
    written: WrittenProject;
    files: ProjectFiles;
    report: Report;
    /** Says what is no mistake, and yet worth knowing. */
    warn: (message: string) => void;
}

/** A service in the model's words. What is wrong is reported, and something in its place goes on. */
export function buildService(service: WrittenService, context: ServiceContext): ServiceSpec {
    const { name } = context;
    const at = (...rest: Path) => ["services", name, ...rest];
    if (service.image === undefined && !service.build) {
        context.report(at(), `the image is missing; write image: "nginx:1.30", or build`);
    }
    const { deploy } = service;
    const limits = deploy?.resources?.limits;
    const reservations = deploy?.resources?.reservations;
    /** Two ways to say the same must agree, as in Compose. */
    const either = <T>(key: string, plain: T | undefined, path: string, deployed: T | undefined): T | undefined => {
        if (plain !== undefined && deployed !== undefined && plain !== deployed) {
            context.report(at(key), `it says something else than deploy.${path}; keep one of them`);
        }
        return plain ?? deployed;
    };
    const env = environment(service, context);
    if (service.network_mode !== undefined && Object.keys(service.networks ?? {}).length > 0) {
        context.report(at("network_mode"), "it has networks too; write one of the two");
    }
    return {
        image: service.image,
        build: service.build && buildSpec(service.build, context),
        pull_policy: service.pull_policy ?? (service.build ? "build" : "missing"),
        platform: service.platform,
        scale: either("scale", service.scale, "replicas", deploy?.replicas) ?? 1,

        container_name: service.container_name,
        command: service.command,
        entrypoint: service.entrypoint,
        ...env,
        labels: { ...labelFiles(service, context), ...service.labels },
        hostname: service.hostname,
        domainname: service.domainname,
        user: service.user,
        group_add: service.group_add,
        working_dir: service.working_dir,
        init: service.init,
        tty: service.tty,
        stdin_open: service.stdin_open,
        read_only: service.read_only,
        privileged: service.privileged,
        restart: restartOf(service),
        stop_signal: service.stop_signal,
        stop_grace_period: service.stop_grace_period,
        healthcheck: service.healthcheck,
        depends_on: { ...service.depends_on },

        ports: service.ports,
        expose: service.expose,
        network_mode: service.network_mode,
        networks: attachmentsOf(service),
        links: service.links,
        dns: service.dns,
        dns_opt: service.dns_opt,
        dns_search: service.dns_search,
        extra_hosts: service.extra_hosts,

        mounts: distinct(mountsOf(service, context), (mount) => mount),
        volumes_from: service.volumes_from,
        files: distinct(fileMounts(service, context), ({ content: _, ...file }) => file),

        cap_add: service.cap_add,
        cap_drop: service.cap_drop,
        security_opt: securityOpt(service, context),
        userns_mode: service.userns_mode,
        pid: service.pid,
        ipc: service.ipc,
        cgroup: service.cgroup,
        cgroup_parent: service.cgroup_parent,
        runtime: service.runtime,
        sysctls: service.sysctls,
        ulimits: service.ulimits,
        storage_opt: service.storage_opt,
        shm_size: service.shm_size,
        logging: service.logging,

        cpus: either("cpus", service.cpus, "resources.limits.cpus", limits?.cpus),
        cpu_shares: service.cpu_shares,
        cpu_period: service.cpu_period,
        cpu_quota: service.cpu_quota,
        cpuset: service.cpuset,
        mem_limit: either("mem_limit", service.mem_limit, "resources.limits.memory", limits?.memory),
        mem_reservation: either(
            "mem_reservation",
            service.mem_reservation,
            "resources.reservations.memory",
            reservations?.memory,
        ),
        memswap_limit: service.memswap_limit,
        devices: service.devices,
        device_cgroup_rules: service.device_cgroup_rules,
        device_requests: [...service.gpus, ...(reservations?.devices ?? [])],
        device_rates: service.blkio_config,
        update_order: deploy?.update_config?.order,
    };
}

/** What is said twice counts once, as in Compose. */
function distinct<T>(all: T[], keyOf: (item: T) => unknown): T[] {
    return [...new Map(all.map((item) => [JSON.stringify(keyOf(item)), item])).values()];
}

/** `env_file` first, then `environment`; a name alone takes the value of the shell or `.env`. */
function environment(
    service: WrittenService,
    context: ServiceContext,
): Pick<ServiceSpec, "environment" | "secret_environment"> {
    const { name, variables, files, report } = context;
    const all: Record<string, string> = {};
    const secret = new Set<string>(context.privateNames(name));
    service.env_file.forEach((entry, i) => {
        const read = files.envFile(entry, variables);
        if (read instanceof Wrong) return report(["services", name, "env_file", i], read.message);
        for (const blank of read?.unset ?? []) {
            const remedy = "put a value with a dollar into single quotes";
            context.warn(`The variable ${blank} is not set: it is blank in ${entry.path}. If it is none, ${remedy}.`);
        }
        for (const [key, value] of read?.values ?? []) {
            const known = value ?? variables(key)?.value;
            if (known === undefined) continue;
            all[key] = known;
            secret.add(key);
        }
    });
    for (const [key, value] of Object.entries(service.environment)) {
        if (value !== undefined) {
            all[key] = value;
            if (!context.privateNames(name).includes(key)) secret.delete(key);
            continue;
        }
        const found = variables(key);
        if (!found) continue;
        all[key] = found.value;
        secret.add(key);
    }
    return { environment: all, secret_environment: [...secret].filter((key) => Object.hasOwn(all, key)).sort() };
}

function labelFiles(
    service: WrittenService,
    { name, variables, files, report }: ServiceContext,
): Record<string, string> {
    const labels: Record<string, string> = {};
    service.label_file.forEach((path, i) => {
        const read = files.envFile({ path, required: true, raw: false }, variables);
        if (read instanceof Wrong) return report(["services", name, "label_file", i], read.message);
        if (read && read.secrets.size > 0) return report(["services", name, "label_file", i], MISPLACED_SECRET);
        for (const [key, value] of read?.values ?? []) labels[key] = value ?? "";
    });
    return labels;
}

function securityOpt({ security_opt }: WrittenService, { name, files, report }: ServiceContext): string[] {
    const { options, mistakes } = securityOptions(security_opt, files);
    for (const { at, message } of mistakes) report(["services", name, "security_opt", at], message);
    return options;
}

/** Compose's: the policy of `deploy` counts where there is one. */
function restartOf({ restart, deploy }: WrittenService): ServiceSpec["restart"] {
    const policy = deploy?.restart_policy;
    if (!policy) return restart ?? { condition: "no" };
    const swarm = { none: "no", any: "always" } as const;
    const said = policy.condition;
    const condition = said === "none" || said === "any" ? swarm[said] : said;
    return condition === "on-failure" ? { condition, max_attempts: policy.max_attempts } : { condition };
}

function attachmentsOf(service: WrittenService): Record<string, NetworkAttachment> {
    if (service.network_mode !== undefined) return {};
    const plain = (): NetworkAttachment => ({ aliases: [], link_local_ips: [], driver_opts: {} });
    const networks: Record<string, NetworkAttachment> = Object.fromEntries(
        Object.entries(service.networks ?? {}).map(([key, attachment]) => [
            key,
            { ...attachment, aliases: [...attachment.aliases] },
        ]),
    );
    if (Object.keys(networks).length === 0) networks.default = plain();
    return networks;
}

function mountsOf(service: WrittenService, { name, files, written, report }: ServiceContext): MountSpec[] {
    const read = (mount: WrittenMount, path: Path): MountSpec[] => {
        const { type, source, create, ...rest } = mount;
        if (type === "volume" && source !== undefined && !Object.hasOwn(written.volumes, source)) {
            const hint = /^[\w.-]+$/.test(source) ? "" : `, or type: bind for a path`;
            report(path, `there is no volume ${source}; write "${source}:" below volumes at the top level${hint}`);
        }
        if (type !== "bind") return [{ ...rest, type, ...(type === "volume" && { volume: source }) }];
        const bind = files.bindSource(source ?? "", create);
        if (bind instanceof Wrong) {
            report(path, bind.message);
            return [];
        }
        return [{ ...rest, type, bind }];
    };
    return [
        ...service.volumes.flatMap((mount, i) => read(mount, ["services", name, "volumes", i])),
        ...service.tmpfs.flatMap((mount) => read(mount, ["services", name, "tmpfs"])),
    ];
}
