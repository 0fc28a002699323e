/**
 * Readers of what a state, a provider or a host says. It may have null, nothing, an empty value or another type at any
 * place: a container that could not start has no networks, a targeted update has no outputs. None of them throws, and
 * none takes a value of another type for one of its own.
 */

/** Values by name of which nothing is known yet. */
export type Values = Readonly<Record<string, unknown>>;

/** Says what a record may have, and that each of it is still to be read. */
export type Unread<T> = { readonly [Key in keyof T]?: unknown };

const isRecord = (value: unknown): value is Values =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** Returns the record that a value is; an empty one where it is none. */
export const recordOf = (value: unknown): Values => (isRecord(value) ? value : {});

/** Returns the list that a value is; an empty one where it is none. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Returns the records of a list. */
export const recordsOf = (value: unknown): Values[] => listOf(value).filter(isRecord);

/** Returns the text that a value is; undefined where it is none, or empty. */
export const textOf = (value: unknown): string | undefined =>
    typeof value === "string" && value !== "" ? value : undefined;

/** Returns the texts of a list. Empty ones stay: they may be words of a command. */
export const textsOf = (value: unknown): string[] => listOf(value).filter((one) => typeof one === "string");

/** Returns the texts of a record, by name. */
export function textMapOf(value: unknown): Record<string, string> {
    return Object.fromEntries(
        Object.entries(recordOf(value)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    );
}

/** Returns the number that a value is; undefined where it is none. */
export const numberOf = (value: unknown): number | undefined =>
    typeof value === "number" && Number.isFinite(value) ? value : undefined;

/** Returns the boolean that a value is; undefined where it is none. */
export const flagOf = (value: unknown): boolean | undefined => (typeof value === "boolean" ? value : undefined);

/** Returns what a JSON text holds; undefined where the value is no text, or the text is no JSON. */
export function jsonOf(value: unknown): unknown {
    if (typeof value !== "string") return undefined;
    try {
        return JSON.parse(value) as unknown;
    } catch {
        return undefined; // half written, or words of something else: nothing is known
    }
}

/**
 * Returns the last line that a command printed. What a login's own start files print comes before it.
 *
 * @param output of a command; undefined in an update that leaves the command out (`--target`)
 */
export const lastLineOf = (output: unknown): string => (textOf(output) ?? "").trim().split("\n").at(-1) ?? "";
