import * as fc from "fast-check";
import { stringify } from "yaml";
import { type ReadContext, readProject } from "../../components/services/compose";
import { fileKeys } from "../../components/services/compose/keys";
import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();
const SECRET = "hunter2-of-the-stack";
const SHELL = "hunter3-of-the-shell";

const context: ReadContext = {
    secrets: { STACK: SECRET },
    environment: { SHELL },
    profiles: [],
    projectName: "shop-dev",
};

/** Values that Compose files are made of, right and wrong ones, in each other to some depth. */
const leaf = fc.oneof(
    fc.constantFrom<unknown>(null, true, false, 0, -1, 80, 0.5, "", "80:80", "./a:/b", "1m30s", "64m", "all", "a=b"),
    fc.constantFrom("host", "service:web", "/dev/a:/b", "~/x:/y", "$STACK", "${SHELL:?$STACK}", "x${STACK:-a}", "${"),
    fc.string({ maxLength: 8 }),
    fc.double(),
);
const value = (keys: string[]) =>
    fc.letrec<{ node: unknown }>((tie) => ({
        node: fc.oneof(
            { maxDepth: 3, withCrossShrink: true },
            { weight: 3, arbitrary: leaf },
            { weight: 1, arbitrary: fc.array(tie("node"), { maxLength: 3 }) },
            {
                weight: 1,
                arbitrary: fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string({ maxLength: 5 })), tie("node"), {
                    maxKeys: 3,
                }),
            },
        ),
    })).node;

const entry = (table: Record<string, unknown>) => {
    const keys = Object.keys(table);
    return fc.dictionary(fc.constantFrom(...keys), value(["source", "target", "type", "test", "name", ...keys]), {
        maxKeys: 4,
    });
};
const project = fc.record(
    {
        services: fc.dictionary(
            fc.constantFrom("web", "db", "constructor", "__proto__"),
            fc.oneof(
                { weight: 9, arbitrary: entry(fileKeys.services.each).map((keys) => ({ image: "nginx", ...keys })) },
                { weight: 1, arbitrary: leaf },
            ),
            { maxKeys: 3 },
        ),
        networks: fc.oneof(leaf, fc.dictionary(fc.constantFrom("default", "back"), entry(fileKeys.networks.each))),
        volumes: fc.oneof(leaf, fc.dictionary(fc.constantFrom("data", "a"), entry(fileKeys.volumes.each))),
        configs: fc.oneof(leaf, fc.dictionary(fc.constantFrom("site", "a"), entry(fileKeys.configs.each))),
        secrets: fc.oneof(leaf, fc.dictionary(fc.constantFrom("key", "STACK"), entry(fileKeys.secrets.each))),
    },
    { requiredKeys: ["services"] },
);

function check(result: ReturnType<typeof readProject>): void {
    const lines = "errors" in result ? result.errors : result.warnings;
    if ("errors" in result) expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
        expect(line).not.toContain(SECRET);
        expect(line).not.toMatch(/invalid input|unrecognized|\[object|undefined/i);
    }
}

test("whatever the config says, it is read, or its mistakes are named without a secret", () => {
    fc.assert(
        fc.property(project, (sections) => {
            check(readProject({ kind: "config", sections, directory: folder.path }, context));
        }),
        { numRuns: 200 },
    );
});

test("whatever a file says, it is read, or each mistake is named with its line", () => {
    fc.assert(
        fc.property(project, (sections) => {
            const result = folder.result(stringify(sections), context);
            check(result);
            if ("errors" in result)
                for (const line of result.errors) expect(line).toMatch(/^compose\.yaml(:\d+:\d+)?: /);
        }),
        { numRuns: 50 },
    );
});

test("whatever stands in a file, YAML or not, reading it does not break off", () => {
    const words = fc.constantFrom(
        "services:",
        "web:",
        "image: a",
        "- ",
        "  ",
        "\n",
        "\n  ",
        "<<: *a",
        "&a ",
        "*a",
        "!x ",
        "{",
        "}",
        "? ",
        '"',
        "|\n",
        "---\n",
        "#",
    );
    fc.assert(
        fc.property(fc.array(fc.oneof(words, fc.string({ maxLength: 3 })), { maxLength: 20 }), (parts) => {
            check(folder.result(parts.join(""), context));
        }),
        { numRuns: 200 },
    );
});

test("whatever stands in .env and env files, reading them does not break off, and shows no value", () => {
    const words = fc.constantFrom(
        "A=",
        "B=",
        "export ",
        "\n",
        '"',
        "'",
        "$",
        "${",
        "}",
        "$STACK",
        "$SHELL",
        "#",
        "\\",
        ":?",
        " ",
    );
    fc.assert(
        fc.property(fc.array(fc.oneof(words, fc.constant("hunter4")), { maxLength: 15 }), (parts) => {
            folder.write(".env", parts.join(""));
            folder.write("a.env", parts.join(""));
            const result = folder.result("services: { web: { image: a, env_file: a.env } }", context);
            check(result);
            const lines = "errors" in result ? result.errors : [];
            for (const line of lines) expect(line.replace(/the quote of \S+ is/, "")).not.toMatch(/hunter3/);
        }),
        { numRuns: 150 },
    );
});
