import { pathStep } from "../../configErrors";
import * as path from "node:path";
import {
    LineCounter,
    type Document,
    type Pair,
    type Scalar,
    type YAMLError,
    type YAMLMap,
    isCollection,
    isMap,
    isPair,
    isScalar,
    isSeq,
    parseAllDocuments,
    visit,
} from "yaml";
import { yamlIntegers } from "./yamlIntegers";

/** Where a value stands, as keys and indexes from the top. */
export type Path = readonly (string | number)[];

/** Something wrong, and where. */
export interface Mistake {
    path: Path;
    message: string;
}

/** Takes something wrong, and goes on. */
export type Report = (path: Path, message: string) => void;

/** The values of a file or of the config, and words for a person where each of them stands. */
export interface Source {
    value: Record<string, unknown>;
    /** `compose.yaml:12:5: services.web.ports[0]`, or `berth:services.web.ports[0]` */
    placeOf(path: Path): string;
    /** Order of a place among the others, for sorting. */
    orderOf(path: Path): number;
}

/** `services.web.ports[0]` */
export function pathText(at: Path): string {
    return at.map(pathStep).join("").replace(/^\./, "");
}

/** Values of the stack's config, by section. */
export function configSource(sections: Record<string, unknown>): Source {
    const value = Object.fromEntries(Object.entries(sections).filter(([, section]) => section !== undefined));
    return { value, placeOf: (at) => `berth:${pathText(at)}`, orderOf: () => 0 };
}

/**
 * Reads a Compose file: YAML with anchors and merge keys.
 *
 * @param name what the file is called in errors
 * @returns the source, or a line for each mistake in the YAML itself
 */
export function fileSource(text: string, name: string): Source | string[] {
    const lines = new LineCounter();
    // 1.1 is what Compose's parser speaks where it matters: merge keys. Its base-60 numbers (22:22) are not wanted.
    const documents = parseAllDocuments(text, {
        merge: true,
        customTags: (tags) => [yamlIntegers, ...tags],
        lineCounter: lines,
        uniqueKeys: true,
        prettyErrors: false,
    });
    const place = (offset: number) => {
        const { line, col } = lines.linePos(offset);
        return `${name}:${line}:${col}`;
    };
    if (!Array.isArray(documents) || documents.length === 0)
        return [`${name}: the file is empty; write at least services`];
    const [document, second] = documents;
    if (second) {
        return [`${place(second.range[0])}: a second document; several files in one are not merged, keep one`];
    }
    if (!document) return [];
    // What the parser only warns of is a tag that it does not know: Compose's `!reset`, for one, is for merging files.
    const found = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
    const mistakes = found.map((error) => `${place(error.pos[0])}: ${sentence(error)}`);
    if (mistakes.length > 0) return mistakes;
    const unusable = unusableNodes(document).map(({ offset, message }) => `${place(offset)}: ${message}`);
    if (unusable.length > 0) return unusable;
    const value = valuesOf(document);
    if (value instanceof Error) return [`${name}: ${value.message}`];
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return [`${path.basename(name)}: not a Compose file; write a map with services`];
    }
    const offsetOf = (at: Path) => offsetIn(document, at);
    return {
        value: value as Record<string, unknown>,
        placeOf: (at) => `${place(offsetOf(at))}: ${pathText(at)}`,
        orderOf: offsetOf,
    };
}

/** Types of YAML that no key of Compose has. */
const OTHER_TYPES = /^tag:yaml\.org,2002:(set|omap|pairs|binary|timestamp)$/;

/** What is YAML, and yet has no value here: an alias of nothing or of what it stands in, a merge of no map. */
function unusableNodes(document: Document.Parsed): { offset: number; message: string }[] {
    const found: { offset: number; message: string }[] = [];
    const report = (node: { range?: readonly number[] | null }, message: string) =>
        void found.push({ offset: node.range?.[0] ?? 0, message });
    visit(document, {
        Alias(_key, node, around) {
            const target = node.resolve(document);
            if (!target) report(node, `there is no anchor &${node.source} before it`);
            else if (around.includes(target)) report(node, `the anchor &${node.source} holds itself`);
        },
        Pair(_key, { key, value }) {
            if (isCollection(key)) report(key, "a key is a text, not a map or list");
            if (!isScalar(key) || key.source !== "<<" || (key.type !== "PLAIN" && key.type !== undefined)) return;
            const merged = resolved(value, document);
            const all = isSeq(merged) ? merged.items.map((item) => resolved(item, document)) : [merged];
            if (!all.every((one) => one === undefined || isMap(one))) {
                report(key, "after << comes the alias of a map, such as *base, or a list of them");
            }
        },
        Node(_key, node) {
            const [, type] = OTHER_TYPES.exec((node as { tag?: string }).tag ?? "") ?? [];
            if (type !== undefined)
                report(node, `!!${type} is no type that a Compose file has; write a map, list or text`);
        },
    });
    return found;
}

/** The values, or that there are too many: a few anchors can stand for billions. */
function valuesOf(document: Document.Parsed): unknown {
    try {
        return document.toJS({ maxAliasCount: 1000 });
    } catch (error) {
        const { message } = error as Error;
        return new Error(/alias count/i.test(message) ? "its anchors stand for far too much; write it out" : message);
    }
}

function sentence({ code, message }: YAMLError): string {
    const tag = /^Unresolved tag: (\S+)/.exec(message)?.[1];
    if (code === "TAG_RESOLVE_FAILED" && tag !== undefined) {
        return `${tag} is not read; such tags are for merging files, and Berth reads one`;
    }
    return message.charAt(0).toLowerCase() + message.slice(1).trim();
}

/** The offset of a value's key, or of the nearest thing around it that stands in the file. */
function offsetIn(document: Document.Parsed, at: Path): number {
    let offset = document.contents?.range?.[0] ?? 0;
    let node: unknown = document.contents;
    for (const key of at) {
        const next = isMap(node) ? pairOf(node, String(key), document) : undefined;
        if (next) {
            offset = (next.key as { range?: [number, number, number] | null }).range?.[0] ?? offset;
            node = resolved(next.value, document);
            continue;
        }
        const child = (node as { get?: (key: unknown, keep: boolean) => unknown } | undefined)?.get?.(key, true);
        if (child === undefined) break;
        offset = (child as { range?: [number, number, number] | null }).range?.[0] ?? offset;
        node = resolved(child, document);
    }
    return offset;
}

/** The pair with a key, in a map itself or in what `<<` puts into it. */
function pairOf(map: YAMLMap, key: string, document: Document.Parsed): Pair | undefined {
    const pairs = map.items.filter((item) => isPair(item) && isScalar(item.key)) as Pair<Scalar>[];
    const own = pairs.find((pair) => String(pair.key.value) === key && pair.key.source !== "<<");
    if (own) return own;
    const merged = pairs.filter((pair) => pair.key.source === "<<");
    const maps = merged.flatMap(({ value }) => {
        const from = resolved(value, document);
        return isSeq(from) ? from.items.map((item) => resolved(item, document)) : [from];
    });
    return maps.flatMap((from) => (isMap(from) ? (pairOf(from, key, document) ?? []) : []))[0];
}

function resolved(node: unknown, document: Document.Parsed): unknown {
    const alias = node as { resolve?: (document: Document.Parsed) => unknown } | null;
    return typeof alias?.resolve === "function" ? alias.resolve(document) : node;
}
