/** One entry of a service's `ports`, as Compose means it. */
export interface PortMapping {
    /** Address of the host that is listened on. Default: all of them */
    hostIp?: string;
    /** Port on the host, 1 to 65535. */
    published: number;
    /** Port in the container, 1 to 65535. */
    target: number;
}

const isPort = (text: string) => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65535;
const isIpv4 = (text: string) => /^(\d{1,3}\.){3}\d{1,3}$/.test(text) && text.split(".").every((n) => Number(n) <= 255);

/**
 * Reads Compose's short syntax, `[HOST_IP:]PUBLISHED:TARGET[/tcp]`.
 *
 * @returns the mapping, or a sentence that says what is wrong and what is allowed
 * @see https://docs.docker.com/reference/compose-file/services/#ports
 */
export function parsePortMapping(value: unknown): PortMapping | string {
    if (typeof value === "number") {
        // YAML reads an unquoted 22:22 as a number of base 60, so the number may not be what was typed.
        return `write it in quotes as "PUBLISHED:TARGET", such as "8080:80"`;
    }
    if (typeof value !== "string") return `write it as a string "PUBLISHED:TARGET", such as "8080:80"`;
    const [ports = "", protocol = "tcp", ...more] = value.split("/");
    if (protocol === "udp") return "UDP is not supported yet; TCP is";
    if (more.length > 0 || protocol !== "tcp") return `the protocol after "/" can only be tcp`;
    const parts = ports.split(":");
    const target = parts.pop() ?? "";
    const published = parts.pop() ?? "";
    const hostIp = parts.length > 0 ? parts.join(":") : undefined;
    if (/^\d+-\d+$/.test(target) || /^\d+-\d+$/.test(published)) {
        return "port ranges are not supported yet; list each port";
    }
    if (published === "") return `a port of the host is missing; write "PUBLISHED:TARGET", such as "8080:80"`;
    if (!isPort(published)) return `the host's port "${published}" is not a number from 1 to 65535`;
    if (!isPort(target)) return `the container's port "${target}" is not a number from 1 to 65535`;
    if (hostIp !== undefined && !isIpv4(hostIp)) return `"${hostIp}" is not an IPv4 address of the host`;
    return { hostIp, published: Number(published), target: Number(target) };
}

/** Whether the port can be reached from outside the host. */
export function isReachable(port: PortMapping): boolean {
    return port.hostIp === undefined || !port.hostIp.startsWith("127.");
}

/** Whether two mappings cannot exist at once on one host. */
export function collide(a: PortMapping, b: PortMapping): boolean {
    const any = (ip: string | undefined) => ip === undefined || ip === "0.0.0.0";
    return a.published === b.published && (any(a.hostIp) || any(b.hostIp) || a.hostIp === b.hostIp);
}
