import * as fs from "node:fs";
import * as path from "node:path";
import { parseEnvFile, valueIn } from "./envFile";
import type { Variables } from "./interpolation";
import { own } from "./own";

/**
 * The variables that a Compose file may use: of `berth:secrets`, of the shell, of the file `.env` in the project's
 * folder. The first that has one counts.
 *
 * @returns what is wrong with `.env` too, a line each
 */
export function projectVariables(
    from: { secrets: Record<string, string>; environment: NodeJS.ProcessEnv; projectName: string },
    directory: string,
): { variables: Variables; errors: string[] } {
    const given: Variables = (name) => {
        const secret = own(from.secrets, name);
        if (secret !== undefined) return { value: secret, origin: "secret" };
        if (name === "COMPOSE_PROJECT_NAME") return { value: from.projectName, origin: "outside" };
        const value = own(from.environment, name);
        return value === undefined ? undefined : { value, origin: "outside" };
    };
    const text = readEnvFile(directory);
    const file = parseEnvFile(text instanceof Error ? "" : text, given);
    const variables: Variables = (name) => given(name) ?? valueIn(file, name);
    return { variables, errors: text instanceof Error ? [text.message] : file.mistakes.map((line) => `.env:${line}`) };
}

function readEnvFile(directory: string): string | Error {
    try {
        return fs.readFileSync(path.join(directory, ".env"), "utf8");
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "ENOENT") return "";
        return new Error(`.env: it cannot be read (${code}); make it a file that is readable for yourself`);
    }
}
