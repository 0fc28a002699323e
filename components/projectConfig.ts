import * as path from "node:path";
import { z } from "zod";
import { NAMESPACE, pathText } from "./configErrors";
import { type HostConfig, type PublishedPort, exposureMistakes } from "./host";
import { type ConfiguredProxy, PROXY, configuredProxy, wantsProxy } from "./proxy";
import {
    type ComposeProject,
    type PlacedProject,
    activeRollbacks,
    isReachable,
    portCollisions,
    portPath,
    readProject,
    rollbackSchema,
} from "./services";

const section = (what: string) => z.record(z.string(), z.unknown(), { error: `write a map: ${what}` }).optional();
const variable = z.string().regex(/^[_a-zA-Z][_a-zA-Z0-9]*$/, {
    error: "not a name; it has letters, digits and `_`, the first no digit",
});
const scalar = z
    .union([z.string(), z.number(), z.boolean()], { error: "write a text" })
    .transform((value) => String(value));

/** What is to run: the keys of the config that say it. */
export const projectKeys = {
    services: section("the name of a service, and what it is").describe("Services, in the words of Compose."),
    networks: section("the key of a network, and what it is").describe("Networks of the services."),
    volumes: section("the key of a volume, and what it is").describe("Named volumes of the services."),
    configs: section("the key of a file, and where it is").describe("Files for the services."),
    composeFile: z
        .string({ error: "write the path of a file" })
        .min(1, { error: "write the path of a file" })
        .optional()
        .describe("A Compose file, relative to the project's folder, in place of the services here."),
    secrets: z
        .record(variable, scalar, {
            error: (issue) => (issue.code === "invalid_type" ? "write a map of texts" : undefined),
        })
        .default({})
        .describe("Secret texts for services, by name. Set each by `config set --secret --path berth:secrets.NAME`."),
    rollback: rollbackSchema.default({}),
    profiles: z
        .array(z.string(), { error: "write a list of profiles" })
        .optional()
        .describe("Profiles whose services run too. Default: those of the variable COMPOSE_PROFILES"),
};

export const projectSchema = z.object(projectKeys);
type ProjectValues = z.output<typeof projectSchema>;

/** What the config is read with, besides its values. */
export interface ConfigContext {
    /** The project's folder, absolute. */
    directory: string;
    /** Variables of the shell. */
    environment: NodeJS.ProcessEnv;
    /** Keys whose values are secret, wholly or in part: `berth:secrets`. */
    secretKeys: string[];
    /** What the stack's containers are called after. */
    projectName: string;
}

/** The project that the config describes; `project` is what can be read of it, where there are errors. */
export interface ConfiguredProject {
    project?: ComposeProject;
    /** The services as they are written, by name; those that are rolled back as they were. */
    written: Record<string, unknown>;
    /** nginx in front, where the config asks for it. */
    proxy?: ConfiguredProxy;
    published: PublishedPort[];
    warnings: string[];
    errors: string[];
}

/**
 * Reads the project that the config describes, nginx in front of it included, and checks its ports against the host.
 *
 * @param raw all values of the config, unchecked
 * @param host undefined where it is not known what it is
 * @param reserved ports of the host that no service can have
 */
export function configuredProject(
    values: ProjectValues,
    raw: Record<string, unknown>,
    context: ConfigContext,
    host: HostConfig | undefined,
    reserved: { port: number; place: string }[],
): ConfiguredProject {
    const errors = sectionMistakes(values, wantsProxy(raw));
    if (Object.keys(values.secrets).length > 0 && !context.secretKeys.includes(`${NAMESPACE}:secrets`)) {
        errors.push(
            `${NAMESPACE}:secrets: its values are in the clear in the stack's file; take them out, and set each by ` +
                `./scripts/pulumi config set -s STACK --secret --path ${NAMESPACE}:secrets.NAME`,
        );
    }
    const none = { published: [], warnings: [], errors, written: {} };
    const read = readServices(values, context, wantsProxy(raw));
    if (!read) return none;
    const { warnings, readable } = read;
    errors.push(...read.errors);
    if (!readable) return none;
    const front = configuredProxy(raw, readable.project, {
        secrets: values.secrets,
        directory: context.directory,
        prefix: context.projectName,
    });
    const { project, proxy } = front;
    const placeOf: PlaceOf = (at) => (proxy && isOfProxy(at) ? proxyPort(at[3]) : readable.placeOf(at));
    for (const { at, path: place, message } of front.mistakes) {
        errors.push(`${at === "config" ? pathText(place) : readable.placeOf(place)}: ${message}`);
    }
    warnings.push(...front.warnings);
    for (const { path: at, message } of portCollisions(project.services, reserved)) {
        const said = proxy ? message.replace(PROXY_PORTS, (_all, index: string) => proxyPort(Number(index))) : message;
        errors.push(`${placeOf(at)}: ${said}`);
    }
    const published = publishedPorts(project, placeOf);
    if (host) errors.push(...exposureMistakes(host, published));
    if (context.secretKeys.includes(`${NAMESPACE}:services`)) hideEnvironment(project);
    return { project, written: readable.written, proxy, published, warnings, errors };
}

