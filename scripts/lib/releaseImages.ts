import { spawn } from "node:child_process";
import { asRoot } from "../../components/host/asRoot";
import { HUB, isHub } from "../../components/services/image/dockerHub";
import { parseImageReference } from "../../components/services/image/imageReference";
import type { Credentials } from "../../components/services/image/registryCredentials";
import { placeOf } from "../../components/services/image/registryDigest";
import type { NamedHost } from "./hosts";
import type { Release } from "./ledger";
import { batchWords, overSsh } from "./overSsh";
import { UserError } from "./progress";

/** Images of a host's engine. */
export interface HostImages {
    /** `sha256:…` */
    ids: Set<string>;
    /** The id by what the image is asked for: `nginx:1.30`, `nginx@sha256:…` */
    references: Map<string, string>;
}

/** Whether a release can be gone back to: its image is on the host, or its registry has it. */
export type ImagePlace = "here" | "registry" | "gone" | "unknown";

const FORMAT = "{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}";
const TIMEOUT = 60_000;

/** @throws UserError where the host or its engine does not answer */
export async function imagesOn(host: NamedHost): Promise<HostImages> {
    const list = ["docker", "image", "ls", "--all", "--no-trunc", "--digests", "--format", FORMAT];
    const { exitCode, stdout, all } = await overSsh(host, asRoot(host.user, list), { timeout: TIMEOUT });
    if (exitCode === 0) return parseImages(stdout);
    throw new UserError(`the images of ${host.name} cannot be listed: ${all.split("\n").at(-1)}`);
}

/** Reads what `docker image ls` prints by our format. */
export function parseImages(text: string): HostImages {
    const images: HostImages = { ids: new Set(), references: new Map() };
    for (const [repository = "", tag = "", digest = "", id = ""] of text.split("\n").map((line) => line.split(" "))) {
        if (id === "") continue;
        images.ids.add(id);
        if (tag !== "<none>") images.references.set(`${repository}:${tag}`, id);
        if (digest !== "<none>") images.references.set(canonical(`${repository}@${digest}`), id);
    }
    return images;
}

/** What a release's image is asked for by: a tag of the host, or a name with a digest. */
export function referenceOf({ restore, of }: Pick<Release, "restore" | "of">): string {
    // The name tells how the image is probed; the digest, which one it is.
    return restore.includes("@") ? `${of.replace(/@.*$/, "")}@${restore.split("@")[1] ?? ""}` : restore;
}

/** The id of the image that a reference leads to on a host; undefined where it leads to none. */
export const idOf = (reference: string, { references }: HostImages): string | undefined =>
    references.get(reference.includes("@") ? canonical(reference) : reference);

/** Where a digest counts, a tag before it does not, and `nginx` is Docker Hub's. */
function canonical(reference: string): string {
    const image = parseImageReference(reference);
    if (!image?.digest) return reference;
    const { host, repository } = placeOf(image.repository);
    return `${isHub(host) ? HUB : host}/${repository}@${image.digest}`;
}

/**
 * Asks a host's engine whether a registry has an image: through its mirrors and by its network, without pulling.
 *
 * @param reference with a digest
 * @returns "unknown" with the reason, where nobody gives an answer
 */
export async function askRegistry(
    host: NamedHost,
    reference: string,
    credentials: Credentials,
): Promise<{ place: ImagePlace; reason: string }> {
    const { host: registry } = placeOf(parseImageReference(reference)?.repository ?? "");
    const [, login] =
        Object.entries(credentials).find(([at]) => at === registry || (isHub(at) && isHub(registry))) ?? [];
    const auth = Buffer.from(JSON.stringify(login ? { ...login, serveraddress: registry } : {})).toString("base64url");
    const name = reference.replace(/:[^:@/]+(?=@)/, "");
    const answer = await askEngine(host, [
        `GET /distribution/${name}/json HTTP/1.1`,
        "Host: docker",
        `X-Registry-Auth: ${auth}`,
        "Connection: close",
    ]);
    return readAnswer(answer);
}

/** @param answer of the engine, as it came over HTTP */
export function readAnswer(answer: string): { place: ImagePlace; reason: string } {
    const [, status] = /^HTTP\/1\.\d (\d+)/.exec(answer) ?? [];
    const [, said] = /"message":"((?:[^"\\]|\\.)*)"/.exec(answer) ?? [];
    const reason = said ?? (status === undefined ? "the engine gives no answer" : `the engine answers ${status}`);
    if (status === "200") return { place: "registry", reason: "" };
    return {
        place: /manifest unknown|manifest .*not found|no such manifest|name unknown/i.test(reason) ? "gone" : "unknown",
        reason,
    };
}

/** One question to the engine's API. stdin stays open: the engine gives up on who hangs up. */
function askEngine(host: NamedHost, head: string[]): Promise<string> {
    const [ssh = "", ...words] = batchWords(host);
    const command = asRoot(host.user, ["docker", "system", "dial-stdio"]);
    return new Promise((resolve) => {
        const child = spawn(ssh, [...words, command], { stdio: ["pipe", "pipe", "ignore"] });
        const chunks: Buffer[] = [];
        const timer = setTimeout(() => child.kill(), TIMEOUT);
        const end = () => {
            clearTimeout(timer);
            child.stdin.end();
            resolve(Buffer.concat(chunks).toString("utf8"));
        };
        child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
        child.stdin.on("error", () => undefined); // ssh has ended: what it printed tells
        child.on("error", end);
        child.stdout.on("close", end);
        child.stdin.write(`${[...head, "", ""].join("\r\n")}`);
    });
}
