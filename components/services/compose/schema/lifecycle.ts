import { z } from "zod";
import type { DependencyCondition, Healthcheck, PullPolicy } from "../project";
import {
    Wrong,
    boolean,
    byForm,
    duration,
    integer,
    isRecord,
    isScalar,
    list,
    name,
    oneOf,
    read,
    readText,
    text,
    textMap,
} from "./values";

/** undefined: the image's own. */
const test = read((value): string[] | undefined | Wrong => {
    if (typeof value === "string") return ["CMD-SHELL", value];
    if (!Array.isArray(value)) return new Wrong('write a command, or a list that begins with "CMD"');
    if (value.length === 0) return undefined;
    const bad = value.findIndex((word) => !isScalar(word));
    if (bad >= 0) return new Wrong("write a text", [bad]);
    const [kind, ...words] = value.map(String);
    if (kind === "NONE") return ["NONE"];
    if ((kind !== "CMD" && kind !== "CMD-SHELL") || words.length === 0) {
        return new Wrong('a list begins with "CMD", "CMD-SHELL" or "NONE", and a command follows');
    }
    return [kind, ...words];
});

/** `healthcheck`; undefined values are the image's or the engine's. */
export const healthcheck = z
    .strictObject({
        disable: boolean.default(false),
        test: test.optional(),
        interval: duration.optional(),
        timeout: duration.optional(),
        retries: integer(0)
            .transform((times) => (times === 0 ? undefined : times))
            .optional(),
        start_period: duration.optional(),
        start_interval: duration.optional(),
    })
    .transform(({ disable, ...check }): Healthcheck => (disable ? { test: ["NONE"] } : check));

const CONDITIONS = ["service_started", "service_healthy", "service_completed_successfully"] as const;

export interface Dependency {
    condition: DependencyCondition;
    restart: boolean;
    required: boolean;
}

const dependency = z.strictObject({
    condition: oneOf(...CONDITIONS).default("service_started"),
    restart: boolean.default(false),
    required: boolean.default(true),
});

/** `depends_on`: names, or a map of names and conditions. */
export const dependsOn = z.union(
    [
        list.transform((names): Record<string, Dependency> =>
            Object.fromEntries(
                names.map((service) => [service, { condition: "service_started", restart: false, required: true }]),
            ),
        ),
        z.record(z.string(), dependency),
    ],
    { error: "write a list of services, or a map of services and conditions" },
);

export interface Restart {
    condition: "no" | "always" | "unless-stopped" | "on-failure";
    max_attempts?: number;
}

const RESTART = 'not a restart policy; one of "no", always, unless-stopped, on-failure, on-failure:COUNT';

export const restart = read((value): Restart | undefined | Wrong => {
    if (value === "") return undefined;
    const said = value === false ? "no" : value;
    if (typeof said !== "string") return new Wrong(RESTART);
    const [, count] = /^on-failure:(\d+)$/.exec(said) ?? [];
    if (count !== undefined) return { condition: "on-failure", max_attempts: Number(count) };
    const known = (["no", "always", "unless-stopped", "on-failure"] as const).find((policy) => policy === said);
    if (known) return { condition: known };
    return new Wrong(RESTART);
});

export const pullPolicy = read((value): PullPolicy | Wrong => {
    if (value === "if_not_present") return "missing";
    const known = (["missing", "always", "never", "build"] as const).find((policy) => policy === value);
    if (known) return known;
    if (/^(daily|weekly|every_.+)$/.test(String(value))) {
        return new Wrong("Berth keeps no clock of its pulls; write always, and run ./scripts/up when it is time");
    }
    return new Wrong("one of always, missing, never, build");
});

export const logging = z
    .strictObject({ driver: text.optional(), options: textMap.default({}) })
    .transform(({ driver, options }) => ({ driver, options }));

export interface EnvFileEntry {
    path: string;
    required: boolean;
    raw: boolean;
}

const longEnvFile = z
    .strictObject({ path: name, required: boolean.default(true), format: oneOf("raw").optional() })
    .transform(({ path, required, format }): EnvFileEntry => ({ path, required, raw: format === "raw" }));
const shortEnvFile = readText("write a path, or { path, required, format }", (path) =>
    path === "" ? new Wrong("write a path") : { path, required: true, raw: false },
);
const envFile = byForm(shortEnvFile, longEnvFile);

/** `env_file`: a path or a list of paths, each also { path, required, format }. */
export const envFiles = z.unknown().transform((value, context): EnvFileEntry[] => {
    const isList = Array.isArray(value);
    if (isRecord(value)) {
        const message = "write a path, or a list of paths or { path, required, format }";
        context.addIssue({ code: "custom", message, input: value });
        return z.NEVER;
    }
    const result = z.array(envFile).safeParse(isList ? value : [value]);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
        const path = isList ? issue.path : issue.path.slice(1);
        context.addIssue({ ...issue, code: "custom", path, input: value });
    }
    return z.NEVER;
});
