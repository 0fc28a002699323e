import { parse } from "yaml";
import { type KeyTable, fileKeys, isSupported } from "../../components/services/compose/keys";
import { readSections } from "../../components/services/compose/readSections";

/** What the schemas say of sections that the table of keys has not looked at. */
const schemaMistakes = (sections: Record<string, unknown>) =>
    readSections({ services: { web: { image: "nginx" } }, ...sections }, [], () => false).mistakes.map(
        (m) => m.message,
    );

const UNKNOWN = /unrecognized key/i;

interface Case {
    at: string;
    isKnown: boolean;
    sections: Record<string, unknown>;
}

/** Every key of a table, alone in an entry that `wrap` puts into a section. */
function cases(table: KeyTable, at: string, wrap: (entry: Record<string, unknown>) => Record<string, unknown>): Case[] {
    return Object.entries(table).flatMap(([key, entry]) => {
        const place = `${at}.${key}`;
        if (!isSupported(entry)) return [{ at: place, isKnown: false, sections: wrap({ [key]: "x" }) }];
        const example: unknown = parse(entry.example);
        const inside = (value: unknown) => wrap({ [key]: value });
        const { each } = entry;
        const asMap = ["networks", "depends_on", "ulimits"].includes(key);
        return [
            { at: place, isKnown: true, sections: inside(example) },
            ...(entry.keys ? cases(entry.keys, place, inside) : []),
            ...(each ? cases(each, `${place}.*`, (item) => inside(asMap ? { name: item } : [item])) : []),
        ];
    });
}

const sections = ["services", "networks", "volumes", "configs", "secrets"] as const;
const all = sections.flatMap((section) =>
    cases(fileKeys[section].each, section, (entry) => ({
        [section]: { it: section === "services" ? { image: "nginx", ...entry } : entry },
    })),
);

test.each(all.filter(({ isKnown }) => isKnown))("$at: the schema knows what the table supports", ({ sections }) => {
    expect(schemaMistakes(sections).filter((message) => UNKNOWN.test(message))).toEqual([]);
});

// What the table refuses by its place in a map that the schema reads as a whole.
test.each(all.filter(({ isKnown }) => !isKnown))(
    "$at: the schema does not know what the table refuses",
    ({ sections }) => {
        expect(schemaMistakes(sections).length).toBeGreaterThan(0);
    },
);

const examples = Object.entries(fileKeys.services.each).flatMap(([key, entry]) =>
    isSupported(entry) ? [[key, entry.example] as const] : [],
);

test.each(examples)("%s: the example %s is right", (key, example) => {
    expect(schemaMistakes({ services: { web: { image: "nginx", [key]: parse(example) as unknown } } })).toEqual([]);
});
