import { z } from "zod";
import { parseDuration, parseSize } from "../quantities";
import { shellWords } from "../shellWords";

/** A rule that reads a value by a function, which gives a sentence where the value is wrong. */
export function read<T>(parse: (value: unknown) => T | Wrong) {
    return z.unknown().transform((value, context): T => {
        const result = parse(value);
        if (!(result instanceof Wrong)) return result;
        const message = value === undefined ? `it is missing; ${result.message}` : result.message;
        context.addIssue({ code: "custom", message, path: [...result.path], input: value });
        return z.NEVER;
    });
}

/** The same for a text; a number or boolean is one too. */
export function readText<T>(what: string, parse: (text: string) => T | Wrong) {
    return read((value) => (isScalar(value) ? parse(String(value)) : new Wrong(what)));
}

/** Reads a map by the long form and all else by the short one; a union would hide what is wrong in them. */
export function byForm<T>(short: z.ZodType<T>, long: z.ZodType<T>) {
    return z.unknown().transform((value, context): T => {
        const result = (isRecord(value) ? long : short).safeParse(value);
        if (result.success) return result.data;
        for (const issue of result.error.issues) context.addIssue({ ...issue, code: "custom", input: value });
        return z.NEVER;
    });
}

/** What is wrong with a value, and what is allowed. */
export class Wrong {
    /** @param path where in the value. Default: all of it */
    constructor(
        readonly message: string,
        readonly path: readonly (string | number)[] = [],
    ) {}
}

export const isScalar = (value: unknown): value is string | number | boolean =>
    typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** A text; a number or boolean is one too. */
export const text = read((value) => (isScalar(value) ? String(value) : new Wrong("write a text")));

/** A text that is not empty. */
export const name = read((value) =>
    isScalar(value) && value !== "" ? String(value) : new Wrong("write a text that is not empty"),
);

/** A boolean, or a text that says one: what a variable filled in is a text. */
export const boolean = read((value) => {
    if (typeof value === "boolean") return value;
    const said = typeof value === "string" ? value.toLowerCase() : undefined;
    if (["true", "yes", "y", "on", "1"].includes(said ?? "")) return true;
    if (["false", "no", "n", "off", "0"].includes(said ?? "")) return false;
    return new Wrong("write true or false");
});

const numberOf = (value: unknown) =>
    typeof value === "number" ? value : typeof value === "string" && value.trim() !== "" ? Number(value) : NaN;

/** A whole number within bounds. */
export function integer(min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) {
    return read((value) => {
        const number = numberOf(value);
        if (Number.isInteger(number) && number >= min && number <= max) return number;
        const bounds =
            max < Number.MAX_SAFE_INTEGER
                ? ` from ${min} to ${max}`
                : min > Number.MIN_SAFE_INTEGER
                  ? `, at least ${min}`
                  : "";
        return new Wrong(`write a whole number${bounds}`);
    });
}

/** A number of CPUs, as text; 0: without a limit. */
export const cpus = read((value) => {
    const number = numberOf(value);
    if (number === 0) return undefined;
    return number > 0 && Number.isFinite(number) ? String(number) : new Wrong('write a number of CPUs such as "0.5"');
});

/** Milliseconds. */
export const duration = read(
    (value) =>
        (typeof value === "string" ? parseDuration(value) : undefined) ??
        new Wrong('write a duration such as "1m30s" or "500ms"'),
);

/** Bytes. */
export const size = read(
    (value) =>
        (typeof value === "string" || typeof value === "number" ? parseSize(value) : undefined) ??
        new Wrong('write a size such as "64m" or "1.5g", or a number of bytes'),
);

/** Bytes; 0: without a limit. */
export const limit = size.transform((bytes) => (bytes === 0 ? undefined : bytes));

const MIB = 1024 * 1024;

/** Bytes of a container's memory; 0: without a limit. */
export const memory = read((value) => {
    const { data: bytes, error } = limit.safeParse(value);
    if (error) return new Wrong(error.issues[0]?.message ?? "");
    if (bytes === undefined || bytes % MIB === 0) return bytes;
    return new Wrong(
        `the Docker provider counts memory in whole MiB; write "${Math.max(1, Math.round(bytes / MIB))}m"`,
    );
});

