import * as fs from "node:fs";
import * as path from "node:path";
import { z } from "zod";
import { configSchema } from "../../components/config";
import { sectionSchemas } from "./composeSchema";
import { root } from "./paths";
import { serviceDocs, serviceDocsFile } from "./serviceDocs";
import { siteDocs, siteDocsFile } from "./siteDocs";

/** The JSON schema that editors and people read. */
export const schemaFile = path.join(root, "docs/config.schema.json");

/** What may stand below `config:` in a stack's file, as JSON schema. Its keys carry the namespace there. */
export function configJsonSchema(): string {
    const { properties, required, ...rest } = z.toJSONSchema(configSchema, { io: "input", unrepresentable: "any" });
    const all = { ...properties, ...sectionSchemas() };
    const named = Object.fromEntries(Object.entries(all).map(([key, value]) => [`berth:${key}`, value]));
    const config = {
        ...rest,
        $schema: undefined,
        properties: named,
        required: required?.map((key) => `berth:${key}`),
        additionalProperties: true,
    };
    const schema = {
        $schema: rest.$schema,
        title: "Pulumi.<stack>.yaml of Berth",
        type: "object",
        properties: { config },
    };
    return `${JSON.stringify(schema, null, 4)}\n`;
}

if (require.main === module) {
    fs.writeFileSync(schemaFile, configJsonSchema());
    fs.writeFileSync(serviceDocsFile, serviceDocs());
    fs.writeFileSync(siteDocsFile, siteDocs());
}
