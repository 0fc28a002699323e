import { EVERYONE, isIpv6Range, isTooWide } from "./cidr";
import type { HostConfig } from "./hostSchema";
import { isNamedBy } from "./openPorts";

export type Protocol = "tcp" | "udp" | "sctp";

/** A port that a service publishes beyond the host itself. */
export interface PublishedPort {
    port: number;
    /** Default: tcp */
    protocol?: Protocol;
    /** Address of the host that it is published on. Default: all of them */
    hostIp?: string;
    service: string;
    /** Where the config says so: `berth:services.web.ports[0]`. */
    place: string;
}

/** One row of the exposure table. */
export interface Exposure {
    /** Port of the host's address. */
    port: number;
    /** Last port, where the config publishes a range: `port` is the first. */
    to?: number;
    /** Default: tcp */
    protocol?: "udp" | "sctp";
    /** Address ranges that reach it; empty where nobody does. */
    from: string[];
    why: string;
}

/** TCP ports that a web server is for: published, they are open to everyone. HTTP/3 (443/udp) is not among them. */
const WEB_PORTS = [80, 443];

/** TCP ports of databases and the like that nobody means to show the internet. */
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

/** `53/udp`, `7000-7010/tcp`: ports as Docker and the exposure table write them. */
export function portName({ port, to, protocol = "tcp" }: { port: number; to?: number; protocol?: Protocol }): string {
    return `${port}${to === undefined ? "" : `-${to}`}/${protocol}`;
}

/** What several services publish on several addresses is one port of the host. */
interface Port {
    port: number;
    protocol: Protocol;
    hostIps: (string | undefined)[];
    services: string[];
    place: string;
}

function portsOf(published: PublishedPort[]): Port[] {
    const ports = new Map<string, Port>();
    for (const { port, protocol = "tcp", hostIp, service, place } of published) {
        const known = ports.get(portName({ port, protocol }));
        if (!known) {
            ports.set(portName({ port, protocol }), { port, protocol, hostIps: [hostIp], services: [service], place });
            continue;
        }
        known.hostIps.push(hostIp);
        if (!known.services.includes(service)) known.services.push(service);
    }
    return [...ports.values()];
}

function row(port: Port, from: string[], more = ""): Exposure {
    const { services, protocol } = port;
    const why = `${services.join(", ")} publish${services.length === 1 ? "es" : ""} it${more}`;
    return { port: port.port, ...(protocol !== "tcp" && { protocol }), from, why };
}

/**
 * Who reaches which port of a host, and why. On EC2 the security group is made from these rows, so the table cannot
 * differ from it.
 *
 * @param ipv6 whether the host has an IPv6 address
 */
export function exposureOf(host: HostConfig, published: PublishedPort[], ipv6 = false): Exposure[] {
    const everyone = ipv6 ? [EVERYONE.ipv4, EVERYONE.ipv6] : [EVERYONE.ipv4];
    const ports = portsOf(published);
    const rows = (rowOf: (port: Port) => Exposure) => inRanges(ports.map((port) => ({ port, row: rowOf(port) })));
    switch (host.kind) {
        case "local":
            return [
                ...(host.sshPort === undefined
                    ? [] // not chosen yet
                    : [{ port: host.sshPort, from: LOOPBACK, why: "SSH of the machine" }]),
                ...rows((port) => {
                    const why = whyNotForwarded(port);
                    return why === undefined ? row(port, LOOPBACK) : row(port, [], `, not forwarded: ${why}`);
                }),
            ];
        case "existing":
            return [
                { port: host.port, from: everyone, why: "SSH, as the server has it" },
                ...rows((port) => row(port, everyone)),
            ];
        case "ec2":
            return [
                { port: 22, from: host.sshFrom, why: "SSH, from berth:host.sshFrom" },
                ...rows((port) => onEc2(port, host.open, everyone)),
            ];
    }
}

/** Ports of one entry of the config that follow each other and are open to the same are one row. */
function inRanges(ports: { port: Port; row: Exposure }[]): Exposure[] {
    const rows: Exposure[] = [];
    let before: Port | undefined;
    for (const { port, row } of ports) {
        const last = rows.at(-1);
        const follows = before?.place === port.place && port.port === (last?.to ?? last?.port ?? 0) + 1;
        const same = last?.protocol === row.protocol && last?.why === row.why && String(last.from) === String(row.from);
        if (last && follows && same) last.to = port.port;
        else rows.push({ ...row });
        before = port;
    }
    return rows;
}

