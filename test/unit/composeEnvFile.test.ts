import { parseEnvFile, parseRawEnvFile } from "../../components/services/compose/envFile";
import type { Variables } from "../../components/services/compose/interpolation";

const variables: Variables = (name) => {
    if (name === "SHELL_SET") return { value: "shell", origin: "outside" };
    return name === "SECRET" ? { value: "hunter2", origin: "secret" } : undefined;
};
const valuesOf = (text: string) => Object.fromEntries(parseEnvFile(text, variables).values);

test.each([
    ["A=1", "1"],
    ["A = 1", "1"],
    ["A: 1", "1"],
    ["export A=1", "1"],
    ["\uFEFFA=1", "1"],
    ["A=1\r", "1"],
    ["A=", ""],
    ["A=a b  ", "a b"],
    ["A=a=b", "a=b"],
    ["A=a # comment", "a"],
    ["A=a#b", "a#b"],
    ['A="a # b" # comment', "a # b"],
    ["A='a # b'", "a # b"],
    ['A="a\\nb\\t\\"c\\" \\\\ \\$x"', 'a\nb\t"c" \\ $x'],
    ["A='a\\nb $SHELL_SET'", "a\\nb $SHELL_SET"],
    ["A='it\\'s'", "it's"],
    ['A="two\nlines"', "two\nlines"],
    ["A='two\nlines'", "two\nlines"],
    ["A=$SHELL_SET ${NO:-d}", "shell d"],
    ['A="$SHELL_SET"', "shell"],
    ["B=b\nA=$B$B", "bb"],
    ["SHELL_SET=file\nA=$SHELL_SET", "shell"],
    ["A=1\nA=2", "2"],
    ["# A=2\n\n  A=1", "1"],
    ["A=http://u:p@h/?a=b&c", "http://u:p@h/?a=b&c"],
])("%j gives A the value %j", (text, value) => {
    expect(valuesOf(text).A).toBe(value);
});

test("a name alone is there without a value", () => {
    expect(valuesOf("A\nB=1\n")).toEqual({ A: undefined, B: "1" });
});

test.each([
    ["A=1\nno line\n", "2: not NAME=value"],
    ["A=1\n=2\n", "2: not NAME=value"],
    ['\nA="open\nmore', "2: the quote of A is never closed"],
    ["A=${x", /^1: .*never closed/],
])("%j is a mistake with its line, and shows no value", (text, message) => {
    const { mistakes } = parseEnvFile(text, variables);
    expect(mistakes).toEqual([typeof message === "string" ? message : expect.stringMatching(message)]);
});

test("every mistake is named, and the lines after one are still read", () => {
    const { mistakes, values } = parseEnvFile("a b\nA=1\nc d\n", variables);
    expect(mistakes).toHaveLength(2);
    expect(values.get("A")).toBe("1");
});

test("values that hold a secret are known", () => {
    const { secrets } = parseEnvFile("A=x$SECRET\nB=$A\nC=$SHELL_SET\n", variables);
    expect([...secrets]).toEqual(["A", "B"]);
});

test("raw values are taken as they stand", () => {
    const { values, mistakes } = parseRawEnvFile('A="a" # b\nB=$SHELL_SET \n# C=1\nD\n');
    expect(Object.fromEntries(values)).toEqual({ A: '"a" # b', B: "$SHELL_SET ", D: undefined });
    expect(mistakes).toEqual([]);
});
