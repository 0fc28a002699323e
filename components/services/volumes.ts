import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { isDeepStrictEqual } from "node:util";
import { dockerLabels } from "../dockerLabels";
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

/**
 * What a plan would lose: volumes that leave the stack or cannot become what is asked for.
 *
 * @param before the volumes as the last update left them
 * @returns a line for each, with the remedy
 */
export function volumeMistakes(before: Record<string, VolumeFacts>, now: Record<string, VolumeFacts>): string[] {
    return Object.entries(before).flatMap(([key, was]) => {
        const is = own(now, key);
        const allow =
            "when nothing in it is needed: ./scripts/pulumi config set -s STACK berth:protectVolumes false, " +
            "put it back for one ./scripts/up, then do this again";
        if (!is) {
            if (!was.retained) return [];
            return [
                `volumes.${key}: the volume ${was.name} holds data and would leave the stack; put it back, or, ${allow}`,
            ];
        }
        const changed = (["name", "driver"] as const).filter((field) => is[field] !== was[field]).map(String);
        if (!isDeepStrictEqual(is.driver_opts, was.driver_opts)) changed.push("driver_opts");
        if (changed.length === 0 || !was.retained) return [];
        return [
            `volumes.${key}: ${changed.join(", ")}: Docker cannot change the volume ${was.name}, only remove it with its data; ` +
                `put back what it was, give the new one another key, or, ${allow}`,
        ];
    });
}