function onEc2(port: Port, open: Record<string, string[]>, everyone: string[]): Exposure {
    if (port.protocol === "sctp") return row(port, [], ", closed: a security group opens all ports of SCTP or none");
    const named = Object.entries(open).find(([key]) => isNamedBy(port, key))?.[1];
    if (named) return row(port, named, ", from berth:host.open");
    if (port.protocol === "tcp" && WEB_PORTS.includes(port.port)) return row(port, everyone);
    if (port.protocol === "tcp") return row(port, [], ", closed: berth:host.open does not name it");
    const http3 = port.port === 443 ? "HTTP/3 is " : "";
    return row(port, [], `, ${http3}closed: berth:host.open does not name it with /${port.protocol}`);
}

/** Why a port of the embedded host does not reach this computer; undefined where it does. */
function whyNotForwarded({ protocol, hostIps }: Port): string | undefined {
    if (protocol === "sctp") return "SCTP stays inside the machine";
    return hostIps.every((ip) => ip?.includes(":")) ? "the machine has no IPv6 address" : undefined;
}

/** The ports of 127.0.0.1 that lead to the embedded host. */
export function forwardedPorts(published: PublishedPort[]): { port: number; protocol: "tcp" | "udp"; place: string }[] {
    return portsOf(published).flatMap((p) =>
        p.protocol === "sctp" || whyNotForwarded(p) !== undefined
            ? []
            : [{ port: p.port, protocol: p.protocol, place: p.place }],
    );
}

/**
 * What config and exposure disagree on.
 *
 * @returns a line for each mistake: its place, and the remedy
 */
export function exposureMistakes(host: HostConfig, published: PublishedPort[]): string[] {
    const mistakes = host.kind === "ec2" ? openMistakes(host.open, published) : [];
    const rows = exposureOf(host, published).filter(({ from }) => from.some(isTooWide));
    for (const { port, protocol, place } of portsOf(published)) {
        const database = protocol === "tcp" ? DATABASE_PORTS[port] : undefined;
        const open = rows.some((r) => (r.protocol ?? "tcp") === protocol && r.port <= port && port <= (r.to ?? r.port));
        if (!database || !open) continue;
        const remedy =
            host.kind === "ec2"
                ? `name the addresses that need it in berth:host.open.${port}`
                : `publish it on one address, such as "127.0.0.1:${port}:${port}"`;
        mistakes.push(`${place}: the internet would reach port ${port} (${database}); ${remedy}`);
    }
    return mistakes;
}

/** What `berth:host.open` names and nobody publishes, or nobody can open. */
function openMistakes(open: Record<string, string[]>, published: PublishedPort[]): string[] {
    const known = portsOf(published);
    return Object.keys(open).flatMap((key) => {
        if (known.some((port) => isNamedBy(port, key))) return [];
        if (isNamedBy({ port: 22, protocol: "tcp" }, key)) {
            return `berth:host.open.${key}: SSH is opened by sshFrom; name the addresses there`;
        }
        const [numbers = "", protocol] = key.split("/");
        const other = protocol === "udp" ? numbers : `${numbers}/udp`;
        const remedy = known.some((port) => isNamedBy(port, other))
            ? `${protocol === "udp" ? `${numbers}/tcp` : other} is published: write "${other}"`
            : "publish it, or take it out";
        return `berth:host.open.${key}: no service publishes port ${key}; ${remedy}`;
    });
}

/** `203.0.113.4/32, 10.0.0.0/8`; in words where it is everybody or nobody. */
export function describeRanges(from: string[]): string {
    if (from.length === 0) return "nobody";
    if (from.every((range) => LOOPBACK.includes(range))) return "this computer";
    if (from.includes(EVERYONE.ipv4))
        return from.some((r) => isIpv6Range(r) && isTooWide(r)) ? "everyone" : "everyone (IPv4)";
    return from.join(", ");
}
