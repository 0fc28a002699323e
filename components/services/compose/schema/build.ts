import { z } from "zod";
import { extraHosts } from "./networks";
import { boolean, limit, list, map, name, text, textOrList, variables } from "./values";
import { ulimits } from "./resources";

const secret = z.union(
    [
        z.string().transform((source) => ({ source, target: source })),
        z
            .strictObject({ source: text, target: text.optional() })
            .transform(({ source, target }) => ({ source, target: target ?? source })),
    ],
    { error: "write the name of a secret, or { source, target }" },
);

/** `build`: the folder, or all of it. */
export const build = z
    .union([z.string().transform((context) => ({ context })), z.looseObject({})], {
        error: "write a folder, or a map with context",
    })
    .pipe(
        z.strictObject({
            context: text.default("."),
            dockerfile: name.optional(),
            dockerfile_inline: text.optional(),
            args: variables.default({}),
            target: name.optional(),
            secrets: z.array(secret, { error: "write a list of names" }).default([]),
            labels: map.default({}),
            network: text.optional(),
            extra_hosts: extraHosts.default([]),
            cache_from: list.default([]),
            no_cache: boolean.default(false),
            pull: boolean.default(false),
            shm_size: limit.optional(),
            platforms: textOrList.default([]),
            tags: list.default([]),
            additional_contexts: map.default({}),
            ulimits: ulimits.default({}),
        }),
    );

export type WrittenBuild = z.output<typeof build>;
