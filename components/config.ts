import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { NAMESPACE, describeIssues } from "./configErrors";
import { portCollisions, servicesSchema } from "./services";
import { userError } from "./userError";

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

const hostSchema = z
    .strictObject({
        kind: z
            .literal("local", { error: `the kind of host is unknown; the kinds are: local` })
            .describe("Which machine: `local` is a container on this computer's Docker engine."),
        sshPort: portNumber.describe(
            "Port on 127.0.0.1 that leads to the machine's sshd. ./scripts/up chooses a free one.",
        ),
        image: z
            .string()
            .regex(/^[a-z0-9][a-z0-9._/-]*(:[\w.-]+)?$/, { error: "not the name of an image" })
            .describe("Image of the machine on the local engine. ./scripts/up builds it."),
        dockerHost: z
            .string()
            .regex(/^unix:\/\/\/.+$/, { error: "write unix:///PATH of a Docker engine on this computer" })
            .default("unix:///var/run/docker.sock")
            .describe("Where the local Docker engine listens."),
    })
    .describe("The machine.");

const engineSchema = z
    .strictObject({
        users: z
            .array(user, { error: "write a list of user names" })
            .default([])
            .describe("Logins of the host that use Docker without sudo, besides the one that Berth uses. They exist."),
        version: z
            .string({ error: `write the version in quotes, such as "28.5"` })
            .regex(/^[0-9][0-9A-Za-z.:+~-]*$/, { error: `not a version; write its beginning, such as "28.5"` })
            .optional()
            .describe("Version of Docker, or its beginning, held. Without it: the newest at the first install."),
        apt: z
            .strictObject({ url, fingerprint })
            .optional()
            .describe("A mirror of Docker's packages, with the full fingerprint of the key that signs them."),
        registryMirrors: z
            .array(url, { error: "write a list of URLs" })
            .default([])
            .describe("Registries that are asked before Docker Hub."),
        logs: z
            .strictObject({
                maxSize: z
                    .string()
                    .regex(/^\d+[kmg]$/, { error: `write a size such as "10m"` })
                    .optional()
                    .describe("Size of a log file. Default: 10m"),
                maxFile: z.number().int().min(1).max(1000).optional().describe("Files kept. Default: 3"),
            })
            .optional()
            .describe("Limits of each container's log, by default of the engine."),
    })
    .describe("Docker on the machine.");

const labSchema = z
    .strictObject({
        network: networkName,
        aptUrl: url,
        aptFingerprint: fingerprint,
        registryMirror: url,
    })
    .describe(
        "Stand-ins for Docker's packages and registry. ./scripts/up writes it where the real ones do not answer.",
    );

/** Everything in the namespace `berth`. */
export const configSchema = z.strictObject({
    host: hostSchema,
    engine: engineSchema.prefault({}),
    services: servicesSchema,
    lab: labSchema.optional(),
});

/** The stack's config, checked. */
export type BerthConfig = z.output<typeof configSchema> & { secretEnvironment: boolean };

/**
 * Checks raw values of the namespace `berth`, each a JSON text or a plain string, as Pulumi gives them.
 *
 * @returns the config, or all that is wrong with it, a line each: path, value, what is allowed
 */
export function parseConfig(
    raw: Record<string, string>,
): { config: z.output<typeof configSchema> } | { errors: string[] } {
    const values = Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, parseValue(text)]));
    const result = configSchema.safeParse(values);
    const errors = result.success ? [] : describeIssues(result.error.issues, values, configSchema);
    const sshPort = hostSchema.shape.sshPort.safeParse((values.host as { sshPort?: unknown } | undefined)?.sshPort);
    errors.push(
        ...portCollisions(
            values.services,
            sshPort.success ? [{ port: sshPort.data, place: "berth:host.sshPort" }] : [],
        ),
    );
    return result.success && errors.length === 0 ? { config: result.data } : { errors };
}

/**
 * The only reader of the stack's config.
 *
 * @throws userError with every mistake, before any resource is registered
 */
export function readConfig(): BerthConfig {
    refuseDockerVariables(process.env);
    const raw: Record<string, string> = {};
    for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
        if (key.startsWith(`${NAMESPACE}:`)) raw[key.slice(NAMESPACE.length + 1)] = value;
    }
    const result = parseConfig(raw);
    if ("errors" in result) {
        const count = result.errors.length;
        throw userError(
            `The config of stack ${pulumi.getStack()} has ${count} mistake${count === 1 ? "" : "s"}:\n` +
                result.errors.map((line) => `  ${line}`).join("\n") +
                `\nMend Pulumi.${pulumi.getStack()}.yaml, or use: ./scripts/pulumi config set --path '<path>' <value>`,
        );
    }
    // The engine hands its secrets over by name: there is no public accessor for "is this key a secret".
    const secretKeys = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[];
    return { ...result.config, secretEnvironment: secretKeys.includes(`${NAMESPACE}:services`) };
}

/** Variables that override the address of an engine in the docker plugin, without a word. */
const DOCKER_VARIABLES = ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"];

function refuseDockerVariables(env: NodeJS.ProcessEnv): void {
    const set = DOCKER_VARIABLES.filter((name) => env[name]);
    if (set.length === 0) return;
    const [names, them] = [set.join(" and "), set.length === 1 ? "it" : "them"];
    throw userError(
        `${names} in your shell would send the stack's containers to another engine: use ./scripts/pulumi, ` +
            `which clears ${them}, or run: unset ${set.join(" ")}`,
    );
}

function parseValue(text: string): unknown {
    try {
        return JSON.parse(text);
    } catch {
        return text;
    }
}
