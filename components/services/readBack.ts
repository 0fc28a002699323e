import type * as docker from "@pulumi/docker";
import * as crypto from "node:crypto";
import { recordsOf, textOf } from "../readings";
import type { ContainerOutputs } from "./addresses";
import type { PortMapping, ServiceSpec } from "./compose";

type Argument = keyof docker.ContainerArgs;

/** Tells what a container was made with, where that cannot be read back. */
const LABEL = "berth.made-with";

/**
 * Arguments that the provider reads back otherwise than they were asked for. A refresh would find a change in them, and
 * make the container anew.
 *
 * @returns what was asked for, by argument
 */
function misread({
    ports,
    healthcheck,
    logging,
    mem_limit,
    memswap_limit,
}: ServiceSpec): Partial<Record<Argument, unknown>> {
    return {
        // Of two with the same target, 0.0.0.0 beside ::, or tcp beside udp, it reads either first.
        ...(ports.length > 0 && {
            ports: sortedPorts(ports).map(({ hostIp, published, target, protocol }) => [
                hostIp,
                published,
                target,
                protocol,
            ]),
        }),
        // The engine fills in what the image's check says.
        ...(healthcheck && { healthcheck }),
        // The engine fills in what daemon.json says.
        ...(logging && { logOpts: logging }),
        // The engine fills in twice the memory, or -1 where the kernel cannot limit swap.
        ...(mem_limit !== undefined && memswap_limit === undefined && { memorySwap: mem_limit }),
    };
}

/** Ports in the order in which the provider reads them back: by the container's port. */
export function sortedPorts(ports: PortMapping[]): PortMapping[] {
    const published = (port: PortMapping) => port.published ?? 0;
    return [...ports].sort(
        (a, b) => a.target - b.target || a.protocol.localeCompare(b.protocol) || published(a) - published(b),
    );
}

/**
 * A label for a container of whose arguments some are misread. Where the container that runs has this very label, these
 * are right, whatever the provider reads: the plan then ignores them.
 *
 * @param imageKey tells images apart: a container of another image is made with what is asked for, not with what was read
 */
export function madeWithLabel(spec: ServiceSpec, imageKey: string): Record<string, string> {
    const asked = misread(spec);
    if (Object.keys(asked).length === 0) return {};
    const text = JSON.stringify([asked, imageKey]);
    return { [LABEL]: crypto.createHash("sha256").update(text).digest("hex").slice(0, 12) };
}

/** What containers of the stack say in that label, by the resource's name. */
export type MadeWith = ReadonlyMap<string, string>;

/** @param containers outputs of the containers in the state, by the resource's name */
export function madeWith(containers: ReadonlyMap<string, Pick<ContainerOutputs, "labels">>): MadeWith {
    return new Map(
        [...containers].flatMap(([name, { labels }]) => {
            const value = textOf(recordsOf(labels).find(({ label }) => label === LABEL)?.value);
            return value === undefined ? [] : [[name, value] as const];
        }),
    );
}

/**
 * Arguments whose changes are none: the container of this name was made with what is asked for.
 *
 * @param labels of the container that is asked for
 */
export function ignoredChanges(
    name: string,
    spec: ServiceSpec,
    labels: Record<string, string>,
    made: MadeWith,
): Argument[] {
    const isAsMade = labels[LABEL] !== undefined && made.get(name) === labels[LABEL];
    return isAsMade ? (Object.keys(misread(spec)) as Argument[]) : [];
}
