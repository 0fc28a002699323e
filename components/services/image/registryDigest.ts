import { userError } from "../../userError";
import { parseImageReference } from "./imageReference";
import { HUB, isHub } from "./dockerHub";
import { type Failure, RegistryClient } from "./registryClient";
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
    const tag = image.tag ?? "latest";
    const answer = await firstAnswer(image.repository, options, (client, repository) => client.digest(repository, tag));
    if ("digest" in answer) return answer.digest;
    throw userError(
        `What ${reference} stands for now (pull_policy: always) cannot be asked: ${answer.failure}. ` +
            "Mend that, or write pull_policy: missing, or name a digest",
    );
}

/**
 * Asks the registry for which architectures an image is.
 *
 * @returns those of its Linux images, in Docker's words (`amd64`), or why that is not known
 */
export async function resolveArchitectures(
    reference: string,
    options: DigestOptions,
): Promise<{ architectures: string[] } | Failure> {
    const image = parseImageReference(reference);
    if (!image) return { failure: `${reference} is not an image reference` };
    const wanted = image.digest ?? image.tag ?? "latest";
    return firstAnswer(image.repository, options, (client, name) => client.architectures(name, wanted));
}

/** The first answer of the registries that may have a repository, or all failures in one line. */
async function firstAnswer<Answer extends object>(
    written: string,
    options: DigestOptions,
    ask: (client: RegistryClient, repository: string) => Promise<Answer | Failure>,
): Promise<Answer | Failure> {
    const { host, repository } = placeOf(written);
    const failures: string[] = [];
    const own = Object.entries(options.credentials).find(([name]) => name === host || (isHub(name) && isHub(host)));
    // The engine goes on to the next, whatever a mirror says.
    const mirrors = isHub(host) ? options.mirrors : [];
    const places = [
        ...mirrors.map((url) => ({ url, credentials: options.credentials[new URL(url).host] })),
        { url: registryUrl(host), credentials: own?.[1] },
    ];
    for (const place of places) {
        const answer = await ask(new RegistryClient({ ...options, ...place }), repository);
        if (!("failure" in answer)) return answer;
        failures.push(answer.failure);
    }
    return { failure: failures.join("; ") };
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
