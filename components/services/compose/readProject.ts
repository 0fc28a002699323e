import * as fs from "node:fs";
import * as path from "node:path";
import { buildProject } from "./buildProject";
import { MISPLACED_SECRET } from "./buildService";
import { checkKeys } from "./checkKeys";
import { type Mistake, type Path, type Source, configSource, fileSource } from "./document";
import { type Interpolated, interpolate } from "./interpolation";
import type { ComposeProject } from "./project";
import { isBelow, readSections } from "./readSections";
import { isRecord } from "./schema/values";
import { projectVariables } from "./variables";

/** Where a project stands: in a Compose file, or in sections of the stack's config. */
export type ProjectSource =
    | {
          kind: "file";
          /** Absolute. */
          path: string;
          /** What the file is called in errors. Default: its name without folders */
          name?: string;
      }
    | {
          kind: "config";
          /** `services`, `networks`, `volumes`, `configs`, as the config has them; undefined where it has none. */
          sections: Record<string, unknown>;
          /** Folder that relative paths begin at, absolute. */
          directory: string;
      };

/** What a project is read with. */
export interface ReadContext {
    /** `berth:secrets` */
    secrets: Record<string, string>;
    /** Variables of the shell. They come before those of the file `.env`. */
    environment: NodeJS.ProcessEnv;
    /** Active profiles; `*` is all of them. Default: those of the variable COMPOSE_PROFILES */
    profiles?: string[];
    /** Services that have another text than what is written, by name. Default: none */
    replaced?: Record<string, unknown>;
    /** Value of `COMPOSE_PROJECT_NAME`. */
    projectName: string;
}

/** A project, and what a person should know of it; or all that is wrong with it, a line each, in the file's order. */
export type ReadProject =
    | (PlacedProject & { warnings: string[] })
    | {
          errors: string[];
          /** What is left without the mistakes, for whatever else is to be said of it at the same time. */
          readable?: PlacedProject;
      };

export interface PlacedProject {
    project: ComposeProject;
    /** The services as they are written, by name: variables are not filled in. */
    written: Record<string, unknown>;
    /** `compose.yaml:12:5: services.web.ports[0]`, or `berth:services.web.ports[0]` */
    placeOf: (path: Path) => string;
}

/** Keys of a file that Berth accepts and does not read. */
const WITHOUT_EFFECT = ["name", "version"];

/**
 * Reads a Compose project: keys, variables, short forms, references, and the files that it names.
 *
 * @returns the project, or every mistake at once: its place, what is wrong, what is allowed; never a secret
 * @see https://github.com/compose-spec/compose-spec/blob/main/spec.md
 */
export function readProject(from: ProjectSource, context: ReadContext): ReadProject {
    const read = readSource(from);
    if (Array.isArray(read)) return { errors: read };
    const source = context.replaced ? withServices(read, context.replaced) : read;
    const directory = from.kind === "file" ? path.dirname(from.path) : from.directory;
    const { variables, errors } = projectVariables(context, directory);

    const { known, mistakes } = checkKeys(source.value);
    const sections = Object.fromEntries(Object.entries(known).filter(([key]) => !WITHOUT_EFFECT.includes(key)));
    const filled = interpolate(sections, variables);
    mistakes.push(...filled.mistakes, ...misplacedSecrets(filled.origins));

    const isPrivate = (at: Path) => [...filled.origins.keys()].some((key) => isBelow(JSON.parse(key) as Path, at));
    const { written, mistakes: wrong } = readSections(filled.value as typeof sections, mistakes, isPrivate);
    mistakes.push(...wrong);
    const profiles = context.profiles ?? listOf(variables("COMPOSE_PROFILES")?.value);
    const rest = { secrets: context.secrets, directory, variables, profiles, privateNames: privateNames(filled) };
    const built = written && buildProject(written, rest);
    // A key that is wrong was left out: what that leads to is no mistake of its own.
    const named = mistakes.map((mistake) => mistake.path);
    mistakes.push(...(built?.mistakes ?? []).filter(({ path: at }) => !named.some((bad) => isBelow(bad, at))));

    if (built) hideConfigs(built.project, filled.origins);
    const readable = built && {
        project: built.project,
        written: isRecord(source.value.services) ? source.value.services : {},
        placeOf: (at: Path) => source.placeOf(at),
    };
    if (readable && mistakes.length + errors.length === 0)
        return { ...readable, warnings: [...unsetWarnings(filled.unset), ...(built?.warnings ?? [])] };
    return {
        errors: [
            ...errors,
            ...lines(mistakes, source, filled.unset).map((line) => withoutSecrets(line, context.secrets)),
        ],
        readable,
    };
}

