import type { ProjectFiles } from "./projectFiles";
import { Wrong } from "./schema/values";

/** Profiles that the engine knows by name. */
const BY_NAME = ["unconfined", "builtin"];

/**
 * `security_opt`, the file of a seccomp profile read: the engine takes the profile, not its path.
 *
 * @returns the options, and what is wrong with them by their place in the list
 */
export function securityOptions(
    written: string[],
    files: ProjectFiles,
): { options: string[]; mistakes: { at: number; message: string }[] } {
    const mistakes: { at: number; message: string }[] = [];
    const options = written.map((option, at) => {
        const [, file] = /^seccomp[=:](.+)$/.exec(option) ?? [];
        if (file === undefined || BY_NAME.includes(file)) return option;
        const profile = readProfile(file, files);
        if (!(profile instanceof Wrong)) return `seccomp=${profile}`;
        mistakes.push({ at, message: profile.message });
        return option;
    });
    return { options, mistakes };
}

function readProfile(file: string, files: ProjectFiles): string | Wrong {
    const content = files.content(file);
    if (content instanceof Wrong) return content;
    try {
        return JSON.stringify(JSON.parse(content.toString("utf8")));
    } catch {
        return new Wrong(`${file} is not JSON; write a seccomp profile, or seccomp=unconfined`);
    }
}
