import { userError } from "../../userError";
import { parseImageReference } from "./imageReference";
import { HUB, isHub } from "./dockerHub";
import { RegistryClient } from "./registryClient";
import type { Credentials } from "./registryCredentials";

export interface DigestOptions {
    /** Credentials by the registry's host. */
    credentials: Credentials;
    /** URLs that are asked before Docker Hub, in their order, as the engine does. */
    mirrors: string[];
    /** Default: the global one */
    fetch?: typeof fetch;
    /** Milliseconds for one registry. Default: 15 s */
    timeout?: number;
}

/**
 * Asks the registry what a tag stands for now. For an image of several platforms it is the digest of their index.
 *
 * @returns `sha256:` and 64 hexadecimal digits; that of the reference where it names one
 * @throws userError where no registry answers, does not know the image, or refuses it
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md
 */
export async function resolveDigest(reference: string, options: DigestOptions): Promise<string> {
    const image = parseImageReference(reference);
    if (!image) throw userError(`${reference} is not an image reference`);
    if (image.digest) return image.digest;
    const { host, repository } = placeOf(image.repository);
    const ask = (url: string, credentials: Credentials[string] | undefined) =>
        new RegistryClient({ ...options, url, credentials }).digest(repository, image.tag ?? "latest");

    const failures: string[] = [];
    if (isHub(host)) {
        // The engine goes on to the next, whatever a mirror says.
        for (const mirror of options.mirrors) {
            const answer = await ask(mirror, options.credentials[new URL(mirror).host]);
            if ("digest" in answer) return answer.digest;
            failures.push(answer.failure);
        }
    }
    const own = Object.entries(options.credentials).find(([name]) => name === host || (isHub(name) && isHub(host)));
    const answer = await ask(registryUrl(host), own?.[1]);
    if ("digest" in answer) return answer.digest;
    failures.push(answer.failure);
    throw userError(
        `What ${reference} stands for now (pull_policy: always) cannot be asked: ${failures.join("; ")}. ` +
            "Mend that, or write pull_policy: missing, or name a digest",
    );
}

/** Registry and path of a repository as it is written: `nginx` is `library/nginx` of Docker Hub. */
export function placeOf(repository: string): { host: string; repository: string } {
    const [first = "", ...rest] = repository.split("/");
    if (rest.length === 0) return { host: HUB, repository: `library/${repository}` };
    if (!/[.:]/.test(first) && first !== "localhost") return { host: HUB, repository };
    const path = rest.join("/");
    return { host: first, repository: isHub(first) && rest.length === 1 ? `library/${path}` : path };
}

/** The engine takes plain HTTP from loopback. */
function registryUrl(host: string): string {
    const isLoopback = /^(localhost|127(\.\d+){3})(:\d+)?$/.test(host);
    return `${isLoopback ? "http" : "https"}://${host}`;
}
