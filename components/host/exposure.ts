import { EVERYONE, isIpv6Range, isTooWide } from "./cidr";
import type { HostConfig } from "./hostSchema";

/** A port that a service publishes beyond the host itself. */
export interface PublishedPort {
    port: number;
    service: string;
    /** Where the config says so: `berth:services.web.ports[0]`. */
    place: string;
}

/** One row of the exposure table. */
export interface Exposure {
    /** TCP port of the host's address. */
    port: number;
    /** Address ranges that reach it; empty where nobody does. */
    from: string[];
    why: string;
}

/** Ports that a web server is for: published, they are open to everyone. */
const WEB_PORTS = [80, 443];

/** Ports of databases and the like that nobody means to show the internet. */
const DATABASE_PORTS: Record<number, string> = {
    1433: "SQL Server",
    1521: "Oracle",
    2375: "the Docker engine",
    2379: "etcd",
    3306: "MySQL",
    5432: "PostgreSQL",
    5984: "CouchDB",
    6379: "Redis",
    9042: "Cassandra",
    9200: "Elasticsearch",
    9300: "Elasticsearch",
    11211: "memcached",
    27017: "MongoDB",
};

const LOOPBACK = ["127.0.0.1/32"];

/**
 * Who reaches which port of a host, and why. On EC2 the security group is made from these rows, so the table cannot
 * differ from it.
 *
 * @param ipv6 whether the host has an IPv6 address
 */
export function exposureOf(host: HostConfig, published: PublishedPort[], ipv6 = false): Exposure[] {
    const everyone = ipv6 ? [EVERYONE.ipv4, EVERYONE.ipv6] : [EVERYONE.ipv4];
    const publishes = ({ service }: PublishedPort) => `${service} publishes it`;
    switch (host.kind) {
        case "local":
            return [
                { port: host.sshPort, from: LOOPBACK, why: "SSH of the machine" },
                ...published.map((p) => ({
                    port: p.port,
                    from: LOOPBACK,
                    why: publishes(p),
                })),
            ];
        case "existing":
            return [
                { port: host.port, from: everyone, why: "SSH, as the server has it" },
                ...published.map((p) => ({ port: p.port, from: everyone, why: publishes(p) })),
            ];
        case "ec2":
            return [
                { port: 22, from: host.sshFrom, why: "SSH, from berth:host.sshFrom" },
                ...published.map((p): Exposure => {
                    const named = host.open[p.port];
                    if (named) return { port: p.port, from: named, why: `${publishes(p)}, from berth:host.open` };
                    if (WEB_PORTS.includes(p.port)) return { port: p.port, from: everyone, why: publishes(p) };
                    return { port: p.port, from: [], why: `${publishes(p)}, closed: berth:host.open does not name it` };
                }),
            ];
    }
}

/**
 * What config and exposure disagree on.
 *
 * @returns a line for each mistake: its place, and the remedy
 */
export function exposureMistakes(host: HostConfig, published: PublishedPort[]): string[] {
    const mistakes: string[] = [];
    if (host.kind === "ec2") {
        const known = new Set(published.map((p) => String(p.port)));
        for (const port of Object.keys(host.open)) {
            if (known.has(port)) continue;
            if (port === "22") {
                mistakes.push("berth:host.open.22: SSH is opened by sshFrom; name the addresses there");
                continue;
            }
            mistakes.push(`berth:host.open.${port}: no service publishes port ${port}; publish it, or take it out`);
        }
    }
    for (const row of exposureOf(host, published)) {
        const database = DATABASE_PORTS[row.port];
        const place = published.find((p) => p.port === row.port)?.place;
        if (!database || !place || !row.from.some(isTooWide)) continue;
        const remedy =
            host.kind === "ec2"
                ? `name the addresses that need it in berth:host.open.${row.port}`
                : `publish it on one address, such as "127.0.0.1:${row.port}:${row.port}"`;
        mistakes.push(`${place}: the internet would reach port ${row.port} (${database}); ${remedy}`);
    }
    return mistakes;
}

/** `203.0.113.4/32, 10.0.0.0/8`; in words where it is everybody or nobody. */
export function describeRanges(from: string[]): string {
    if (from.length === 0) return "nobody";
    if (from.every((range) => LOOPBACK.includes(range))) return "this computer";
    if (from.includes(EVERYONE.ipv4))
        return from.some((r) => isIpv6Range(r) && isTooWide(r)) ? "everyone" : "everyone (IPv4)";
    return from.join(", ");
}
