/** Ports that a key of `berth:host.open` names: `8080`, `53/udp` or `7000-7010`. */
interface Ports {
    first: number;
    last: number;
    protocol: string;
}

function portsIn(key: string): Ports {
    const [numbers = "", protocol = "tcp"] = key.split("/");
    const [first = 0, last = first] = numbers.split("-").map(Number);
    return { first, last, protocol };
}

/** Whether a key of `berth:host.open` names a port. */
export function isNamedBy({ port, protocol }: { port: number; protocol: string }, key: string): boolean {
    const ports = portsIn(key);
    return protocol === ports.protocol && ports.first <= port && port <= ports.last;
}

/** Whether two keys of `berth:host.open` name the same port. */
export function overlap(key: string, other: string): boolean {
    const [a, b] = [portsIn(key), portsIn(other)];
    return a.protocol === b.protocol && a.first <= b.last && b.first <= a.last;
}
