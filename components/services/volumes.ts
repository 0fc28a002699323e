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

/** A volume of the last update. A name that is not known is absent; without a driver and options, it is a plain one. */
export type KnownVolume = Partial<Pick<VolumeFacts, "name">> & Omit<VolumeFacts, "name">;

/**
 * Returns the volumes of one group of services as the last update left them, by key. The facts that the group wrote down
 * come first. A first update that failed has written none: then the volume itself is what there is, and it is taken for
 * one that stays on the engine. Facts of a volume that is not in the state any more hold nobody back.
 *
 * @param facts what the group wrote down, by key
 * @param volumes outputs of the stack's volumes in the state, by the resource's name
 * @param scope begins the names of the group's resources
 */
export function knownVolumes(
    facts: unknown,
    volumes: ReadonlyMap<string, Values>,
    scope = "",
): Record<string, KnownVolume> {
    const start = `${scope}volume-`;
    const found = [...volumes].filter(([resource]) => resource.startsWith(start));
    return Object.fromEntries(
        found.map(([resource, made]): [string, KnownVolume] => {
            const key = resource.slice(start.length);
            const written = recordOf(own(recordOf(facts), key));
            return [
                key,
                {
                    name: textOf(written.name) ?? textOf(made.name),
                    driver: textOf(written.driver) ?? textOf(made.driver) ?? "local",
                    driver_opts: textMapOf(written.driver_opts ?? made.driverOpts),
                    retained: flagOf(written.retained) ?? true,
                },
            ];
        }),
    );
}

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
        if (!is) {
            if (!was.retained) return [];
            return [
                `volumes.${key}: the volume ${name} holds data and would leave the stack; put it back, or, when nothing in ` +
                    "it is needed: ./scripts/pulumi config set -s STACK berth:protectVolumes false, put it back for one " +
                    "./scripts/up, then do this again",
            ];
        }
        const changed = (["name", "driver"] as const)
            .filter((field) => was[field] !== undefined && is[field] !== was[field])
            .map(String);
        if (!isDeepStrictEqual(is.driver_opts, was.driver_opts)) changed.push("driver_opts");
        // Only one that goes from the engine, too, is made again there: one that stays would keep what it was made with.
        if (changed.length === 0 || (!was.retained && !is.retained)) return [];
        return [
            `volumes.${key}: ${changed.join(", ")}: the volume ${name} is there with ${described(was)}, and Docker changes ` +
                `none, only removes it with its data; put back what it was, or, when nothing in it is needed, remove it and ` +
                `the containers that use it, and do this again: ./scripts/docker -s STACK rm -f CONTAINER, ` +
                `./scripts/docker -s STACK volume rm ${name}, ./scripts/pulumi refresh --yes -s STACK`,
        ];
    });
}

const described = ({ driver, driver_opts }: KnownVolume) =>
    [`driver ${driver}`, ...Object.entries(driver_opts).map(([option, value]) => `${option}=${value}`)].join(", ");
