import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { NAMESPACE, describeIssues } from "./configErrors";
import { tidyEnvironment, variable } from "./environment";
import { type AwsAccount, type PublishedPort, hostSchema } from "./host";
import { type ConfiguredProxy, proxyKeys } from "./proxy";
import { type ConfigContext, configuredProject, projectKeys, projectSchema } from "./projectConfig";
import { jsonOf, textOf, textsOf } from "./readings";
import { type ComposeProject, registriesSchema } from "./services";
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
const networkName = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, { error: "not the name of a Docker network" });

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
        registryHere: url.optional().describe("The same registry, as this computer reaches it."),
        ec2: z
            .strictObject({
                endpoint: url,
                region: z.string(),
                client: z
                    .ipv4()
                    .describe("This computer's address in the lab: it may use SSH where sshFrom names nobody."),
            })
            .optional()
            .describe("An EC2 endpoint whose instances are containers on this computer."),
    })
    .describe(
        "Stand-ins for Docker's packages and registry. ./scripts/up writes it where the real ones do not answer.",
    );

/** Everything in the namespace `berth`. */
export const configSchema = z.strictObject({
    host: hostSchema,
    engine: engineSchema.prefault({}),
    ...projectKeys,
    ...proxyKeys,
    registries: registriesSchema.default({}),
    protectVolumes: z
        .boolean({ error: "write true or false" })
        .default(true)
        .describe("Refuses a plan that would lose the named volumes of a host."),
    keepReleases: z
        .number({ error: "write a number" })
        .int()
        .min(1)
        .max(100)
        .optional()
        .describe(
            "Releases of each service that stay on a host: images and build cache that no container and no kept release " +
                "needs go after each change. Without it: ten are listed, and nothing goes by itself.",
        ),
    lab: labSchema.optional(),
});

/** What is said of the host, the engine and the registries. */
type Settings = Omit<z.output<typeof configSchema>, keyof z.output<typeof projectSchema> | keyof typeof proxyKeys>;

interface CheckedConfig extends Settings {
    project: ComposeProject;
    /** nginx in front, where the config asks for it. */
    proxy?: ConfiguredProxy;
    /** The services as they are written, by name; those that are rolled back as they were. */
    written: Record<string, unknown>;
    /** Whether what is written is secret itself. */
    secretServices: boolean;
    /** Ports that services publish beyond the host itself. */
    published: PublishedPort[];
    /** What a person should know, a line each. */
    warnings: string[];
}

/** The stack's config, checked. */
export type BerthConfig = CheckedConfig & { account: AwsAccount };

/**
 * Checks raw values of the namespace `berth`, each a JSON text or a plain string, as Pulumi gives them.
 *
 * @returns the config, or all that is wrong with it, a line each: place, value, what is allowed
 */
export function parseConfig(
    raw: Record<string, string>,
    context: ConfigContext,
): { config: CheckedConfig } | { errors: string[] } {
    const values = Object.fromEntries(Object.entries(raw).map(([key, text]) => [key, parseValue(text)]));
    values.host = hostInLab(values.host, values.lab);
    const result = configSchema.safeParse(values);
    const errors = result.success ? [] : describeIssues(result.error.issues, values, configSchema);
    // The project is checked, also against the host, as soon as what it needs of the config is right by itself.
    const about = projectSchema.safeParse(values).data;
    const knownHost = hostSchema.safeParse(values.host).data;
    const read = about && configuredProject(about, values, context, knownHost, reservedPorts(values.host));
    errors.push(...(read?.errors ?? []));
    if (!result.success || !read?.project || errors.length > 0) return { errors };
    const { host, engine, registries, protectVolumes, keepReleases, lab } = result.data;
    const { project, written, proxy, published, warnings } = read;
    const secretServices = context.secretKeys.includes(`${NAMESPACE}:services`);
    return {
        config: {
            host,
            engine,
            registries,
            protectVolumes,
            keepReleases,
            lab,
            project,
            written,
            secretServices,
            proxy,
            published,
            warnings,
        },
    };
}

/** In the lab nobody has to look up an address first, or can shut this computer out. */
function hostInLab(host: unknown, lab: unknown): unknown {
    const client = (lab as { ec2?: { client?: string } } | undefined)?.ec2?.client;
    const { sshFrom } = (host ?? {}) as { sshFrom?: unknown };
    if (client === undefined || (sshFrom !== undefined && !Array.isArray(sshFrom))) return host;
    return {
        ...(host as object),
        sshFrom: [...new Set([...((sshFrom as unknown[] | undefined) ?? []), `${client}/32`])],
    };
}

/** Ports of the host that no service can have. */
function reservedPorts(host: unknown): { port: number; place: string }[] {
    const { kind, sshPort, port } = (host ?? {}) as Record<string, unknown>;
    if (kind === "existing") return [{ port: typeof port === "number" ? port : 22, place: "the host's sshd" }];
    const own = { port: 22, place: "the host's sshd" };
    return typeof sshPort === "number" ? [own, { port: sshPort, place: "berth:host.sshPort" }] : [own];
}

/**
 * The only reader of the stack's config.
 *
 * @throws userError with every mistake, before any resource is registered
 */
export function readConfig(): BerthConfig {
    const env = tidyEnvironment();
    refuseDockerVariables(env);
    const all = pulumi.runtime.allConfig();
    const raw: Record<string, string> = {};
    for (const [key, value] of Object.entries(all)) {
        if (key.startsWith(`${NAMESPACE}:`)) raw[key.slice(NAMESPACE.length + 1)] = value;
    }
    const result = parseConfig(raw, {
        directory: process.cwd(),
        environment: env,
        // The engine hands its secrets over by name: there is no public accessor for "is this key a secret".
        secretKeys: textsOf(jsonOf(env.PULUMI_CONFIG_SECRET_KEYS)),
        projectName: `${pulumi.getProject()}-${pulumi.getStack()}`,
    });
    if ("errors" in result) {
        const count = result.errors.length;
        throw userError(
            `The config of stack ${pulumi.getStack()} has ${count} mistake${count === 1 ? "" : "s"}:\n` +
                result.errors.map((line) => `  ${line}`).join("\n") +
                configRemedy(result.errors),
        );
    }
    for (const warning of result.config.warnings) void pulumi.log.warn(warning);
    return { ...result.config, account: awsAccount(all, env) };
}

/** Where to mend what is wrong in the stack's file; a line of another file names that itself. */
function configRemedy(errors: string[]): string {
    if (!errors.some((line) => line.startsWith(`${NAMESPACE}:`))) return "";
    const stack = pulumi.getStack();
    return `\nMend Pulumi.${stack}.yaml, or use: ./scripts/pulumi config set -s ${stack} --path '<path>' <value>`;
}

/** What the aws plugin takes from the same places. */
export function awsAccount(all: Record<string, string>, env: NodeJS.ProcessEnv): AwsAccount {
    const own = ["aws:accessKey", "aws:assumeRoles", "aws:assumeRoleWithWebIdentity", "aws:sharedCredentialsFiles"];
    return {
        region: textOf(all["aws:region"]) ?? variable("AWS_REGION", env) ?? variable("AWS_DEFAULT_REGION", env),
        profile: textOf(all["aws:profile"]),
        configured: own.some((key) => textOf(all[key]) !== undefined),
    };
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
