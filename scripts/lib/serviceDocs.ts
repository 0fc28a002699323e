import * as fs from "node:fs";
import * as path from "node:path";
import { type KeyTable, fileKeys, isSupported } from "../../components/services/compose/keys";
import { root } from "./paths";

/** What people read of services. Its tables are written from the code's own, the rest by hand. */
export const serviceDocsFile = path.join(root, "docs/services.md");

const TABLES = /<!-- keys of ([a-z]+) -->\n[^]*?<!-- end -->/g;

/** docs/services.md with its tables as the code has them. */
export function serviceDocs(): string {
    const text = fs.readFileSync(serviceDocsFile, "utf8");
    return text.replace(TABLES, (_all, section: string) => {
        const isFile = section === "file";
        const table = isFile ? fileKeys : sectionKeys(section);
        return `<!-- keys of ${section} -->\n\n${tables(table, isFile)}\n\n<!-- end -->`;
    });
}

function sectionKeys(section: string): KeyTable {
    const entry = Object.entries<KeyTable[string]>(fileKeys).find(([key]) => key === section)?.[1];
    return (entry && isSupported(entry) ? entry.each : undefined) ?? {};
}

interface Row {
    key: string;
    says: string;
    example: string;
}

/** @param flat whether the keys below each one are described elsewhere */
function tables(table: KeyTable, flat: boolean): string {
    const { supported, refused } = rows(table, flat);
    const cell = (text: string) => text.replace(/\|/g, "\\|");
    const line = (...cells: string[]) => `| ${cells.map(cell).join(" | ")} |`;
    const parts = [
        [
            line("key", "what it does", "example"),
            line("---", "---", "---"),
            ...supported.map(({ key, says, example }) => line(`\`${key}\``, says, `\`${example}\``)),
        ],
    ];
    if (refused.length > 0) {
        parts.push(
            ["Not supported, and an error:"],
            [
                line("key", "why, and what to write instead"),
                line("---", "---"),
                ...refused.map(({ key, says }) => line(`\`${key}\``, says)),
            ],
        );
    }
    return parts.map((lines) => lines.join("\n")).join("\n\n");
}

/** Keys in the order of the alphabet, those below another one after it: `ports[].host_ip`, `deploy.resources`. */
function rows(table: KeyTable, flat: boolean, above = ""): { supported: Row[]; refused: Omit<Row, "example">[] } {
    const supported: Row[] = [];
    const refused: Omit<Row, "example">[] = [];
    for (const [name, entry] of Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1))) {
        const key = above + name;
        if (!isSupported(entry)) {
            refused.push({ key, says: entry.refused });
            continue;
        }
        supported.push({ key, says: entry.supported, example: entry.example });
        const below = flat
            ? []
            : [entry.keys && rows(entry.keys, flat, `${key}.`), entry.each && rows(entry.each, flat, `${key}.*.`)];
        for (const inner of below) {
            supported.push(...(inner?.supported ?? []));
            refused.push(...(inner?.refused ?? []));
        }
    }
    return { supported, refused };
}
