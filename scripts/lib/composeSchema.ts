import { parse } from "yaml";
import { type KeyTable, fileKeys, isSupported } from "../../components/services/compose/keys";

type JsonSchema = Record<string, unknown>;

/** The sections that the config may have, as JSON schema: what each key is for, for editors. The program checks more. */
export function sectionSchemas(): Record<string, JsonSchema> {
    const sections = ["services", "networks", "volumes", "configs"] as const;
    return Object.fromEntries(
        sections.map((section) => {
            const { supported, each } = fileKeys[section];
            return [section, { description: supported, type: "object", additionalProperties: mapSchema(each) }];
        }),
    );
}

/** A map of the table's keys. Where Compose takes something shorter in its place, that passes: it is no map. */
function mapSchema(table: KeyTable): JsonSchema {
    const supported = Object.entries(table).flatMap(([key, entry]) => (isSupported(entry) ? [{ key, entry }] : []));
    return {
        properties: Object.fromEntries(
            supported.map(({ key, entry }) => {
                const inner = entry.each && mapSchema(entry.each);
                return [
                    key,
                    {
                        description: entry.supported,
                        examples: [parse(entry.example) as unknown],
                        ...(entry.keys && mapSchema(entry.keys)),
                        ...(inner && { items: inner, additionalProperties: inner }),
                    },
                ];
            }),
        ),
        patternProperties: { "^x-": {} },
        additionalProperties: false,
    };
}
