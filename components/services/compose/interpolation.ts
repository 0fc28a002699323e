import type { Mistake, Path } from "./document";

/** What a variable's value came from: the stack's secrets, or the shell and `.env`. */
export type Origin = "secret" | "outside";

/** Looks a variable up. */
export type Variables = (name: string) => { value: string; origin: Origin } | undefined;

/** Values with their variables filled in. */
export interface Interpolated {
    value: unknown;
    mistakes: Mistake[];
    /** Names that have neither a value nor a default. They are blank, as in Compose. */
    unset: Set<string>;
    /** What values came from, by `JSON.stringify(path)`. */
    origins: Map<string, Set<Origin>>;
}

/**
 * Fills in variables in all texts, as Compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?error}`,
 * `${NAME:+other}`, each also without the colon; `$$` is a dollar, and so is one
 * that begins no variable. Keys are left as they are.
 *
 * @see https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 */
export function interpolate(value: unknown, variables: Variables): Interpolated {
    const result: Interpolated = { value: undefined, mistakes: [], unset: new Set(), origins: new Map() };
    const walk = (at: unknown, path: Path): unknown => {
        if (typeof at === "string") return fill(at, path);
        if (Array.isArray(at)) return at.map((item, i) => walk(item, [...path, i]));
        if (typeof at !== "object" || at === null || at instanceof Date) return at;
        return Object.fromEntries(Object.entries(at).map(([key, item]) => [key, walk(item, [...path, key])]));
    };
    const fill = (text: string, path: Path): string => {
        const origins = new Set<Origin>();
        try {
            const filled = substitute(text, variables, result.unset, origins);
            if (origins.size > 0) result.origins.set(JSON.stringify(path), origins);
            return filled;
        } catch (error) {
            if (!(error instanceof InterpolationError)) throw error;
            result.mistakes.push({ path, message: error.message });
            return text;
        }
    };
    result.value = walk(value, []);
    return result;
}

export class InterpolationError extends Error {
    /** @param brief the same without the text that it is about, for where that may be secret */
    constructor(
        message: string,
        readonly brief = message,
    ) {
        super(message);
    }
}

const NAME = /^[_a-zA-Z][_a-zA-Z0-9]*/;

/** @throws InterpolationError */
export function substitute(text: string, variables: Variables, unset: Set<string>, origins: Set<Origin>): string {
    const valueOf = (name: string) => {
        const found = variables(name);
        if (found) origins.add(found.origin);
        return found?.value;
    };
    const blank = (name: string) => {
        unset.add(name);
        return "";
    };
    let out = "";
    for (let i = 0; i < text.length; i++) {
        if (text[i] !== "$") {
            out += text[i];
            continue;
        }
        const rest = text.slice(i + 1);
        const name = NAME.exec(rest)?.[0];
        if (rest.startsWith("$")) {
            out += "$";
            i += 1;
        } else if (name !== undefined) {
            out += valueOf(name) ?? blank(name);
            i += name.length;
        } else if (rest.startsWith("{")) {
            const end = closing(rest);
            if (end < 0) throw new InterpolationError(`"\${" is never closed; a dollar itself is written $$`);
            out += braced(rest.slice(1, end));
            i += end + 1;
        } else {
            out += "$"; // it begins no variable
        }
    }
    return out;

    function braced(inside: string): string {
        const name = NAME.exec(inside)?.[0];
        const [, operator, word = ""] = /^(:?[-?+])([^]*)$/.exec(inside.slice(name?.length ?? 0)) ?? [];
        if (name === undefined || (operator === undefined && name !== inside)) {
            const what = "is not a variable; a dollar itself is written $$";
            throw new InterpolationError(`"\${${inside}}" ${what}`, `what follows "\${" ${what}`);
        }
        const value = valueOf(name);
        if (operator === undefined) return value ?? blank(name);
        const isThere = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
        const other = () => substitute(word, variables, unset, origins);
        if (operator.endsWith("-")) return isThere ? (value ?? "") : other();
        if (operator.endsWith("+")) return isThere ? other() : "";
        if (isThere) return value ?? "";
        // Of what other variables say, nothing is shown: any of them may be a secret.
        const used = new Set<Origin>();
        const said = substitute(word, variables, new Set(), used);
        const why = word === "" ? "" : `: ${used.size === 0 ? said : word}`;
        const remedy = `set it in your shell, in .env, or as berth:secrets.${name}`;
        const missing = `the variable ${name} is missing`;
        throw new InterpolationError(`${missing}${why}; ${remedy}`, `${missing}; ${remedy}`);
    }
}

/** The index of the brace that closes the one at 0; -1 where none does. */
function closing(text: string): number {
    // A default may hold braces, as JSON does; a lone one there belongs to the text.
    const balanced = endOf(text, (i) => text[i] === "{");
    return balanced >= 0 ? balanced : endOf(text, (i) => i === 0 || text.startsWith("${", i - 1));
}

function endOf(text: string, opens: (index: number) => boolean): number {
    let depth = 0;
    for (let i = 0; i < text.length; i++) {
        if (text[i] === "{" && opens(i)) depth += 1;
        else if (text[i] === "}" && --depth === 0) return i;
    }
    return -1;
}
