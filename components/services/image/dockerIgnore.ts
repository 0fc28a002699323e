import dockerignore from "@balena/dockerignore";
import type { ContentOptions } from "../files";

/**
 * What a `.dockerignore` leaves out of a build.
 *
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function dockerIgnore(text: string): Pick<ContentOptions, "ignore" | "enterIgnored"> {
    const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
    // These have no meaning in a pattern, but the library would take them as a regular expression's.
    const patterns = lines.map((line) => line.replace(/(?<!\\)(?:[+(){}|]|(?<!\[)\^)/g, "\\$&"));
    const matcher = dockerignore({ ignorecase: false }).add(patterns);
    const exceptions = lines.flatMap((line) => {
        const [, pattern] = /^\s*!\s*\/?(.*?)\/?\s*$/.exec(line) ?? [];
        return pattern === undefined ? [] : [pattern.replace(/^(\.\/)+/, "")];
    });
    return {
        ignore: (relative) => matcher.ignores(relative),
        enterIgnored: (relative) =>
            exceptions.some((pattern) => /[*?[\\]/.test(pattern) || `${pattern}/`.startsWith(`${relative}/`)),
    };
}
