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
        const isMore = volume.driver !== undefined || Object.keys(volume.driver_opts).length > 0;
        if (!volume.external || !isMore) return;
        context.addIssue({ code: "custom", message: "external: it is made elsewhere; remove driver and driver_opts" });
    });

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
