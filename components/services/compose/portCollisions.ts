import { type Mistake, type Path, pathText } from "./document";
import type { ComposeProject, PortMapping } from "./project";

/** A port of the host that something else than a service takes, with the place in the config that says so. */
export interface ReservedPort {
    port: number;
    place: string;
}

/** Finds ports of the host that are asked for twice: a line for each mapping that comes too late. */
export function portCollisions(services: ComposeProject["services"], reserved: ReservedPort[]): Mistake[] {
    const taken: { place: string; mapping: PortMapping }[] = reserved.map(({ port, place }) => ({
        place,
        mapping: { published: port, target: port, protocol: "tcp" },
    }));
    const mistakes: Mistake[] = [];
    for (const [service, { ports }] of Object.entries(services)) {
        for (const mapping of ports) {
            const earlier = taken.find((other) => collide(other.mapping, mapping));
            if (earlier) {
                const message = `port ${mapping.published} of the host is used by ${earlier.place} too; choose another`;
                mistakes.push({ path: portPath(service, mapping), message });
            }
            taken.push({ place: pathText(portPath(service, mapping)), mapping });
        }
    }
    return mistakes;
}

/** Where a port is said. */
export function portPath(service: string, { entry }: PortMapping): Path {
    return ["services", service, "ports", ...(entry === undefined ? [] : [entry])];
}

/** Whether the port can be reached from outside the host. */
export function isReachable({ hostIp, published }: PortMapping): boolean {
    return published !== undefined && !(hostIp?.startsWith("127.") ?? false) && hostIp !== "::1";
}

/** Whether two mappings cannot exist at once on one host. */
export function collide(a: PortMapping, b: PortMapping): boolean {
    if (a.published === undefined || a.published !== b.published || a.protocol !== b.protocol) return false;
    const any = (ip: string | undefined) => ip === undefined || ip === "0.0.0.0" || ip === "::";
    return any(a.hostIp) || any(b.hostIp) || a.hostIp === b.hostIp;
}