/** Words: a list, or a text that is split as a shell would. null: the image's own. */
export const words = read((value): string[] | undefined | Wrong => {
    if (value === null) return undefined;
    if (Array.isArray(value) && value.every(isScalar)) return value.map(String);
    if (isScalar(value)) {
        const split = shellWords(String(value));
        return typeof split === "string" ? new Wrong(split) : split;
    }
    return new Wrong("write a text or a list of words");
});

/** A list of texts. */
export const list = listOf(text);

/** A list, by what each of it is. */
export function listOf<T extends z.ZodType>(item: T, error = "write a list of texts") {
    return z.array(item, { error });
}

/** A text, or a list of texts, each once. */
export const textOrList = oneOrMore(text);

/** One, or a list of them, each once. */
export function oneOrMore<T>(item: z.ZodType<T>) {
    return read((value): T[] | Wrong => {
        if (!Array.isArray(value) && !isScalar(value)) return new Wrong("write a text or a list of texts");
        const all: T[] = [];
        for (const [i, one] of (Array.isArray(value) ? value : [value]).entries()) {
            const { data, error } = item.safeParse(one);
            if (error) return new Wrong(error.issues[0]?.message ?? "", Array.isArray(value) ? [i] : []);
            all.push(data);
        }
        return [...new Set(all)];
    });
}

/** `NAME: value` or `"NAME=value"`. undefined: the name stands alone. */
export const variables = read((value): Record<string, string | undefined> | Wrong => {
    const entries = entriesOf(value, 'write a map (NAME: value) or a list ("NAME=value")');
    if (entries instanceof Wrong) return entries;
    const bad = entries.find(([key]) => key === "" || /[=\s]/.test(key));
    if (bad) return new Wrong(`"${bad[0]}" is not a name: it has a space or =, or is empty`);
    return Object.fromEntries(entries);
});

/** The same, where a name alone means an empty value. */
export const map = variables.transform((entries): Record<string, string> =>
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, value ?? ""])),
);

/** A map of texts only. */
export const textMap = read((value) => {
    const entries = Array.isArray(value) ? new Wrong("write a map of texts") : entriesOf(value, "write a map of texts");
    return entries instanceof Wrong ? entries : Object.fromEntries(entries.map(([k, v]) => [k, v ?? ""]));
});

function entriesOf(value: unknown, allowed: string): [string, string | undefined][] | Wrong {
    if (value === null) return [];
    if (Array.isArray(value)) {
        const bad = value.findIndex((entry) => !isScalar(entry));
        if (bad >= 0) return new Wrong('write a text, "NAME=value"', [bad]);
        return value.map(String).map((entry) => {
            const at = entry.indexOf("=");
            return at < 0 ? [entry, undefined] : [entry.slice(0, at), entry.slice(at + 1)];
        });
    }
    if (typeof value !== "object") return new Wrong(allowed);
    const entries = Object.entries(value as Record<string, unknown>);
    const bad = entries.find(([, v]) => v !== null && v !== undefined && !isScalar(v));
    if (bad) return new Wrong("write a text, number or boolean", [bad[0]]);
    return entries.map(([k, v]) => [k, v === null || v === undefined ? undefined : String(v as string)]);
}

/** One of some texts. */
export function oneOf<const T extends string>(...allowed: T[]) {
    return read((value) => {
        // YAML reads an unquoted `no` as a boolean in some dialects.
        const said = value === false ? "no" : value;
        const wrong = allowed.length === 1 ? `write ${allowed[0]}, or nothing` : `one of ${allowed.join(", ")}`;
        return allowed.find((one) => one === said) ?? new Wrong(wrong);
    });
}

/** An absolute path in a container. */
export const containerPath = read((value) =>
    typeof value === "string" && /^\/+[^/]/.test(value)
        ? value.replace(/\/+$/, "")
        : new Wrong("write an absolute path in the container, such as /data"),
);

/** A mode: 0440 is a number by then, in quotes it is a text of octal digits. */
export const fileMode = read((value) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0o7777) return value;
    const digits = typeof value === "string" ? value.replace(/^0o?/, "") : "";
    return /^[0-7]{1,4}$/.test(digits) ? parseInt(digits, 8) : new Wrong('write a mode such as "0440"');
});

export const isRecord = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);

/** A name on the engine. */
export const engineName = readText("write a text", (text) =>
    /^[a-zA-Z0-9][\w.-]*$/.test(text)
        ? text
        : new Wrong("a name has letters, digits, `_`, `.` and `-`, the first a letter or digit"),
);
