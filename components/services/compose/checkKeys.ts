import { nearestName } from "../../nearestName";
import type { Mistake, Path } from "./document";
import { own } from "./own";
import { isRecord } from "./schema/values";
import { type KeyTable, fileKeys, isExtension, isSupported } from "./keys";

/** Tables with more keys are not listed in an error. */
const LISTED = 12;

/** A value without the keys that Berth does not read, and those keys. */
interface Checked<T> {
    known: T;
    mistakes: Mistake[];
}

type Sections = Record<string, unknown>;

/**
 * Finds the keys that Berth does not read, each with its place: those of the Compose Specification with the reason why,
 * and those that nobody knows. Values are not looked at, so all of them come at once.
 *
 * @param sections the whole file, or the sections that the config has
 * @returns what is left, without `x-` keys too
 */
export function checkKeys(sections: Sections): Checked<Sections> {
    const mistakes: Mistake[] = [];
    const known = checkMap(sections, fileKeys, [], mistakes);
    mistakes.push(
        ...prototypes(sections, []).map((path) => ({ path, message: "it cannot be a name; choose another" })),
    );
    return { known, mistakes };
}

/** Keys that JavaScript's objects do not hold as their own. */
function prototypes(value: unknown, path: Path): Path[] {
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, item]) => {
        const at = [...path, Array.isArray(value) ? Number(key) : key];
        return key === "__proto__" ? [at] : prototypes(item, at);
    });
}

function checkMap(map: Sections, table: KeyTable, path: Path, mistakes: Mistake[]): Sections {
    const known: Sections = {};
    for (const [key, value] of Object.entries(map)) {
        if (isExtension(key)) continue;
        const at = [...path, key];
        const entry = own(table, key);
        if (!entry) mistakes.push({ path: at, message: unknownKey(key, Object.keys(table)) });
        else if (!isSupported(entry)) {
            mistakes.push({ path: at, message: `Berth does not support this key: ${entry.refused}` });
        } else if (entry.keys && isRecord(value)) known[key] = checkMap(value, entry.keys, at, mistakes);
        else known[key] = entry.each ? checkEach(value, entry.each, at, mistakes) : value;
    }
    return known;
}

/** The maps in a list or a map of maps. */
function checkEach(value: unknown, table: KeyTable, path: Path, mistakes: Mistake[]): unknown {
    const check = (item: unknown, key: string | number) =>
        isRecord(item) ? checkMap(item, table, [...path, key], mistakes) : item;
    if (Array.isArray(value)) return value.map(check);
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, check(item, key)]));
}

function unknownKey(key: string, known: string[]): string {
    const near = nearestName(key, known);
    if (near !== undefined) return `unknown key; did you mean ${near}?`;
    const keys = known.length <= LISTED ? `the keys are: ${known.join(", ")}` : "docs/services.md has the keys";
    return `unknown key; ${keys}`;
}
