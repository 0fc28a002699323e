import type { Credentials } from "./registryCredentials";

const TIMEOUT = 15_000;
/** All kinds of manifests that the engine knows: a registry converts to what is not named. */
const MANIFESTS = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
const DIGEST = /^sha256:[0-9a-f]{64}$/;

export interface RegistryClientOptions {
    /** `http(s)://HOST[:PORT]` */
    url: string;
    credentials?: Credentials[string];
    fetch?: typeof fetch;
    /** Milliseconds for all requests of one question. Default: 15 s */
    timeout?: number;
}

/** Why something is not known, for people. */
export interface Failure {
    failure: string;
}
type Answer = { digest: string } | Failure;

/** Of a manifest, or of an index of several. */
interface Manifest {
    manifests?: { platform?: { os?: string; architecture?: string } }[];
    config?: { digest?: string };
}

/** Asks one registry by its HTTP API. */
export class RegistryClient {
    private readonly host: string;
    private readonly url: string;

    constructor(private readonly options: RegistryClientOptions) {
        this.url = options.url.replace(/\/$/, "");
        this.host = new URL(options.url).host;
    }

    /** What a tag stands for now, or why that is not known, for people. */
    digest(repository: string, tag: string): Promise<Answer> {
        return this.inTime(async (signal) => {
            const response = await this.ask("HEAD", repository, `manifests/${tag}`, signal);
            if ("failure" in response) return response;
            const digest = response.headers.get("Docker-Content-Digest") ?? "";
            if (DIGEST.test(digest)) return { digest };
            return { failure: `${this.host} does not say the digest of ${repository}:${tag}` };
        });
    }

    /**
     * The architectures for which an image has Linux, in Docker's words (`amd64`), or why that is not known.
     *
     * @param reference a tag or a digest
     */
    architectures(repository: string, reference: string): Promise<{ architectures: string[] } | Failure> {
        return this.inTime(async (signal) => {
            const response = await this.ask("GET", repository, `manifests/${reference}`, signal);
            if ("failure" in response) return response;
            const { manifests, config } = (await response.json()) as Manifest;
            if (manifests) {
                const found = manifests.flatMap(({ platform }) =>
                    platform?.os === "linux" && platform.architecture ? [platform.architecture] : [],
                );
                return { architectures: [...new Set(found)] };
            }
            const described = await this.ask("GET", repository, `blobs/${config?.digest ?? "unknown"}`, signal);
            if ("failure" in described) return described;
            const { os, architecture } = (await described.json()) as { os?: string; architecture?: string };
            return { architectures: os === "linux" && architecture !== undefined ? [architecture] : [] };
        });
    }

    private async inTime<T>(work: (signal: AbortSignal) => Promise<T | Failure>): Promise<T | Failure> {
        const timeout = this.options.timeout ?? TIMEOUT;
        try {
            return await work(AbortSignal.timeout(timeout));
        } catch (error) {
            return { failure: `${this.host} cannot be reached (${reasonOf(error, timeout)})` };
        }
    }

    /** @param what `manifests/TAG` or `blobs/DIGEST` */
    private async ask(
        method: "GET" | "HEAD",
        repository: string,
        what: string,
        signal: AbortSignal,
    ): Promise<Response | Failure> {
        const request = (authorization?: string) =>
            this.fetch(`${this.url}/v2/${repository}/${what}`, {
                method,
                headers: { Accept: MANIFESTS.join(", "), ...(authorization && { Authorization: authorization }) },
                signal,
            });
        let response = await request();
        if (response.status === 401) {
            const authorization = await this.authorization(response, repository, signal);
            if (typeof authorization !== "string") return authorization;
            response = await request(authorization);
        }
        const failure = this.failureOf(response.status, repository, what.replace(/^[a-z]+\//, ""));
        return failure === undefined ? response : { failure };
    }

    private failureOf(status: number, repository: string, tag: string): string | undefined {
        if (status >= 200 && status < 300) return undefined;
        if (status === 404) return `${this.host} has no ${repository}:${tag}`;
        if (status === 429) return `${this.host} answers no more for now (429: too many requests)`;
        if (status === 401 || status === 403) return this.refusal(repository, status);
        return `${this.host} answers with status ${status}`;
    }

    private refusal(repository: string, status: number): string {
        const remedy = this.options.credentials
            ? "check its user and password under berth:registries"
            : "it may be private: give a user and a password under berth:registries, or it does not exist";
        return `${this.host} refuses ${repository} (${status}): ${remedy}`;
    }

    /** The header that the registry asks for. */
    private async authorization(response: Response, repository: string, signal: AbortSignal) {
        const challenge = response.headers.get("WWW-Authenticate") ?? "";
        if (/^bearer\b/i.test(challenge)) return this.token(challengeParameters(challenge), repository, signal);
        const basic = this.basic();
        return basic === undefined ? { failure: this.refusal(repository, 401) } : basic;
    }

    private async token(parameters: Record<string, string>, repository: string, signal: AbortSignal) {
        const { realm, service, scope = `repository:${repository}:pull` } = parameters;
        if (realm === undefined || !/^https?:/.test(realm)) {
            return { failure: `${this.host} does not say where it gives tokens` };
        }
        const url = new URL(realm);
        if (service !== undefined) url.searchParams.set("service", service);
        url.searchParams.set("scope", scope);
        const basic = this.basic();
        const response = await this.fetch(url, { headers: { ...(basic && { Authorization: basic }) }, signal });
        if (response.status === 401 || response.status === 403) {
            return { failure: this.refusal(repository, response.status) };
        }
        if (!response.ok) return { failure: `${url.host} gives no token (status ${response.status})` };
        const answer = (await response.json()) as { token?: string; access_token?: string };
        const token = answer.token ?? answer.access_token;
        return token === undefined ? { failure: `${url.host} gives no token` } : `Bearer ${token}`;
    }

    private basic(): string | undefined {
        const { credentials } = this.options;
        if (!credentials) return undefined;
        return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64")}`;
    }

    private fetch(url: string | URL, init: RequestInit): Promise<Response> {
        return (this.options.fetch ?? fetch)(url, init);
    }
}

/** `Bearer realm="https://…",service="…"`: names in small letters. */
function challengeParameters(challenge: string): Record<string, string> {
    const pairs = challenge.matchAll(/([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi);
    return Object.fromEntries(
        [...pairs].map(([, name = "", quoted, plain]) => [name.toLowerCase(), quoted ?? plain ?? ""]),
    );
}

function reasonOf(error: unknown, timeout: number): string {
    const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
    if (name === "TimeoutError") return `no answer in ${timeout / 1000} s`;
    return cause?.code ?? cause?.message ?? message;
}
