import { z } from "zod";
import { external, named } from "./networks";
import { engineName, map, name, text, textMap } from "./values";

/** A named volume of the top level. */
export const volumeSchema = z
    .strictObject({
        name: engineName.optional(),
        external,
        driver: text.optional(),
        driver_opts: textMap.default({}),
        labels: map.default({}),
    })
    .transform(named)
    .superRefine((volume, context) => {
        const device = deviceMistake(volume);
        if (device !== undefined)
            context.addIssue({ code: "custom", path: ["driver_opts", "device"], message: device });
        const isMore = volume.driver !== undefined || Object.keys(volume.driver_opts).length > 0;
        if (!volume.external || !isMore) return;
        context.addIssue({ code: "custom", message: "external: it is made elsewhere; remove driver and driver_opts" });
    });

/** What Docker mounts by itself is on the host: a path there, and not one of the project. */
function deviceMistake({ driver = "local", driver_opts }: { driver?: string; driver_opts: Record<string, string> }) {
    const { device, type, o = "" } = driver_opts;
    if (driver !== "local" || device === undefined || device.startsWith("/")) return undefined;
    const isBind = type === "none" || o.split(",").some((option) => /^r?bind$/.test(option.trim()));
    if (!isBind && !/^(\.{1,2}|~)(\/|$)/.test(device)) return undefined;
    const source = /^[.~]/.test(device) ? device : `./${device}`;
    return (
        `Docker looks for this path on the host, where no folder of this project is; write an absolute path that the host ` +
        `has, or mount the folder where it is used, and not as a volume: volumes: ["${source}:/path"]`
    );
}

/** A config of the top level: a file for containers. */
export const configFileSchema = z
    .strictObject({
        file: name.optional(),
        content: text.optional(),
        environment: name.optional(),
        name: name.optional(),
        labels: map.optional(),
    })
    .superRefine(({ file, content, environment }, context) => {
        if ([file, content, environment].filter((x) => x !== undefined).length === 1) return;
        context.addIssue({ code: "custom", message: "write one of file, content, environment" });
    });

/** A secret of the top level: a file for containers that only they can read. */
export const secretSchema = z
    .strictObject({
        file: name.optional(),
        environment: name.optional(),
        external: external.optional(),
        name: name.optional(),
        labels: map.optional(),
    })
    .transform(named)
    .superRefine(({ file, environment, external: elsewhere }, context) => {
        if ([file, environment, elsewhere || undefined].filter((x) => x !== undefined).length === 1) return;
        context.addIssue({ code: "custom", message: "write one of file, environment, external: true" });
    });