/** nginx's own ports, as the reader of services calls them; a person has written them elsewhere. */
const PROXY_PORTS = new RegExp(`services\\.${PROXY}\\.ports\\[(\\d+)\\]`, "g");
const isOfProxy = ([section, service, key]: readonly (string | number)[]) =>
    section === "services" && service === PROXY && key === "ports";
const proxyPort = (index: unknown) => `${NAMESPACE}:proxy.${index === 1 ? "httpsPort" : "port"}`;

type PlaceOf = (path: readonly (string | number)[]) => string;

interface ReadServices {
    readable?: PlacedProject;
    warnings: string[];
    errors: string[];
}

/** The services of the config, or of the file that it names. Sites of files alone need none. */
function readServices(values: ProjectValues, context: ConfigContext, orNone: boolean): ReadServices | undefined {
    if (values.services === undefined && values.composeFile === undefined) {
        const none = { project: { services: {}, networks: {}, volumes: {} }, written: {}, placeOf: pathText };
        return orNone ? { readable: none, warnings: [], errors: [] } : undefined;
    }
    const read = (replaced?: Record<string, unknown>) =>
        readProject(sourceOf(values, context.directory), {
            secrets: values.secrets,
            environment: context.environment,
            profiles: values.profiles,
            projectName: context.projectName,
            replaced,
        });
    const plain = read();
    const placed = "errors" in plain ? plain.readable : plain;
    const back = Object.entries(placed ? activeRollbacks(values.rollback, placed) : {});
    const used =
        back.length === 0 ? plain : read(Object.fromEntries(back.map(([name, { service }]) => [name, service])));
    const warnings = back.map(([name, { release }]) => rolledBack(name, release));
    if ("errors" in used) return { readable: used.readable, warnings, errors: used.errors };
    return { readable: used, warnings: [...warnings, ...used.warnings], errors: [] };
}

const rolledBack = (service: string, release: number) =>
    `${service} is put back to release ${release}. A change of it goes forward again, or: ./scripts/rollback --undo ${service}`;

/** What the sections mean without each other. */
function sectionMistakes(values: ProjectValues, orNone: boolean): string[] {
    const { services, networks, volumes, configs, composeFile } = values;
    if (composeFile === undefined) {
        return services === undefined && !orNone
            ? [
                  `${NAMESPACE}:services: it is missing; write services here, or name a Compose file by ${NAMESPACE}:composeFile`,
              ]
            : [];
    }
    const others = Object.entries({ services, networks, volumes, configs }).filter(([, value]) => value !== undefined);
    return others.map(([key]) => `${NAMESPACE}:${key}: ${NAMESPACE}:composeFile has them; keep one of the two`);
}

function sourceOf({ composeFile, services, networks, volumes, configs }: ProjectValues, directory: string) {
    if (composeFile === undefined) {
        return { kind: "config" as const, sections: { services, networks, volumes, configs }, directory };
    }
    return { kind: "file" as const, path: path.resolve(directory, composeFile), name: path.normalize(composeFile) };
}

function publishedPorts(project: ComposeProject, placeOf: PlaceOf): PublishedPort[] {
    return Object.entries(project.services).flatMap(([service, { ports }]) =>
        ports.flatMap((mapping) => {
            const { published, hostIp, protocol } = mapping;
            if (published === undefined || !isReachable(mapping)) return [];
            return [
                {
                    port: published,
                    ...(protocol !== "tcp" && { protocol }),
                    ...(hostIp !== undefined && { hostIp }),
                    service,
                    place: placeOf(portPath(service, mapping)),
                },
            ];
        }),
    );
}

/** Where the services are secret themselves, so is all that they are given. */
function hideEnvironment(project: ComposeProject): void {
    for (const service of Object.values(project.services)) {
        service.secret_environment = Object.keys(service.environment).sort();
    }
}
