import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { isDeepStrictEqual } from "node:util";
import { dockerLabels } from "../dockerLabels";
import { type Values, flagOf, recordOf, textMapOf, textOf } from "../readings";
import { type ComposeProject, type VolumeSpec, own } from "./compose";
import { objectName } from "./networks";

/** What a volume was made with. Kept among the outputs of the stack's services, by key. */
export interface VolumeFacts {
    name: string;
    driver: string;
    driver_opts: Record<string, string>;
    /** Whether Docker keeps it when it leaves the stack. */
    retained: boolean;
}

export function volumeFacts(
    volumes: ComposeProject["volumes"],
    prefix: string,
    retained: boolean,
): Record<string, VolumeFacts> {
    const own = Object.entries(volumes).filter(([, { external }]) => !external);
    return Object.fromEntries(
        own.map(([key, spec]) => [
            key,
            {
                name: objectName(prefix, key, spec),
                driver: spec.driver ?? "local",
                driver_opts: spec.driver_opts,
                retained,
            },
        ]),
    );
}

/**
 * A named volume of the stack. Nothing of it can change while it lives: Docker would have to remove it, with all that
 * is in it. So a changed label is not applied, and what would lose the data is refused before (`volumeMistakes`).
 */
export function createVolume(
    resourceName: string,
    { name, driver, driver_opts, retained }: VolumeFacts,
    spec: VolumeSpec,
    labels: Record<string, string>,
    options: pulumi.CustomResourceOptions,
): docker.Volume {
    return new docker.Volume(
        resourceName,
        {
            name,
            driver,
            driverOpts: driver_opts,
            labels: dockerLabels({ ...spec.labels, ...labels }),
        },
        { ...options, retainOnDelete: retained, deleteBeforeReplace: true, ignoreChanges: ["labels"] },
    );
}

/** A volume of the last update. What is not known of it is absent; `retained` is known, or what is asked for now. */
export type KnownVolume = Partial<VolumeFacts> & Pick<VolumeFacts, "retained">;

/** The name of a volume's resource, on the first host or another. Its end is the volume's key. */
const RESOURCE = /^(?:[^/]+\/)?volume-(.+)$/;

/**
 * Returns the stack's volumes as the last update left them, by key. A volume of which nothing can be read is a volume
 * still: an update whose containers failed has made its volumes, and written down no facts of them.
 *
 * @param facts what the stack's services wrote down
 * @param volumes outputs of the volumes in the state, by the resource's name
 * @param protectVolumes what the config says now: it holds for volumes of which nothing was written down
 */
export function knownVolumes(
    facts: unknown,
    volumes: ReadonlyMap<string, Values>,
    protectVolumes: boolean,
): Record<string, KnownVolume> {
    const made = [...volumes].flatMap(([resource, { name, driver, driverOpts }]) => {
        const key = RESOURCE.exec(resource)?.[1];
        return key === undefined ? [] : [[key, { name, driver, driver_opts: driverOpts }] as const];
    });
    const written = Object.entries(recordOf(facts)).map(([key, one]) => [key, recordOf(one)] as const);
    const all = new Map<string, Values>();
    for (const [key, one] of [...made, ...written]) all.set(key, { ...all.get(key), ...omitUnread(one) });
    return Object.fromEntries(
        [...all].map(([key, { name, driver, driver_opts, retained }]) => [
            key,
            {
                name: textOf(name),
                driver: textOf(driver),
                ...(isRead(driver_opts) && { driver_opts: textMapOf(driver_opts) }),
                retained: flagOf(retained) ?? protectVolumes,
            },
        ]),
    );
}

const isRead = (value: unknown) => value !== undefined && value !== null;
const omitUnread = (values: Values): Values =>
    Object.fromEntries(Object.entries(values).filter(([, value]) => isRead(value)));

/**
 * What a plan would lose: volumes that leave the stack or cannot become what is asked for.
 *
 * @param before the volumes as the last update left them
 * @returns a line for each, with the remedy
 */
export function volumeMistakes(before: Record<string, KnownVolume>, now: Record<string, VolumeFacts>): string[] {
    return Object.entries(before).flatMap(([key, was]) => {
        const is = own(now, key);
        const name = was.name ?? key;
        const allow =
            "when nothing in it is needed: ./scripts/pulumi config set -s STACK berth:protectVolumes false, " +
            "put it back for one ./scripts/up, then do this again";
        if (!is) {
            if (!was.retained) return [];
            return [
                `volumes.${key}: the volume ${name} holds data and would leave the stack; put it back, or, ${allow}`,
            ];
        }
        const changed = (["name", "driver"] as const)
            .filter((field) => was[field] !== undefined && is[field] !== was[field])
            .map(String);
        if (was.driver_opts && !isDeepStrictEqual(is.driver_opts, was.driver_opts)) changed.push("driver_opts");
        if (changed.length === 0 || !was.retained) return [];
        return [
            `volumes.${key}: ${changed.join(", ")}: Docker cannot change the volume ${name}, only remove it with its data; ` +
                `put back what it was, give the new one another key, or, ${allow}`,
        ];
    });
}
