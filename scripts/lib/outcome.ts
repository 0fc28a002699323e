import { type Exposure, describeRanges, portName } from "../../components/host/exposure";
import type { ServiceSummary } from "../../components/services";
import { table } from "./table";

/** What a stack's outputs say of each host. */
export interface HostOutputs {
    url?: string;
    exposure?: Exposure[];
    containers?: Record<string, ServiceSummary>;
}

/**
 * What a person wants to know after an update: what runs, who reaches it, and where. The outputs themselves are long.
 *
 * @param outputs of the stack, as `pulumi stack output --json` prints them
 */
export function describeOutcome(outputs: HostOutputs & { hosts?: HostOutputs[] }, stack: string): string {
    const hosts = outputs.hosts ?? [outputs];
    const tables = hosts.flatMap(({ containers, exposure }) => [
        ...(containers ? [serviceTable(containers)] : []),
        ...(exposure ? [exposureTable(exposure)] : []),
    ]);
    const more = `More, such as the docker run line of each service: ./scripts/pulumi stack output -s ${stack} --json\n`;
    // Last, where people and scripts look for it.
    const urls = hosts.flatMap(({ url }) => (url === undefined ? [] : [`${url}\n`])).join("");
    return [...tables, more, ...(urls === "" ? [] : [urls])].map((part) => `\n${part}`).join("");
}

function serviceTable(services: Record<string, ServiceSummary>): string {
    const rows = Object.entries(services).map(([service, { image, ports, update }]) => {
        return [service, image, ports.join(" "), update];
    });
    return table([["SERVICE", "IMAGE", "PORTS", "UPDATE"], ...rows]);
}

/** The exposure of a host: a line for each port. */
export function exposureTable(rows: Exposure[]): string {
    return table([["PORT", "WHO", "WHY"], ...rows.map((row) => [portName(row), describeRanges(row.from), row.why])]);
}
