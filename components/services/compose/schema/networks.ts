import * as net from "node:net";
import * as ipaddr from "ipaddr.js";
import { z } from "zod";
import {
    Wrong,
    boolean,
    engineName,
    integer,
    isRecord,
    isScalar,
    list,
    map,
    read,
    readText,
    text,
    textMap,
} from "./values";

const addressOf = (what: string, isGood: (text: string) => boolean) => {
    const wrong = `not ${what}`;
    return readText(wrong, (text) => (isGood(text) ? text : new Wrong(wrong)));
};
const ipv4 = addressOf("an IPv4 address", (text) => net.isIPv4(text));
const ipv6 = addressOf("an IPv6 address", (text) => net.isIPv6(text));
export const address = addressOf("an IP address", (text) => net.isIP(text) > 0);

const attachment = z
    .strictObject({
        aliases: list.default([]),
        ipv4_address: ipv4.optional(),
        ipv6_address: ipv6.optional(),
        link_local_ips: z.array(address, { error: "write a list of addresses" }).default([]),
        driver_opts: textMap.default({}),
        gw_priority: integer().optional(),
        priority: integer().optional(),
    })
    .transform(({ priority: _, ...rest }) => rest);

export type WrittenAttachment = z.output<typeof attachment>;

const isNames = (value: unknown): value is (string | number)[] =>
    Array.isArray(value) && value.every((key) => typeof key === "string" || typeof key === "number");

/** `networks` of a service: names, or a map of names and what it is there. */
export const attachments = z.unknown().transform((value, context): Record<string, WrittenAttachment> => {
    const wanted = isNames(value)
        ? Object.fromEntries(value.map((key) => [String(key), {}]))
        : isRecord(value)
          ? Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, entry ?? {}]))
          : undefined;
    const result = z.record(z.string(), attachment).safeParse(wanted);
    if (result.success) return result.data;
    if (!wanted) context.addIssue({ code: "custom", message: "write a list of names, or a map", input: value });
    else for (const issue of result.error.issues) context.addIssue({ ...issue, code: "custom", input: value });
    return z.NEVER;
});

/** `extra_hosts`: `HOST:IP`, `HOST=IP`, or a map; an address may be `host-gateway`. */
export const extraHosts = read((value) => {
    const entries: { host: string; ip: string }[] = [];
    const add = (host: string, ip: unknown) => {
        const at = isScalar(ip) ? String(ip).replace(/^\[(.*)\]$/, "$1") : "";
        if (host === "" || (at !== "host-gateway" && net.isIP(at) === 0)) return false;
        entries.push({ host, ip: at });
        return true;
    };
    if (isRecord(value)) {
        for (const [host, ips] of Object.entries(value)) {
            const isGood = (Array.isArray(ips) ? ips : [ips]).every((ip) => add(host, ip));
            if (!isGood) return new Wrong("write an IP address, a list of them, or host-gateway", [host]);
        }
        return entries;
    }
    const allowed = 'write "HOST:IP" or "HOST=IP"; the IP may be host-gateway';
    if (!Array.isArray(value)) return new Wrong(`write a list, or a map of hosts and addresses: ${allowed}`);
    for (const [i, entry] of value.entries()) {
        const [, host = "", ip = ""] = /^([^=:]+)[=:](.+)$/.exec(isScalar(entry) ? String(entry) : "") ?? [];
        if (!add(host, ip)) return new Wrong(allowed, [i]);
    }
    return entries;
});

const subnet = addressOf("a range of addresses, such as 172.28.0.0/16", (text) => ipaddr.isValidCIDR(text));

/** `external`: true, or the old form with a name. */
export const external = z
    .union([boolean, z.strictObject({ name: engineName.optional() })], { error: "write true or false" })
    .default(false);

/** The old form of `external`, in the words of the new one. */
export function named<T extends { external?: z.output<typeof external>; name?: string }>(written: T) {
    const old = typeof written.external === "object" ? written.external.name : undefined;
    return { ...written, external: Boolean(written.external), name: old ?? written.name };
}

/** A network of the top level. */
export const networkSchema = z
    .strictObject({
        name: engineName.optional(),
        external,
        driver: text.optional(),
        driver_opts: textMap.default({}),
        internal: boolean.default(false),
        attachable: boolean.default(false),
        enable_ipv4: boolean.default(true),
        enable_ipv6: boolean.default(false),
        labels: map.default({}),
        ipam: z
            .strictObject({
                driver: text.optional(),
                options: textMap.default({}),
                config: z
                    .array(
                        z.strictObject({
                            subnet: subnet.optional(),
                            ip_range: subnet.optional(),
                            gateway: address.optional(),
                            aux_addresses: textMap.default({}),
                        }),
                        { error: "write a list of subnets" },
                    )
                    .default([]),
            })
            .optional(),
    })
    .superRefine(({ enable_ipv4, external: elsewhere, driver, ipam, internal }, context) => {
        if (!enable_ipv4) {
            const message = "the Docker provider cannot turn IPv4 off; remove the line";
            context.addIssue({ code: "custom", message, path: ["enable_ipv4"] });
        }
        if (!elsewhere || (driver === undefined && ipam === undefined && !internal)) return;
        context.addIssue({ code: "custom", message: "external: it is made elsewhere; keep its name only" });
    })
    .transform(({ enable_ipv4: _, ...network }) => named(network));
