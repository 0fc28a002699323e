import * as fc from "fast-check";
import { type Variables, interpolate } from "../../components/services/compose/interpolation";

const values: Record<string, string> = { SET: "set", EMPTY: "", DOLLAR: "$SET" };
const variables: Variables = (name) => {
    const value = values[name];
    return value === undefined ? undefined : { value, origin: "outside" };
};

function filled(text: string): string {
    const { value, mistakes } = interpolate({ key: text }, variables);
    if (mistakes[0]) throw new Error(mistakes[0].message);
    return (value as { key: string }).key;
}

test.each([
    ["$SET", "set"],
    ["${SET}", "set"],
    ["a${SET}b", "asetb"],
    ["$SET-b $SET.c", "set-b set.c"],
    ["$SET$SET", "setset"],
    ["$UNSET|${UNSET}", "|"],
    ["${UNSET:-d}${EMPTY:-d}${SET:-d}", "ddset"],
    ["${UNSET-d}${EMPTY-d}${SET-d}", "dset"],
    ["${UNSET:+r}${EMPTY:+r}${SET:+r}", "r"],
    ["${UNSET+r}${EMPTY+r}${SET+r}", "rr"],
    ["${SET:?no}${SET?no}${EMPTY?no}", "setset"],
    ["${UNSET:-${EMPTY:-$SET}}z", "setz"],
    ["${UNSET:-a b:c-d?e}", "a b:c-d?e"],
    ["${UNSET:-}", ""],
    ['${UNSET:-{"a":{}}}', '{"a":{}}'],
    ["${UNSET:-a{b}c", "a{bc"],
    ["${SET:-}}", "set}"],
    ["$$SET $${SET} $$$SET", "$SET ${SET} $set"],
    ["${UNSET:-$$x}", "$x"],
    ["$ $1 a$ $-", "$ $1 a$ $-"],
    ["${DOLLAR}", "$SET"],
])("%s is filled in as %s", (text, expected) => {
    expect(filled(text)).toBe(expected);
});

test.each([
    ["${SET", /never closed/],
    ["${}", /is not a variable/],
    ["${ SET }", /is not a variable/],
    ["${1}", /is not a variable/],
    ["${SET/a/b}", /is not a variable/],
    ["${UNSET:?say $SET}", /the variable UNSET is missing: say \$SET; set it in your shell/],
    ["${EMPTY:?}", /the variable EMPTY is missing; /],
    ["${UNSET?x}", /UNSET is missing: x/],
])("%s is a mistake", (text, message) => {
    expect(() => filled(text)).toThrow(message);
});

test("a text in which each dollar is doubled comes out as it was", () => {
    fc.assert(
        fc.property(fc.string({ unit: fc.constantFrom("$", "{", "}", "A", "-", ":", " ", "ä") }), (text) => {
            expect(filled(text.replaceAll("$", "$$$$"))).toBe(text);
        }),
    );
});

/** An expression, and what it comes to. */
const expression = fc.letrec<{ any: [string, string] }>((tie) => ({
    any: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc
            .string({ unit: fc.constantFrom("a", " ", ":", "-", "?", "/") })
            .map((text): [string, string] => [text, text]),
        fc.constantFrom<[string, string]>(["$SET", "set"], ["${EMPTY}", ""], ["${UNSET}", ""], ["$$", "$"]),
        fc
            .tuple(tie("any"), fc.constantFrom("SET", "EMPTY", "UNSET"), fc.constantFrom(":-", "-", ":+", "+"))
            .map(([[text, value], name, operator]): [string, string] => {
                const own = values[name];
                const counts = operator.startsWith(":") ? Boolean(own) : own !== undefined;
                const isDefault = operator.endsWith("-");
                const result = isDefault ? (counts ? (own ?? "") : value) : counts ? value : "";
                return [`\${${name}${operator}${text}}`, result];
            }),
        fc.tuple(tie("any"), tie("any")).map(([a, b]): [string, string] => [`${a[0]} ${b[0]}`, `${a[1]} ${b[1]}`]),
    ),
})).any;

test("expressions in expressions come to what they say", () => {
    fc.assert(fc.property(expression, ([text, expected]) => expect(filled(text)).toBe(expected)));
});

test("values of maps and lists are filled in, keys and other types are not", () => {
    const given = { $SET: ["$SET", { deep: "${SET}" }], number: 5, yes: true, nothing: null };
    expect(interpolate(given, variables).value).toEqual({
        $SET: ["set", { deep: "set" }],
        number: 5,
        yes: true,
        nothing: null,
    });
});

test("it is known which names are not set, and which values came from elsewhere", () => {
    const { unset, origins } = interpolate({ a: ["$UNSET ${UNSET:-x}", "$SET"], b: "${MORE-y}" }, variables);
    expect([...unset]).toEqual(["UNSET"]);
    expect([...origins.keys()]).toEqual(['["a",1]']);
});
