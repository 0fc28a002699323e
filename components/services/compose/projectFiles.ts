import * as fs from "node:fs";
import * as path from "node:path";
import { type EnvFile, parseEnvFile, parseRawEnvFile } from "./envFile";
import type { Variables } from "./interpolation";
import type { BindSource } from "./project";
import type { EnvFileEntry } from "./schema/lifecycle";
import { Wrong } from "./schema/values";

/** The files beside a Compose file. */
export class ProjectFiles {
    /** @param directory that relative paths begin at, absolute */
    constructor(private readonly directory: string) {}

    absolute(file: string): string {
        return path.resolve(this.directory, file);
    }

    /** What a bind mount with this source shows. */
    bindSource(source: string, create: boolean): BindSource | Wrong {
        if (source.startsWith("/")) return { at: "host", path: path.posix.normalize(source), create };
        const name = path.posix.normalize(source).replace(/(.)\/$/, "$1");
        if (source.startsWith("~")) return { at: "kept", name };
        const absolute = this.absolute(source);
        if (fs.existsSync(absolute)) return { at: "project", path: absolute, name };
        return create ? { at: "kept", name } : new Wrong(`there is no ${source} beside the file`);
    }

    /** The content of a file. */
    content(file: string): Buffer | Wrong {
        try {
            return fs.readFileSync(this.absolute(file));
        } catch (error) {
            return new Wrong(describe(file, error));
        }
    }

    /** The folder of a build, and the file that says how. */
    folder(file: string): string | Wrong {
        const absolute = this.absolute(file);
        const stat = fs.statSync(absolute, { throwIfNoEntry: false });
        return stat?.isDirectory() ? absolute : new Wrong(`there is no folder ${file}`);
    }

    /** undefined where the file is missing and need not be there. */
    envFile({ path: file, required, raw }: EnvFileEntry, variables: Variables): EnvFile | undefined | Wrong {
        if (!required && !fs.existsSync(this.absolute(file))) return undefined;
        const content = this.content(file);
        if (content instanceof Wrong) return content;
        const text = content.toString("utf8");
        const read = raw ? parseRawEnvFile(text) : parseEnvFile(text, variables);
        const [first] = read.mistakes;
        return first === undefined ? read : new Wrong(`${file}:${read.mistakes.join(`; ${file}:`)}`);
    }
}

function describe(file: string, error: unknown): string {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return `there is no file ${file}`;
    if (code === "EISDIR") return `${file} is a folder, not a file`;
    return `${file} cannot be read: ${code ?? String(error)}`;
}
