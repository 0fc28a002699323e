import * as fs from "node:fs";
import * as path from "node:path";

/** A place in a JSON document. */
export type Place = (string | number)[];

/** A state as Pulumi exported it, its secrets and long texts taken out. */
export function exportedState(name: "failed-start" | "ec2"): unknown {
    return JSON.parse(fs.readFileSync(path.join(__dirname, "../fixtures/state", `${name}.json`), "utf8"));
}

/**
 * Calls `look` once for each field of a document and each way in which it can be missing: null, absent, empty, and of
 * another type. The document is as it was afterwards.
 *
 * @param kindOf two fields of one kind are tried once: the same key of two resources of one type
 */
export function withoutEachField(
    document: unknown,
    look: (place: Place, how: string) => void,
    kindOf: (place: Place) => string,
): void {
    const seen = new Set<string>();
    const walk = (holder: unknown, place: Place): void => {
        if (typeof holder !== "object" || holder === null) return;
        const record = holder as Record<string, unknown>;
        for (const key of Object.keys(record)) {
            const here = [...place, Array.isArray(holder) ? Number(key) : key];
            const before = record[key];
            walk(before, here);
            const kind = kindOf(here);
            if (seen.has(kind)) continue;
            seen.add(kind);
            const ways: [string, unknown][] = [
                ["null", null],
                ["of another type", typeof before === "string" ? 7 : "7"],
            ];
            if (!Array.isArray(holder)) ways.push(["absent", undefined]);
            if (typeof before === "string") ways.push(["empty", ""]);
            if (typeof before === "object" && before !== null) ways.push(["empty", Array.isArray(before) ? [] : {}]);
            for (const [how, value] of ways) {
                if (how === "absent") delete record[key];
                else record[key] = value;
                look(here, how);
                record[key] = before;
            }
        }
    };
    walk(document, []);
}
