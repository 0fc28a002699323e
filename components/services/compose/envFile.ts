import { InterpolationError, type Origin, type Variables, substitute } from "./interpolation";

/** What an env file says: names with their values, `undefined` where a name stands alone. */
export interface EnvFile {
    values: Map<string, string | undefined>;
    /** Names whose values hold one of `berth:secrets`. */
    secrets: Set<string>;
    /** Variables that values use, and that are not set: they are blank. */
    unset: Set<string>;
    /** `LINE: what is wrong` */
    mistakes: string[];
}

const NAME = /^(?:export\s+)?([\w.[\]-]+)\s*/;

/**
 * Reads an env file as Compose does: `NAME=value`, quotes, `export`, comments, values over several lines in quotes.
 * Variables are filled in, but for single quotes; earlier lines count too, where nothing else has the name.
 */
export function parseEnvFile(text: string, variables: Variables): EnvFile {
    const file: EnvFile = { values: new Map(), secrets: new Set(), unset: new Set(), mistakes: [] };
    const { values, mistakes } = file;
    const own: Variables = (name) => variables(name) ?? valueIn(file, name);
    const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
    for (let i = 0; i < lines.length; i++) {
        const line = lines[i]?.trim() ?? "";
        if (line === "" || line.startsWith("#")) continue;
        const number = i + 1;
        const match = NAME.exec(line);
        const name = match?.[1];
        const rest = line.slice(match?.[0].length ?? 0);
        if (name === undefined || (rest !== "" && !/^[=:]/.test(rest))) {
            mistakes.push(`${number}: not NAME=value`);
            continue;
        }
        if (rest === "") {
            values.set(name, undefined);
            continue;
        }
        let raw = rest.slice(1).trimStart();
        const quote = raw[0];
        if (quote === '"' || quote === "'") {
            while (closingQuote(raw, quote) < 0 && i + 1 < lines.length) raw += `\n${lines[++i] ?? ""}`;
            const end = closingQuote(raw, quote);
            if (end < 0) {
                mistakes.push(`${number}: the quote of ${name} is never closed`);
                continue;
            }
            raw = raw.slice(1, end);
        } else {
            raw = raw.replace(/ #.*$/, "").trimEnd();
        }
        try {
            const origins = new Set<Origin>();
            const filled = () => substitute(quote === '"' ? unescape(raw) : raw, own, file.unset, origins);
            values.set(name, quote === "'" ? raw.replaceAll("\\'", "'") : filled());
            if (origins.has("secret")) file.secrets.add(name);
        } catch (error) {
            if (!(error instanceof InterpolationError)) throw error;
            mistakes.push(`${number}: ${name}: ${error.brief}`);
        }
    }
    return file;
}

/** What a variable is by an env file. */
export function valueIn({ values, secrets }: EnvFile, name: string): ReturnType<Variables> {
    const value = values.get(name);
    return value === undefined ? undefined : { value, origin: secrets.has(name) ? "secret" : "outside" };
}

/** Reads an env file whose values are taken as they stand (`format: raw`). */
export function parseRawEnvFile(text: string): EnvFile {
    const values = new Map<string, string | undefined>();
    const mistakes: string[] = [];
    text.split(/\r?\n/).forEach((line, i) => {
        if (line.trim() === "" || line.trimStart().startsWith("#")) return;
        const at = line.indexOf("=");
        const name = (at < 0 ? line : line.slice(0, at)).trim();
        if (!/^[^\s=]+$/.test(name)) mistakes.push(`${i + 1}: not NAME=value`);
        else values.set(name, at < 0 ? undefined : line.slice(at + 1));
    });
    return { values, secrets: new Set(), unset: new Set(), mistakes };
}

function closingQuote(text: string, quote: string): number {
    for (let i = 1; i < text.length; i++) {
        if (text[i] === "\\") i += 1;
        else if (text[i] === quote) return i;
    }
    return -1;
}

const ESCAPES: Record<string, string> = {
    a: "\x07",
    b: "\b",
    f: "\f",
    n: "\n",
    r: "\r",
    t: "\t",
    v: "\v",
    '"': '"',
    "\\": "\\",
    $: "$$",
};

/** What stands in double quotes, as it is meant. */
function unescape(raw: string): string {
    return raw.replace(/\\(.)/g, (all, char: string) => ESCAPES[char] ?? all);
}
