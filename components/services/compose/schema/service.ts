import { z } from "zod";
import { parseImageReference } from "../../image/imageReference";
import { build } from "./build";
import { dependsOn, envFiles, healthcheck, logging, pullPolicy, restart } from "./lifecycle";
import { fileMounts, mounts, tmpfs } from "./mounts";
import { address, attachments, extraHosts } from "./networks";
import { expose, ports } from "./ports";
import { blkioConfig, deploy, devices, gpus, ulimits } from "./resources";
import {
    Wrong,
    boolean,
    cpus,
    duration,
    integer,
    list,
    map,
    memory,
    name,
    oneOf,
    oneOrMore,
    read,
    readText,
    text,
    textMap,
    textOrList,
    variables,
    words,
} from "./values";

const image = read((value) =>
    typeof value === "string" && parseImageReference(value)
        ? value
        : new Wrong(
              'not an image reference; write [REGISTRY/]PATH[:TAG][@DIGEST] in small letters, such as "nginx:1.30"',
          ),
);

const containerName = readText("write a text", (text) =>
    /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(text)
        ? text
        : new Wrong("a container's name has letters, digits, `_`, `.` and `-`, the first no sign, at least two"),
);

/** A mode that may join another container. */
const joined = (...fixed: string[]) => {
    const allowed = `one of ${[...fixed, "service:NAME", "container:NAME"].join(", ")}`;
    return readText(allowed, (said) => {
        if (said === "") return undefined;
        if (fixed.includes(said) || /^(service|container):.+$/.test(said)) return said;
        return new Wrong(allowed);
    });
};

const VOLUMES_FROM = 'write SERVICE[:ro], or "container:NAME[:ro]"';
const volumesFrom = z.array(
    readText(VOLUMES_FROM, (text) => {
        const [, container, from, mode] = /^(container:)?([^:]+)(?::(ro|rw))?$/.exec(text) ?? [];
        if (from === undefined) return new Wrong(VOLUMES_FROM);
        return { from, container: container !== undefined, read_only: mode === "ro" };
    }),
    { error: "write a list of services" },
);

const LINK = "write SERVICE or SERVICE:ALIAS";
const links = z.array(
    readText(LINK, (text) => {
        const [service = "", alias = service, ...more] = text.split(":");
        return service === "" || alias === "" || more.length > 0 ? new Wrong(LINK) : { service, alias };
    }),
    { error: "write a list of services" },
);

const platform = readText("write a text", (text) =>
    /^\w+(\/\w+){0,2}$/.test(text) ? text : new Wrong("write OS/ARCHITECTURE[/VARIANT], such as linux/arm64"),
);
const signal = readText("write a text", (text) =>
    /^([a-z][a-z0-9+-]*|\d+)$/i.test(text) ? text : new Wrong("not a signal; write its name, such as SIGQUIT"),
);
const cpuset = readText("write a text", (text) =>
    /^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/.test(text) ? text : new Wrong('write numbers of CPUs, such as "0-3" or "0,1"'),
);

/** A service as written, its short forms read. `null` is an empty service. */
export const serviceSchema = z.strictObject(
    {
        // What it is
        image: image.optional(),
        build: build.optional(),
        pull_policy: pullPolicy.optional(),
        platform: platform.optional(),
        scale: integer(0).optional(),
        profiles: list.default([]),
        deploy: deploy.optional(),
        develop: z.unknown().optional(),
        attach: z.unknown().optional(),
        // What runs in it
        container_name: containerName.optional(),
        command: words.optional(),
        entrypoint: words.optional(),
        environment: variables.default({}),
        env_file: envFiles.default([]),
        labels: map.default({}),
        label_file: textOrList.default([]),
        hostname: name.optional(),
        domainname: name.optional(),
        user: text.optional(),
        group_add: list.default([]),
        working_dir: text.optional(),
        init: boolean.optional(),
        tty: boolean.default(false),
        stdin_open: boolean.default(false),
        // When it runs
        restart: restart.optional(),
        stop_signal: signal.optional(),
        stop_grace_period: duration.default(10_000),
        healthcheck: healthcheck.optional(),
        depends_on: dependsOn.default({}),
        logging: logging.optional(),
        // What it reaches, and who reaches it
        ports: ports.default([]),
        expose: expose.default([]),
        network_mode: joined("none", "host", "bridge").optional(),
        networks: attachments.optional(),
        links: links.default([]),
        dns: oneOrMore(address).default([]),
        dns_opt: list.default([]),
        dns_search: textOrList.default([]),
        extra_hosts: extraHosts.default([]),
        // Files
        volumes: mounts.default([]),
        volumes_from: volumesFrom.default([]),
        tmpfs: tmpfs.default([]),
        configs: fileMounts.default([]),
        secrets: fileMounts.default([]),
        read_only: boolean.default(false),
        storage_opt: textMap.default({}),
        shm_size: memory.optional(),
        // What it may do
        privileged: boolean.default(false),
        cap_add: list.default([]),
        cap_drop: list.default([]),
        security_opt: list.default([]),
        userns_mode: text.optional(),
        pid: joined("host").optional(),
        ipc: joined("none", "host", "private", "shareable").optional(),
        cgroup: oneOf("host", "private").optional(),
        cgroup_parent: text.optional(),
        runtime: text.optional(),
        sysctls: map.default({}),
        ulimits: ulimits.default({}),
        devices: devices.default([]),
        device_cgroup_rules: list.default([]),
        gpus: gpus.default([]),
        // What it may use
        cpus: cpus.optional(),
        cpu_shares: integer(0).optional(),
        cpu_period: integer(0).optional(),
        cpu_quota: integer(-1).optional(),
        cpuset: cpuset.optional(),
        mem_limit: memory.optional(),
        mem_reservation: memory.optional(),
        memswap_limit: z
            .union([z.literal([-1, "-1"]).transform(() => -1), memory], {
                error: 'write a size such as "1g", or -1 for no limit',
            })
            .optional(),
        blkio_config: blkioConfig.default([]),
    },
    { error: (issue) => (issue.code === "invalid_type" ? "write a map with image or build" : undefined) },
);

export type WrittenService = z.output<typeof serviceSchema>;