function readSource(from: ProjectSource): Source | string[] {
    if (from.kind === "config") return configSource(from.sections);
    const { path: file, name = path.basename(file) } = from;
    let text: string;
    try {
        text = fs.readFileSync(file, "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const why = code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : String(code);
        return [`${name}: ${why}; berth:composeFile names a Compose file, relative to the project's folder`];
    }
    return fileSource(text, name);
}

/** A source some of whose services have another text. */
function withServices(source: Source, replaced: Record<string, unknown>): Source {
    const services = isRecord(source.value.services) ? source.value.services : {};
    return { ...source, value: { ...source.value, services: { ...services, ...replaced } } };
}

function listOf(text = ""): string[] {
    return text.split(",").flatMap((word) => word.trim() || []);
}

/** Values that a secret was filled into, where it would not be kept as one. */
function misplacedSecrets(origins: Interpolated["origins"]): Mistake[] {
    return [...origins].flatMap(([key, from]) => {
        const at = JSON.parse(key) as Path;
        if (!from.has("secret") || (at[0] === "services" && at[2] === "environment")) return [];
        return [{ path: at, message: MISPLACED_SECRET }];
    });
}

/** Names in a service's `environment` whose values came from elsewhere than the file. */
function privateNames({ value, origins }: Interpolated): (service: string) => string[] {
    const services = (value as { services?: Record<string, { environment?: unknown } | null> }).services ?? {};
    return (service) => {
        const environment = services[service]?.environment;
        return [...origins.keys()].flatMap((key) => {
            const [section, name, field, at] = JSON.parse(key) as (string | number)[];
            if (section !== "services" || name !== service || field !== "environment" || at === undefined) return [];
            const entry = Array.isArray(environment) ? String(environment[at as number]) : String(at);
            return [entry.replace(/=[^]*$/, "")];
        });
    };
}

/** A config whose text a variable has filled is as secret as that may be. */
function hideConfigs({ services }: ComposeProject, origins: Interpolated["origins"]): void {
    for (const file of Object.values(services).flatMap(({ files }) => files)) {
        file.secret ||= file.section === "configs" && origins.has(JSON.stringify(["configs", file.source, "content"]));
    }
}

function unsetWarnings(unset: Set<string>): string[] {
    return [...unset].map((name) => `The variable ${name} is not set: it is blank where services use it.`);
}

/** A line without values of secrets, but for those so short that any text has them. */
function withoutSecrets(line: string, secrets: Record<string, string>): string {
    return Object.values(secrets)
        .filter((value) => value.length >= 3)
        .reduce((text, value) => text.replaceAll(value, "[secret]"), line);
}

/** The mistakes in the order of the file, each once, with the variables that are blank where it is. */
function lines(mistakes: Mistake[], source: Source, unset: Set<string>): string[] {
    const sorted = mistakes
        .map((mistake, i) => ({ ...mistake, order: source.orderOf(mistake.path), i }))
        .sort((a, b) => a.order - b.order || a.i - b.i);
    const all = sorted.map(({ path: at, message }) => {
        const blank = [...unset].filter((name) => new RegExp(`\\$\\{?${name}\\b`).test(textAt(source.value, at)));
        const why = blank.length === 0 ? "" : ` (${blank.join(", ")} is not set in your shell or in .env)`;
        return `${source.placeOf(at)}: ${message}${why}`;
    });
    return [...new Set(all)];
}

function textAt(value: unknown, at: Path): string {
    const found = at.reduce<unknown>((outer, key) => (outer as Record<string, unknown> | undefined)?.[key], value);
    return typeof found === "string" ? found : "";
}
