import * as net from "node:net";
import { z } from "zod";
import type { PortMapping } from "../project";
import { Wrong, byForm, oneOf, readText, text } from "./values";

const PROTOCOLS = ["tcp", "udp", "sctp"] as const;
type Range = { from: number; to: number };

const port = z.unknown().transform((value) => (typeof value === "number" ? String(value) : value));
const longPort = z
    .strictObject({
        target: port.pipe(z.string({ error: "write the container's port, such as 80" })),
        published: port.pipe(z.string({ error: 'write a port of the host, such as "8080"' })).optional(),
        host_ip: text.optional(),
        protocol: oneOf(...PROTOCOLS).default("tcp"),
        mode: oneOf("ingress", "host").optional(),
        name: text.optional(),
        app_protocol: text.optional(),
    })
    .transform(({ target, published, host_ip, protocol }, context): PortMapping[] => {
        const all = mappings(host_ip?.replace(/^\[(.*)\]$/, "$1"), published, target, protocol);
        if (!(all instanceof Wrong)) return all;
        context.addIssue({ code: "custom", message: all.message, path: [...all.path] });
        return z.NEVER;
    });

/** `ports`: each entry in the short or the long form, ranges written out. */
export const ports = z
    .array(byForm(readText('write "PUBLISHED:TARGET", such as "8080:80", or the long form', shortPort), longPort), {
        error: 'write a list, such as ["8080:80"]',
    })
    .transform((lists) => {
        const all = lists.flatMap((list, entry) => list.map((port): PortMapping => ({ ...port, entry })));
        return all.filter((port, i) => all.findIndex((other) => isSame(other, port)) === i);
    });

function isSame(a: PortMapping, b: PortMapping): boolean {
    return a.hostIp === b.hostIp && a.published === b.published && a.target === b.target && a.protocol === b.protocol;
}

/**
 * `[[HOST_IP:]PUBLISHED:]TARGET[/PROTOCOL]`, each port one or a range.
 *
 * @see https://docs.docker.com/reference/compose-file/services/#ports
 */
export function shortPort(text: string): PortMapping[] | Wrong {
    const [all = "", after = "tcp", ...more] = text.split("/");
    const protocol = after.toLowerCase();
    if (more.length > 0 || !isProtocol(protocol)) return new Wrong(`after "/" comes ${PROTOCOLS.join(", ")}`);
    const match = /^(?:(?:\[([^\]]+)\]|([^[\]:]*)):)?(?:([\d-]*):)?([\d-]+)$/.exec(all);
    // With one colon the part before it is a port, not an address.
    const [, ipv6, before, between, target = ""] = match ?? [];
    if (!match) return new Wrong('write [HOST_IP:]PUBLISHED:TARGET, such as "8080:80"');
    const hasAddress = between !== undefined || ipv6 !== undefined;
    const hostIp = hasAddress ? (ipv6 ?? before) : undefined;
    const published = hasAddress ? between : before;
    const result = mappings(hostIp, published, target, protocol);
    return result instanceof Wrong ? new Wrong(result.message) : result;
}

/** What is wrong has its place in the long form. */

function mappings(
    hostIp: string | undefined,
    published: string | undefined,
    target: string,
    protocol: PortMapping["protocol"],
): PortMapping[] | Wrong {
    if (hostIp !== undefined && hostIp !== "" && net.isIP(hostIp) === 0) {
        return new Wrong(`"${hostIp}" is not an address of the host`, ["host_ip"]);
    }
    const inside = portRange(target);
    if (!inside)
        return new Wrong(`the container's port "${target}" is not a number from 1 to 65535, or a range`, ["target"]);
    const outside = published === undefined || published === "" || published === "0" ? undefined : portRange(published);
    if (published && published !== "0" && !outside) {
        return new Wrong(`the host's port "${published}" is not a number from 1 to 65535, or a range`, ["published"]);
    }
    const count = inside.to - inside.from + 1;
    // One port of a range of the host: the engine would choose. A fixed one can be planned and opened.
    if (outside && count === 1 && outside.to > outside.from) {
        return new Wrong(`the engine would choose one of ${published}; choose it here, so that the plan can say it`, [
            "published",
        ]);
    }
    if (outside && outside.to - outside.from + 1 !== count) {
        return new Wrong(
            `the ranges ${published} and ${target} differ in length; write as many ports of the host as of the container`,
            ["published"],
        );
    }
    return Array.from({ length: count }, (_, i) => ({
        ...(hostIp ? { hostIp } : {}),
        ...(outside ? { published: outside.from + i } : {}),
        target: inside.from + i,
        protocol,
    }));
}

const EXPOSE = 'write PORT[/PROTOCOL], such as "5432"';

/** `expose`: ports that the image listens on. */
export const expose = z
    .array(
        readText(EXPOSE, (value) => {
            const [ports = "", after = "tcp", ...more] = value.split("/");
            const [range, protocol] = [portRange(ports), after.toLowerCase()];
            if (!range || !isProtocol(protocol) || more.length > 0) return new Wrong(EXPOSE);
            return Array.from({ length: range.to - range.from + 1 }, (_, i) => `${range.from + i}/${protocol}`);
        }),
        { error: 'write a list, such as ["5432"]' },
    )
    .transform((lists) => lists.flat());

function isProtocol(text: string): text is PortMapping["protocol"] {
    return (PROTOCOLS as readonly string[]).includes(text);
}

function portRange(text: string): Range | undefined {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
    const [from, to] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    return match && from >= 1 && to >= from && to <= 65535 ? { from, to } : undefined;
}
