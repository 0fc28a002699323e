import { type Exposure, describeRanges, portName } from "../../components/host/exposure";
import { type Values, numberOf, recordOf, recordsOf, textOf, textsOf } from "../../components/readings";
import { table } from "./table";

/**
 * What a person wants to know after an update: what runs, who reaches it, and where. The outputs themselves are long.
 *
 * @param outputs of the stack, as `pulumi stack output --json` prints them; what is not there is left out
 */
export function describeOutcome(outputs: unknown, stack: string): string {
    const all = recordOf(outputs);
    const hosts = Array.isArray(all.hosts) ? recordsOf(all.hosts) : [all];
    const tables = hosts.flatMap((host) => {
        const services = Object.entries(recordOf(host.containers));
        const rows = recordsOf(host.exposure).flatMap(exposureRow);
        return [
            ...(services.length > 0 ? [serviceTable(services)] : []),
            ...(rows.length > 0 ? [exposureTable(rows)] : []),
        ];
    });
    const more = `More, such as the docker run line of each service: ./scripts/pulumi stack output -s ${stack} --json\n`;
    // Last, where people and scripts look for it.
    const urls = hosts.flatMap(({ url }) => (textOf(url) === undefined ? [] : [`${textOf(url)}\n`])).join("");
    return [...tables, more, ...(urls === "" ? [] : [urls])].map((part) => `\n${part}`).join("");
}

function serviceTable(services: [string, unknown][]): string {
    const rows = services.map(([service, summary]) => {
        const { image, ports, update } = recordOf(summary);
        return [service, textOf(image) ?? "", textsOf(ports).join(" "), textOf(update) ?? ""];
    });
    return table([["SERVICE", "IMAGE", "PORTS", "UPDATE"], ...rows]);
}

/** A row of which the port is not known says nothing. */
function exposureRow({ port, to, protocol, from, why }: Values): Exposure[] {
    const first = numberOf(port);
    if (first === undefined || !Array.isArray(from)) return [];
    return [
        {
            port: first,
            to: numberOf(to),
            protocol: protocol === "udp" || protocol === "sctp" ? protocol : undefined,
            from: textsOf(from),
            why: textOf(why) ?? "",
        },
    ];
}

/** The exposure of a host: a line for each port. */
export function exposureTable(rows: Exposure[]): string {
    return table([["PORT", "WHO", "WHY"], ...rows.map((row) => [portName(row), describeRanges(row.from), row.why])]);
}
