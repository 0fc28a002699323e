import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { proxyKeys } from "../../components/proxy";
import { root } from "./paths";

/** What people read of sites. Its tables are written from the config's schema, the rest by hand. */
export const siteDocsFile = path.join(root, "docs/sites.md");

const TABLES = /<!-- keys of (sites|proxy) -->\n[^]*?<!-- end -->/g;

/** docs/sites.md with its tables as the schema has them. */
export function siteDocs(): string {
    const text = fs.readFileSync(siteDocsFile, "utf8");
    return text.replace(TABLES, (_all, section: keyof typeof proxyKeys) => {
        const schema = z.toJSONSchema(proxyKeys[section], { io: "input", unrepresentable: "any" }) as Schema;
        const keys = section === "sites" ? schema.additionalProperties : schema;
        const rows = keyRows(keys?.properties ?? {}, "");
        const lines = ["| key | what it does |", "| --- | --- |", ...rows.map((row) => `| ${row.join(" | ")} |`)];
        return `<!-- keys of ${section} -->\n\n${lines.join("\n")}\n\n<!-- end -->`;
    });
}

interface Schema {
    description?: string;
    default?: unknown;
    properties?: Record<string, Schema>;
    additionalProperties?: Schema;
}

/** The keys and those below them: `tls.redirect`. */
function keyRows(properties: Record<string, Schema>, above: string): [string, string][] {
    return Object.entries(properties).flatMap(([name, { description = "", default: byDefault, ...below }]) => {
        const isPlain = ["string", "number", "boolean"].includes(typeof byDefault);
        const says = isPlain ? `${description} Default: \`${String(byDefault)}\`` : description;
        const key = above + name;
        return [[`\`${key}\``, says] as [string, string], ...keyRows(below.properties ?? {}, `${key}.`)];
    });
}
