import * as path from "node:path/posix";

/**
 * Where everything that a stack has brought to a host lies: files for containers, and nothing else. Beside Docker's own
 * data, so that it lives and dies with it. Only root may enter: the engine mounts from it.
 *
 * @param prefix `PROJECT-STACK`, which tells stacks on one host apart
 */
export function hostFolder(prefix: string, ...below: string[]): string {
    return path.join("/var/lib/docker/berth", prefix, ...below);
}

/**
 * The folder, or file, that the host keeps for a relative path of the project: containers write there, and what they
 * wrote stays when the service changes. A path inside of another one is inside of its folder too.
 *
 * @param name the relative path, such as `data`, `./data/sub`, `../shared` or `~/media`
 */
export function keptPath(prefix: string, name: string): string {
    const segments = name.split("/").filter((segment) => segment !== "" && segment !== ".");
    return hostFolder(prefix, "kept", ...segments.map((s) => (s === ".." ? "%2E%2E" : plainName(s))));
}

/** A file name that is the same for every shell and for `SOURCE:TARGET`; different for different names. */
export function plainName(name: string): string {
    return encodeURIComponent(name).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}
