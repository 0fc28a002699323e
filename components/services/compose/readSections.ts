import type { z } from "zod";
import { leafIssues } from "../../configErrors";
import type { WrittenProject } from "./buildProject";
import type { Mistake, Path } from "./document";
import { networkSchema } from "./schema/networks";
import { serviceSchema } from "./schema/service";
import { configFileSchema, secretSchema, volumeSchema } from "./schema/topLevel";
import { isRecord } from "./schema/values";

const SCHEMAS = {
    services: serviceSchema,
    networks: networkSchema,
    volumes: volumeSchema,
    configs: configFileSchema,
    secrets: secretSchema,
} satisfies Record<string, z.ZodType>;

/** Keys whose values are never shown. */
const PRIVATE = ["environment", "args"];
const NAME = /^[a-zA-Z0-9._-]+$/;

/** Whether a place is another, or lies in it. */
export function isBelow(at: Path, above: Path): boolean {
    return above.length <= at.length && above.every((key, i) => at[i] === key);
}

/**
 * Reads each section's entries by their schemas. An entry with mistakes is read without the keys that have them, so that
 * the other keys are still checked against the rest of the project.
 *
 * @param sections values with their variables filled in
 * @param found mistakes so far: what they lead to is not said again
 * @param isPrivate whether a value, or one in it, must not be shown
 * @returns `written` is undefined where not even that can be read
 */
export function readSections(
    sections: Record<string, unknown>,
    found: Mistake[],
    isPrivate: (path: Path) => boolean,
): { written: WrittenProject | undefined; mistakes: Mistake[] } {
    const mistakes: Mistake[] = [];
    let isWhole = true;
    const report = (mistake: Mistake) => {
        if (!found.some(({ path }) => isBelow(path, mistake.path))) mistakes.push(mistake);
    };
    const written = Object.fromEntries(
        Object.entries(SCHEMAS).map(([section, schema]) => {
            const entries = sections[section] ?? {};
            if (!isRecord(entries)) {
                report({ path: [section], message: "write a map: names, and what they are" });
                isWhole = false;
                return [section, {}];
            }
            const read = Object.entries(entries).flatMap(([name, entry]): [string, unknown][] => {
                const at = [section, name];
                if (!NAME.test(name)) {
                    report({ path: at, message: "not a name: it has letters, digits, `.`, `_` and `-`" });
                }
                const result = readEntry(schema, entry ?? (section === "services" ? undefined : {}), at, isPrivate);
                result.mistakes.forEach(report);
                if (result.value !== undefined) return [[name, result.value]];
                isWhole = false;
                return [];
            });
            return [section, Object.fromEntries(read)];
        }),
    ) as unknown as WrittenProject;
    const services = sections.services ?? {};
    if (isRecord(services) && Object.keys(services).length === 0) {
        report({ path: ["services"], message: "no service; name at least one" });
    }
    return { written: isWhole ? written : undefined, mistakes };
}

function readEntry(schema: z.ZodType, entry: unknown, at: Path, isPrivate: (path: Path) => boolean) {
    const mistakes: Mistake[] = [];
    const value = isRecord(entry) ? Object.fromEntries(Object.entries(entry).filter(([, v]) => v !== null)) : entry;
    const result = schema.safeParse(value);
    if (result.success) return { value: result.data, mistakes };
    for (const issue of leafIssues(result.error.issues)) {
        const path = [...at, ...(issue.path as (string | number)[])];
        const got = valueAt(value, issue.path);
        const isHidden = isPrivate(path) || PRIVATE.some((key) => path.includes(key));
        const wrong = inWords(issue.message);
        mistakes.push({ path, message: isHidden ? withoutValues(wrong, got) : `${shown(got)}${wrong}` });
    }
    if (!isRecord(value)) return { value: undefined, mistakes };
    const bad = result.error.issues.map(({ path }) => path[0]);
    const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !bad.includes(key)));
    return { value: schema.safeParse(rest).data, mistakes };
}

const TYPES: Record<string, string> = { object: "a map", record: "a map", array: "a list", string: "a text" };

/** What zod says of a value's type where the schema says nothing, for people. */
function inWords(message: string): string {
    const [, expected, received] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
    if (expected === undefined) return message;
    return received === "undefined" ? "it is missing" : `write ${TYPES[expected] ?? `a ${expected}`}`;
}

/** A value as errors show it, with a colon; of maps and lists nothing. */
function shown(value: unknown): string {
    return value === undefined || value === null || typeof value === "object" ? "" : `${JSON.stringify(value)}: `;
}

/** A message without what it quotes of a value. */
function withoutValues(message: string, value: unknown): string {
    const text = JSON.stringify(value) ?? "";
    return message.replace(/"([^"]+)"/g, (all, quoted: string) => (text.includes(quoted) ? "it" : all));
}

function valueAt(value: unknown, path: PropertyKey[]): unknown {
    return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value);
}
