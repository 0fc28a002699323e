import { z } from "zod";
import { parseImageReference } from "./imageReference";
import { type PortMapping, parsePortMapping } from "./portMapping";

const EXAMPLE_IMAGE = `"nginx:1.30"`;
const RESTART = /^(no|always|unless-stopped|on-failure(:\d+)?)$/;
const SERVICE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/;
const VARIABLE_NAME = /^[^=\s]+$/;

const image = z
    .string({ error: `the image is missing; write a reference such as ${EXAMPLE_IMAGE}` })
    .refine((text) => parseImageReference(text) !== undefined, {
        error: `not an image reference; write [REGISTRY/]PATH[:TAG][@DIGEST] in small letters, such as ${EXAMPLE_IMAGE}`,
    });

const port = z.unknown().transform((value, context): PortMapping => {
    const mapping = parsePortMapping(value);
    if (typeof mapping !== "string") return mapping;
    context.addIssue({ code: "custom", message: mapping, input: value });
    return z.NEVER;
});

const scalar = z.union([z.string(), z.number(), z.boolean()], {
    error: "the value is missing or not a text, number or boolean; values of your own shell are not taken over",
});

const variable = z.string().transform((entry, context): [string, string] => {
    const at = entry.indexOf("=");
    if (at > 0) return [entry.slice(0, at), entry.slice(at + 1)];
    context.addIssue({ code: "custom", message: "write NAME=value; values of your own shell are not taken over" });
    return z.NEVER;
});

const environment = z
    .union([z.array(variable).transform((entries) => Object.fromEntries(entries)), z.record(z.string(), scalar)], {
        error: `write a map (NAME: value) or a list ("NAME=value")`,
    })
    .transform((variables, context): Record<string, string> => {
        for (const name of Object.keys(variables)) {
            if (VARIABLE_NAME.test(name)) continue;
            context.addIssue({ code: "custom", message: "a name has no space and no =", path: [name] });
        }
        return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
    });

const restart = z
    .unknown()
    .refine((value) => typeof value === "string" && RESTART.test(value), {
        error: `not a restart policy; one of "no", always, unless-stopped, on-failure, on-failure:COUNT`,
    })
    .transform((value) => value as string);

/** A service in the Compose Specification's words, as far as Berth supports them. */
export const serviceSchema = z.strictObject(
    {
        image: image.describe("Image that the container runs."),
        ports: z
            .array(port, { error: `write a list, such as ["8080:80"]` })
            .default([])
            .describe("Ports of the host that lead into the container: [HOST_IP:]PUBLISHED:TARGET."),
        environment: environment.default({}).describe("Environment variables of the container."),
        restart: restart
            .default("no")
            .describe('When the engine starts the container again: "no", always, unless-stopped, on-failure[:COUNT].'),
    },
    { error: (issue) => (issue.code === "invalid_type" ? "write a map with at least `image`" : undefined) },
);

export type ServiceSpec = z.output<typeof serviceSchema>;
export type ServiceSpecs = Record<string, ServiceSpec>;

/** All services of a stack, by name. */
export const servicesSchema = z
    .record(z.string(), serviceSchema, { error: "write a map: the name of a service, and what it is" })
    .superRefine((services, context) => {
        if (Object.keys(services).length === 0) {
            context.addIssue({ code: "custom", message: "no service; name at least one" });
        }
        for (const name of Object.keys(services)) {
            if (SERVICE_NAME.test(name)) continue;
            const message = "a service's name has letters, digits, `.`, `_` and `-`, at most 63, the first no sign";
            context.addIssue({ code: "custom", message, path: [name] });
        }
    });
