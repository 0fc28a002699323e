import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { userError } from "../../userError";
import type { BuildSpec } from "../compose";
import { type ContentEntry, type LocalContent, contentOf, readEntries, textEntry } from "../files";
import { dockerIgnore } from "./dockerIgnore";

/** Bytes of a build's local folders, at most: 1 GB. */
const CONTEXT_LIMIT = 1024 * 1024 * 1024;

/** A build as the host gets it. */
export interface Build {
    /** The local folders and the Dockerfile, where there are any. */
    content?: LocalContent;
    /** What `docker buildx build` is given, in a folder with the content; secrets and the tag come on top. */
    words: string[];
    /** Tells this build from any other: SHA-256 in hexadecimal digits over the content and the words. */
    key: string;
}

/**
 * Reads what a build takes from this computer.
 *
 * The host's folder holds `context`, `contexts/NUMBER` for each further local one, and `Dockerfile`, which BuildKit reads
 * apart from the context: it may be left out of that, or lie elsewhere.
 *
 * @param platform where the build names none
 * @throws userError for folders and files that cannot be read
 */
export function readBuild(build: BuildSpec, platform?: string): Build {
    const entries: ContentEntry[] = [];
    const words = buildWords(build, platform);
    const dockerfile = dockerfileOf(build);
    if (dockerfile) {
        entries.push(textEntry("Dockerfile", dockerfile.content));
        // What it leaves out stays on this computer: on the host nothing is to be left out again.
        entries.push(textEntry("Dockerfile.dockerignore", Buffer.alloc(0)));
        words.push("--file", "remote" in build.context ? "-" : "Dockerfile");
    } else if (build.dockerfile !== undefined) {
        words.push("--file", build.dockerfile);
    }
    const contexts = Object.entries(build.additional_contexts).sort(([a], [b]) => (a < b ? -1 : 1));
    contexts.forEach(([name, context], i) => {
        const folder = `contexts/${i}`;
        if ("local" in context) entries.push(...contextEntries(folder, context.local));
        words.push("--build-context", `${name}=${"local" in context ? folder : context.remote}`);
    });
    if ("local" in build.context) {
        entries.push(...contextEntries("context", build.context.local, dockerfile?.ignoreFile));
    }
    words.push("local" in build.context ? "context" : build.context.remote);
    const content =
        entries.length > 0 ? contentOf("build", [{ type: "folder", name: ".", mode: 0o755 }, ...entries]) : undefined;
    const parts = [content?.hash, words, Object.keys(build.secrets).sort()];
    return { content, words, key: createHash("sha256").update(JSON.stringify(parts)).digest("hex") };
}

/** Options that say nothing of files on this computer, in an order that does not depend on that in the Compose file. */
function buildWords(build: BuildSpec, platform?: string): string[] {
    const each = (option: string, values: string[]) => values.flatMap((value) => [option, value]);
    const pairs = (values: Record<string, string>) =>
        Object.entries(values)
            .map(([name, value]) => `${name}=${value}`)
            .sort();
    const platforms = build.platforms.length > 0 ? build.platforms : platform === undefined ? [] : [platform];
    const ulimits = Object.entries(build.ulimits).map(([name, { soft, hard }]) => [name, `${soft}:${hard}`]);
    return [
        ...each("--build-arg", pairs(build.args)),
        ...each("--target", build.target === undefined ? [] : [build.target]),
        ...each("--label", pairs(build.labels)),
        ...each("--network", build.network === undefined ? [] : [build.network]),
        ...each(
            "--add-host",
            build.extra_hosts.map(({ host, ip }) => `${host}=${ip}`),
        ),
        ...each("--cache-from", build.cache_from),
        ...each("--shm-size", build.shm_size === undefined ? [] : [String(build.shm_size)]),
        ...each("--platform", platforms.length > 0 ? [platforms.join(",")] : []),
        ...each("--ulimit", pairs(Object.fromEntries(ulimits) as Record<string, string>)),
        ...each("--tag", build.tags),
        ...(build.no_cache ? ["--no-cache"] : []),
        ...(build.pull ? ["--pull"] : []),
    ];
}

/**
 * The Dockerfile where it is known here, and the ignore file that belongs to it alone.
 *
 * @returns undefined where it lies in a repository that the host fetches
 */
function dockerfileOf(build: BuildSpec): { content: Buffer; ignoreFile?: string } | undefined {
    if (build.dockerfile_inline !== undefined) return { content: Buffer.from(build.dockerfile_inline) };
    if (!("local" in build.context)) return undefined;
    const file = path.resolve(build.context.local, build.dockerfile ?? defaultDockerfile(build.context.local));
    try {
        const ignoreFile = `${file}.dockerignore`;
        return { content: fs.readFileSync(file), ...(fs.existsSync(ignoreFile) && { ignoreFile }) };
    } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        const why = code === "ENOENT" ? "there is no such file" : String(error);
        throw userError(`The Dockerfile ${file} cannot be read: ${why}; name another one by build.dockerfile`);
    }
}

/** BuildKit takes `dockerfile` too where there is no `Dockerfile`. */
function defaultDockerfile(context: string): string {
    const names = fs.existsSync(context) ? fs.readdirSync(context) : [];
    return !names.includes("Dockerfile") && names.includes("dockerfile") ? "dockerfile" : "Dockerfile";
}

/** @param ignoreFile in the place of the folder's own .dockerignore */
function contextEntries(at: string, folder: string, ignoreFile?: string): ContentEntry[] {
    const file = ignoreFile ?? path.join(folder, ".dockerignore");
    const ignore = fs.existsSync(file) ? dockerIgnore(fs.readFileSync(file, "utf8")) : {};
    const remedy = `name what the build does not need in ${path.join(folder, ".dockerignore")}`;
    const entries = readEntries(folder, { ...ignore, limitBytes: CONTEXT_LIMIT, remedy });
    if (entries[0]?.type === "file") throw userError(`The build context ${folder} is a file; name the folder it is in`);
    return entries.map((entry) => ({ ...entry, name: entry.name === "." ? at : `${at}/${entry.name}` }));
}
