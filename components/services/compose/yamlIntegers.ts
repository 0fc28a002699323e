import type { ScalarTag } from "yaml";

/**
 * Integers as Compose's parser reads them, where YAML 1.2 reads something else: 0644 is octal, 0b11 binary, 1_000 a
 * thousand; and one that a double cannot hold stays as it is written.
 *
 * @see https://pkg.go.dev/gopkg.in/yaml.v3#readme-compatibility
 */
export const yamlIntegers: ScalarTag = {
    tag: "tag:yaml.org,2002:int",
    default: true,
    test: /^[-+]?(0b[01][01_]*|0[0-7_]+|[1-9][0-9_]*)$/,
    resolve: (text) => {
        const plain = text.replaceAll("_", "").replace(/^\+/, "");
        const value = Number(plain.replace(/^(-?)0(?=[0-7])/, "$10o").replace(/^-(?=0)/, ""));
        if (!Number.isSafeInteger(value)) return plain;
        return /^-0/.test(plain) ? -value : value;
    },
};
