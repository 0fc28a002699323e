import { collide, parsePortMapping } from "./portMapping";

/** A port of the host that something else than a service takes, with the place in the config that says so. */
export interface ReservedPort {
    port: number;
    place: string;
}

/**
 * Finds ports of the host that are asked for twice. It reads the raw config, so that it speaks up also where other
 * parts of the config are wrong.
 *
 * @returns a line for each mapping that comes too late
 */
export function portCollisions(services: unknown, reserved: ReservedPort[]): string[] {
    const taken = reserved.map(({ port, place }) => ({
        place,
        mapping: { published: port, target: port },
    }));
    const lines: string[] = [];
    for (const [name, service] of Object.entries(asRecord(services))) {
        const ports = asRecord(service).ports;
        if (!Array.isArray(ports)) continue;
        ports.forEach((entry: unknown, index) => {
            const mapping = parsePortMapping(entry);
            if (typeof mapping === "string") return; // the schema reports it
            const place = `berth:services.${name}.ports[${index}]`;
            const earlier = taken.find((other) => collide(other.mapping, mapping));
            if (earlier) {
                const what = `port ${mapping.published} of the host is used by ${earlier.place} too; choose another`;
                lines.push(`${place}: ${JSON.stringify(entry)}: ${what}`);
            }
            taken.push({ place, mapping });
        });
    }
    return lines;
}

function asRecord(value: unknown): Record<string, unknown> {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
