import { z } from "zod";
import type { DeviceRequest, ServiceSpec } from "../project";
import {
    Wrong,
    byForm,
    containerPath,
    cpus,
    integer,
    list,
    map,
    memory,
    oneOf,
    read,
    readText,
    size,
    text,
} from "./values";

/** `ulimits`: a number for both limits, or { soft, hard }. */
export const ulimits = z.record(
    z.string(),
    z.union(
        [
            integer(-1).transform((limit) => ({ soft: limit, hard: limit })),
            z.strictObject({ soft: integer(-1), hard: integer(-1) }),
        ],
        { error: "write a number, or { soft, hard }" },
    ),
    { error: "write a map: a limit's name, such as nofile, and its value" },
);

type Device = ServiceSpec["devices"][number];

const PERMISSIONS = "permissions are r, w, m or several of them, such as rw";
const isPermissions = (value: string) => /^[rwm]{1,3}$/.test(value);

const shortDevice = read((value): Device | Wrong => {
    const [host = "", second = "", third, ...more] = typeof value === "string" ? value.split(":") : [];
    // Of two parts, the second may be either, as in Docker.
    const [container, permissions] =
        third === undefined && isPermissions(second) ? [host, second] : [second, third ?? "rwm"];
    if (!host.startsWith("/") || more.length > 0) {
        return new Wrong("write /dev/NAME[:PATH[:PERMISSIONS]]; devices by a CDI name are not supported");
    }
    if (!isPermissions(permissions)) return new Wrong(PERMISSIONS);
    return { host, container: container === "" ? host : container, permissions };
});
const DEVICE = "write a device of the host, such as /dev/ttyUSB0";
const longDevice = z
    .strictObject({
        source: readText(DEVICE, (path) => (path.startsWith("/") ? path : new Wrong(DEVICE))),
        target: containerPath.optional(),
        permissions: readText(PERMISSIONS, (said) => (isPermissions(said) ? said : new Wrong(PERMISSIONS))).default(
            "rwm",
        ),
    })
    .transform(({ source, target = source, permissions }): Device => ({
        host: source,
        container: target,
        permissions,
    }));

/** `devices`: `HOST[:CONTAINER[:PERMISSIONS]]`, or the long form. */
export const devices = z.array(byForm(shortDevice, longDevice), { error: 'write a list, such as ["/dev/ttyUSB0"]' });

const count = z.union([z.literal("all").transform(() => -1), integer(-1)], { error: "write a number or all" });

/** One entry of `gpus` or `deploy.resources.reservations.devices`. */
const device = z
    .strictObject({
        driver: text.optional(),
        count: count.optional(),
        device_ids: list.default([]),
        capabilities: list.default([]),
        options: map.default({}),
    })
    .superRefine(({ count: wanted, device_ids }, context) => {
        if (wanted === undefined || device_ids.length === 0) return;
        context.addIssue({ code: "custom", message: "write count or device_ids, not both" });
    })
    .transform((request): DeviceRequest => ({
        ...request,
        count: request.count ?? (request.device_ids.length > 0 ? undefined : -1),
    }));
const requests = z.array(device, { error: "write a list of devices" });

/** `deploy.resources.reservations.devices` */
export const deviceRequests = requests.superRefine((all, context) => {
    for (const [i, { capabilities }] of all.entries()) {
        if (capabilities.length > 0) continue;
        context.addIssue({ code: "custom", message: "capabilities are missing, such as [gpu]", path: [i] });
    }
});

/** `gpus`: `all`, or a list of devices. */
export const gpus = z.union(
    [
        z
            .literal("all")
            .transform((): DeviceRequest[] => [{ count: -1, device_ids: [], capabilities: ["gpu"], options: {} }]),
        requests.transform((all) =>
            all.map((one) => ({ ...one, capabilities: [...new Set(["gpu", ...one.capabilities])] })),
        ),
    ],
    { error: "write all, or a list of devices" },
);

const rate = (parse: typeof size) =>
    z.array(z.strictObject({ path: text, rate: parse }), { error: "write a list of { path, rate }" }).default([]);

/** `blkio_config`: limits of reading and writing, by device. */
export const blkioConfig = z
    .strictObject({
        device_read_bps: rate(size),
        device_write_bps: rate(size),
        device_read_iops: rate(size),
        device_write_iops: rate(size),
    })
    .transform((config): ServiceSpec["device_rates"] => [
        ...config.device_read_bps.map((r) => ({ kind: "read_bps" as const, ...r })),
        ...config.device_write_bps.map((r) => ({ kind: "write_bps" as const, ...r })),
        ...config.device_read_iops.map((r) => ({ kind: "read_iops" as const, ...r })),
        ...config.device_write_iops.map((r) => ({ kind: "write_iops" as const, ...r })),
    ]);

/** `deploy`, as far as one engine can have it. */
export const deploy = z.strictObject({
    mode: oneOf("replicated").optional(),
    replicas: integer(0).optional(),
    labels: map.optional(),
    update_config: z.strictObject({ order: oneOf("start-first", "stop-first").optional() }).optional(),
    restart_policy: z
        .strictObject({
            condition: oneOf("none", "no", "on-failure", "unless-stopped", "any", "always").default("any"),
            max_attempts: integer(0).optional(),
        })
        .superRefine(({ condition, max_attempts }, context) => {
            if (!max_attempts || condition === "on-failure") return;
            const message =
                "the engine counts attempts with condition: on-failure only; write that, or remove the line";
            context.addIssue({ code: "custom", message, path: ["max_attempts"] });
        })
        .optional(),
    resources: z
        .strictObject({
            limits: z.strictObject({ cpus: cpus.optional(), memory: memory.optional() }).optional(),
            reservations: z.strictObject({ memory: memory.optional(), devices: deviceRequests.default([]) }).optional(),
        })
        .optional(),
});
