import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { placeOf, resolveArchitectures, resolveDigest } from "../../components/services/image/registryDigest";

const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;
const servers: http.Server[] = [];
afterEach(async () => {
    for (const server of servers.splice(0)) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
    }
});

/** A registry on this computer; its HOST:PORT, and what it was asked. */
async function registry(handle: Handler) {
    const asked: string[] = [];
    const server = http.createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        handle(request, response);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}
const gives =
    (digest: string): Handler =>
    (_, response) =>
        response.setHeader("Docker-Content-Digest", digest).end();
const answers =
    (status: number, headers: Record<string, string> = {}): Handler =>
    (_, response) =>
        response.writeHead(status, headers).end();
const none = { credentials: {}, mirrors: [] };

it("a tag is what the registry says it is now", async () => {
    let accept: string | undefined;
    const { host, asked } = await registry((request, response) => {
        accept = request.headers.accept;
        gives(DIGEST)(request, response);
    });
    expect(await resolveDigest(`${host}/me/app:1.2`, none)).toBe(DIGEST);
    expect(await resolveDigest(`${host}/me/app`, none)).toBe(DIGEST);
    expect(asked).toEqual(["HEAD /v2/me/app/manifests/1.2", "HEAD /v2/me/app/manifests/latest"]);
    expect(accept).toContain("application/vnd.oci.image.index.v1+json");
    expect(accept).toContain("application/vnd.docker.distribution.manifest.list.v2+json");
});

it("a digest needs no asking", async () => {
    expect(await resolveDigest(`nginx:1@${OTHER}`, none)).toBe(OTHER);
});

it("a mirror is asked before Docker Hub, and the next where it does not know", async () => {
    const [empty, full] = [await registry(answers(404)), await registry(gives(DIGEST))];
    const mirrors = [`http://${empty.host}/`, `http://${full.host}`];
    expect(await resolveDigest("nginx:1.30", { credentials: {}, mirrors })).toBe(DIGEST);
    expect(empty.asked).toEqual(["HEAD /v2/library/nginx/manifests/1.30"]);
});

it("a mirror is not asked for what is not on Docker Hub", async () => {
    const [own, mirror] = [await registry(gives(DIGEST)), await registry(gives(OTHER))];
    const options = { credentials: {}, mirrors: [`http://${mirror.host}`] };
    expect(await resolveDigest(`${own.host}/app:1`, options)).toBe(DIGEST);
    expect(mirror.asked).toEqual([]);
});

it("Docker Hub itself is asked over TLS with its own credentials", async () => {
    const asked: [string, string | undefined][] = [];
    const fake = ((url: string, init: RequestInit) => {
        const { Authorization } = init.headers as Record<string, string>;
        asked.push([url, Authorization]);
        const headers: Record<string, string> = Authorization
            ? { "Docker-Content-Digest": DIGEST }
            : { "WWW-Authenticate": "Basic" };
        return Promise.resolve(new Response(null, { status: Authorization ? 200 : 401, headers }));
    }) as typeof fetch;
    const credentials = { "docker.io": { username: "me", password: "pw" } };
    expect(await resolveDigest("me/app:1", { credentials, mirrors: [], fetch: fake })).toBe(DIGEST);
    const url = "https://registry-1.docker.io/v2/me/app/manifests/1";
    expect(asked).toEqual([
        [url, undefined],
        [url, basic("me:pw")],
    ]);
});

/** A registry that wants a token for the very repository, as Docker Hub and ghcr.io do. */
async function withTokens(allowed: (authorization: string | undefined) => boolean) {
    const scopes: (string | null)[] = [];
    const { host } = await registry((request, response) => {
        const url = new URL(request.url ?? "", `http://${request.headers.host}`);
        if (url.pathname === "/token") {
            scopes.push(url.searchParams.get("scope"), url.searchParams.get("service"));
            if (!allowed(request.headers.authorization)) return answers(401)(request, response);
            return response.end(JSON.stringify({ token: "t0ken" }));
        }
        if (request.headers.authorization === "Bearer t0ken") return gives(DIGEST)(request, response);
        const realm = `Bearer realm="http://${host}/token",service="registry.example",scope="repository:me/app:pull"`;
        return answers(401, { "WWW-Authenticate": realm })(request, response);
    });
    return { host, scopes };
}

it("a token is fetched where the registry wants one", async () => {
    const { host, scopes } = await withTokens(() => true);
    expect(await resolveDigest(`${host}/me/app:1`, none)).toBe(DIGEST);
    expect(scopes).toEqual(["repository:me/app:pull", "registry.example"]);
});

it("the token of a private image is fetched with its credentials", async () => {
    const { host } = await withTokens((authorization) => authorization === basic("me:p:w"));
    const credentials = { [host]: { username: "me", password: "p:w" } };
    expect(await resolveDigest(`${host}/me/app:1`, { ...none, credentials })).toBe(DIGEST);
});

