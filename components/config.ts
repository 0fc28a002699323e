import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { servicesSchema } from "./services";

const NAMESPACE = "berth";
const url = z.string().regex(/^https?:\/\/[A-Za-z0-9.-]+(:\d+)?(\/[A-Za-z0-9._~/-]*)?$/, {
    error: "not a URL; write http(s)://HOST[:PORT][/PATH]",
});
const fingerprint = z
    .string()
    .regex(/^[0-9A-Fa-f]{40}$/, { error: "not a full OpenPGP fingerprint of 40 hexadecimal digits" });
const user = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, {
    error: "not a user name; it has small letters, digits, `_` and `-`, at most 32, the first no digit or `-`",
});
const portNumber = z.number({ error: "write a number" }).int().min(1).max(65535);
const networkName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, { error: "not the name of a Docker network" });

const hostSchema = z.strictObject({
    /** Which machine. `local` is a container on the local Docker engine. */
    kind: z.literal("local", { error: `the kind of host is unknown; the kinds are: local` }),
    /** Port on 127.0.0.1 that leads to the machine's sshd. */
    sshPort: portNumber,
    /** Image of the machine on the local engine; ./scripts/up builds it. */
    image: networkName.or(z.string().regex(/^[a-z0-9][a-z0-9._/-]*(:[\w.-]+)?$/, { error: "not an image" })),
    /** Where the local Docker engine listens. */
    dockerHost: z
        .string()
        .regex(/^unix:\/\/\/.+$/, { error: "write unix:///PATH of a Docker engine on this computer" })
        .default("unix:///var/run/docker.sock"),
});

const engineSchema = z.strictObject({
    users: z.array(user, { error: "write a list of user names" }).default([]),
    version: z
        .string({ error: `write the version in quotes, such as "28.5"` })
        .regex(/^[0-9][0-9A-Za-z.:+~-]*$/, { error: `not a version; write its beginning, such as "28.5"` })
        .optional(),
    apt: z.strictObject({ url, fingerprint }).optional(),
    registryMirrors: z.array(url, { error: "write a list of URLs" }).default([]),
    logs: z
        .strictObject({
            maxSize: z.string().regex(/^\d+[kmg]$/, { error: `write a size such as "10m"` }).optional(),
            maxFile: z.number().int().min(1).max(1000).optional(),
        })
        .optional(),
});

/** Stand-ins for Docker's repository and registry. Written by ./scripts/up where the real ones do not answer. */
const labSchema = z.strictObject({
    network: networkName,
    aptUrl: url,
    aptFingerprint: fingerprint,
    registryMirror: url,
});

const configSchema = z.strictObject({
    host: hostSchema,
    engine: engineSchema.prefault({}),
    services: servicesSchema,
    lab: labSchema.optional(),
});

/** The stack's config, checked. */
export type BerthConfig = z.output<typeof configSchema> & { secretEnvironment: boolean };

/** Keys whose values never appear in an error. */
const isPrivate = (path: PropertyKey[]) => path.includes("environment");

/**
 * Checks raw values of the namespace `berth`, each a JSON text or a plain string, as Pulumi gives them.
 *
 * @returns the config, or all that is wrong with it, a line each: path, value, what is allowed
 */
export function parseConfig(raw: Record<string, string>): { config: z.output<typeof configSchema> } | { errors: string[] } {
    const values = Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, parseValue(text)]));
    const result = configSchema.safeParse(values);
    if (result.success) return { config: result.data };
    return { errors: result.error.issues.flatMap(leafIssues).flatMap((issue) => describe(issue, values)) };
}

/**
 * The only reader of the stack's config.
 *
 * @throws pulumi.RunError with every mistake, before any resource is registered
 */
export function readConfig(): BerthConfig {
    const raw: Record<string, string> = {};
    for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
        if (key.startsWith(`${NAMESPACE}:`)) raw[key.slice(NAMESPACE.length + 1)] = value;
    }
    const result = parseConfig(raw);
    if ("errors" in result) {
        const count = result.errors.length;
        throw new pulumi.RunError(
            `The config of stack ${pulumi.getStack()} has ${count} mistake${count === 1 ? "" : "s"}:\n` +
                result.errors.map((line) => `  ${line}`).join("\n") +
                `\nMend Pulumi.${pulumi.getStack()}.yaml, or use: ./scripts/pulumi config set --path '<path>' <value>`,
        );
    }
    // The engine hands its secrets over by name: there is no public accessor for "is this key a secret".
    const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
    return { ...result.config, secretEnvironment: secretKeys.includes(`${NAMESPACE}:services`) };
}

function parseValue(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}

type Issue = z.core.$ZodIssue;

/** A union's issue hides those of its branches: the branch that got furthest says most. */
function leafIssues(issue: Issue): Issue[] {
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
    const depth = (branch: Issue[]) => Math.max(...branch.map((i) => i.path.length));
    const deepest = issue.errors.reduce((a, b) => (depth(b) > depth(a) ? b : a));
    if (depth(deepest) === 0) return [issue];
    return deepest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(leafIssues);
}

function describe(issue: Issue, values: Record<string, unknown>): string[] {
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map((key) => {
            const isService = issue.path[0] === "services" && issue.path.length === 2;
            const why = isService ? "Berth does not support this key; it supports" : "unknown key; the keys are";
            return `${pathText([...issue.path, key])}: ${why}: ${knownKeys(issue.path).join(", ")}`;
        });
    }
    const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], values);
    const got = value === undefined || typeof value === "object" || isPrivate(issue.path) ? "" : ` ${JSON.stringify(value)}:`;
    const missing = value === undefined && issue.code === "invalid_type" && /^Invalid input/.test(issue.message);
    return [`${pathText(issue.path)}:${got} ${missing ? "it is missing" : issue.message}`];
}

function knownKeys(path: PropertyKey[]): string[] {
    let schema: unknown = configSchema;
    for (const key of path) schema = childSchema(schema, key);
    const unwrapped = unwrap(schema);
    return unwrapped instanceof z.ZodObject ? Object.keys(unwrapped.shape) : [];
}

function childSchema(schema: unknown, key: PropertyKey): unknown {
    const unwrapped = unwrap(schema);
    if (unwrapped instanceof z.ZodObject) return (unwrapped.shape as Record<PropertyKey, unknown>)[key];
    if (unwrapped instanceof z.ZodRecord) return unwrapped.valueType;
    return undefined;
}

function unwrap(schema: unknown): unknown {
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
        return unwrap(schema.unwrap());
    }
    return schema;
}

function pathText(path: PropertyKey[]): string {
    const [first, ...rest] = path;
    const tail = rest.map((key) => {
        if (typeof key === "number") return `[${key}]`;
        return /^[\w-]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
    });
    return first === undefined ? NAMESPACE : `${NAMESPACE}:${String(first)}${tail.join("")}`;
}