it("refused without credentials: the error names the key that takes them", async () => {
    const { host } = await withTokens((authorization) => authorization !== undefined);
    await expect(resolveDigest(`${host}/me/app:1`, none)).rejects.toThrow(
        `${host} refuses me/app (401): it may be private: give a user and a password under berth:registries`,
    );
});

it("refused with credentials: the error does not show them", async () => {
    const { host } = await registry(answers(401, { "WWW-Authenticate": 'Basic realm="x"' }));
    const credentials = { [host]: { username: "me", password: "hunter2" } };
    const error = await resolveDigest(`${host}/me/app:1`, { ...none, credentials }).catch((e: Error) => e.message);
    expect(error).toMatch(/refuses me\/app \(401\): check its user and password under berth:registries/);
    expect(error).not.toContain("hunter2");
});

it.each<[string, number, RegExp]>([
    ["an image that does not exist", 404, /has no me\/app:1\. Mend that, or write pull_policy: missing/],
    ["too many requests", 429, /answers no more for now/],
    ["a registry that is broken", 503, /answers with status 503/],
])("%s is said as such", async (_, status, expected) => {
    const { host } = await registry(answers(status));
    await expect(resolveDigest(`${host}/me/app:1`, none)).rejects.toThrow(expected);
});

it("a registry that does not answer is given up", async () => {
    const { host } = await registry(() => undefined);
    await expect(resolveDigest(`${host}/me/app:1`, { ...none, timeout: 100 })).rejects.toThrow(
        `${host} cannot be reached (no answer in 0.1 s)`,
    );
    await expect(resolveDigest("127.0.0.1:1/me/app:1", none)).rejects.toThrow("cannot be reached (");
});

it("what all that were asked said is said", async () => {
    const mirror = await registry(answers(404));
    const fake = ((url: string, init: RequestInit) =>
        url.startsWith("https:") ? Promise.reject(new Error("no network")) : fetch(url, init)) as typeof fetch;
    await expect(
        resolveDigest("nginx:9", { credentials: {}, mirrors: [`http://${mirror.host}`], fetch: fake }),
    ).rejects.toThrow(/has no library\/nginx:9; registry-1\.docker\.io cannot be reached \(no network\)/);
});

it.each([
    ["nginx", "registry-1.docker.io", "library/nginx"],
    ["me/app", "registry-1.docker.io", "me/app"],
    ["docker.io/nginx", "docker.io", "library/nginx"],
    ["ghcr.io/me/app", "ghcr.io", "me/app"],
    ["localhost/app", "localhost", "app"],
    ["registry:5000/app", "registry:5000", "app"],
])("%s is on %s as %s", (written, host, repository) => {
    expect(placeOf(written)).toEqual({ host, repository });
});

describe("architectures", () => {
    const linux = (architecture: string) => ({ platform: { os: "linux", architecture } });
    const attestation = { platform: { os: "unknown", architecture: "unknown" } };
    /** Answers with JSON by path; 404 for all others. */
    const serves =
        (texts: Record<string, object>): Handler =>
        ({ url = "" }, response) => {
            const found = texts[url];
            response.writeHead(found ? 200 : 404).end(JSON.stringify(found));
        };

    it("an index has those of its Linux images, each once", async () => {
        const manifests = [
            linux("amd64"),
            linux("arm64"),
            linux("arm64"),
            attestation,
            { platform: { os: "windows" } },
        ];
        const { host, asked } = await registry(serves({ "/v2/app/manifests/1": { manifests } }));
        expect(await resolveArchitectures(`${host}/app:1`, none)).toEqual({ architectures: ["amd64", "arm64"] });
        expect(asked).toEqual(["GET /v2/app/manifests/1"]);
    });

    it("an image of one platform says its own in its config; a digest is asked for as it is", async () => {
        const { host } = await registry(
            serves({
                [`/v2/app/manifests/${OTHER}`]: { config: { digest: DIGEST } },
                [`/v2/app/blobs/${DIGEST}`]: { os: "linux", architecture: "arm64" },
            }),
        );
        expect(await resolveArchitectures(`${host}/app:1@${OTHER}`, none)).toEqual({ architectures: ["arm64"] });
    });

    it("what no registry has is said with its name", async () => {
        const [mirror, own] = [await registry(answers(404)), await registry(answers(404))];
        expect(await resolveArchitectures(`${own.host}/app:1`, none)).toEqual({ failure: `${own.host} has no app:1` });
        const fake = ((url: string, init: RequestInit) =>
            url.startsWith("https:")
                ? Promise.resolve(new Response(null, { status: 429 }))
                : fetch(url, init)) as typeof fetch;
        const options = { ...none, mirrors: [`http://${mirror.host}`], fetch: fake };
        expect(await resolveArchitectures("nginx:9", options)).toEqual({
            failure: expect.stringMatching(
                /^127\S+ has no library\/nginx:9; registry-1\.docker\.io answers no more for now/,
            ),
        });
    });
});
