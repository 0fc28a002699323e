import { createHash } from "node:crypto";
import { asRoot } from "../../components/host/asRoot";
import type { NamedHost } from "./hosts";
import type { HostLedger, Release } from "./ledger";
import { overSsh } from "./overSsh";
import { UserError } from "./progress";
import { type HostImages, type ImagePlace, idOf, imagesOn, referenceOf } from "./releaseImages";

/** Asks a registry about a reference with a digest, as seen from a host. */
export type AskRegistry = (host: NamedHost, reference: string) => Promise<{ place: ImagePlace; reason: string }>;

/** What makes a release's image be found on a host: nothing, or a tag that it has lost. */
export interface Proof {
    host: NamedHost;
    /** Tags to be given, by id. */
    tags: { id: string; tag: string }[];
}

/**
 * What releases are asked for by on every host of a stack. Tags are numbered on each host: several have one of their own
 * for a release that each of them has built.
 *
 * @param prefix `PROJECT-STACK`
 */
export function sharedReference(target: Release, hosts: number, prefix: string): string {
    const own = referenceOf(target);
    if (hosts < 2 || own.includes("@")) return own;
    const which = createHash("sha256").update(textOf(target)).digest("hex").slice(0, 12);
    return `berth/release:${prefix.slice(0, 60)}-${target.service.slice(0, 40)}-as-${which}`;
}

/** Tells what was released, on whichever host. */
const textOf = ({ of, written }: Release) => JSON.stringify([of, written]);

/**
 * Looks on every host whether the images of releases are there, or can be pulled.
 *
 * @param targets with what each is asked for by
 * @throws UserError with every image that is not to be had, and where
 */
export async function proveTargets(
    ledgers: HostLedger[],
    targets: { release: Release; reference: string }[],
    ask: AskRegistry,
    list: (host: NamedHost) => Promise<HostImages> = imagesOn,
): Promise<Proof[]> {
    const missing: string[] = [];
    const proofs = await Promise.all(
        ledgers.map(async ({ host, releases }): Promise<Proof> => {
            const images = await list(host);
            const tags: Proof["tags"] = [];
            for (const { release, reference } of targets) {
                const same = releases.filter(
                    (one) => one.service === release.service && textOf(one) === textOf(release),
                );
                const answer = await find(reference, same, images, (wanted) => ask(host, wanted));
                if ("missing" in answer) missing.push(`${release.service}, on ${host.name}: ${answer.missing}`);
                else if (answer.id !== undefined) tags.push({ id: answer.id, tag: reference });
            }
            return { host, tags };
        }),
    );
    if (missing.length === 0) return proofs;
    throw new UserError(
        `the image of the release is not to be had:\n${missing.map((line) => `  ${line}`).join("\n")}\n` +
            "Nothing was changed. ./scripts/releases says which can be gone back to; an image that was built comes " +
            "back when the service is written as it was, and ./scripts/up builds it",
    );
}

/** @returns the id of an image that has lost its tag; why there is none; or nothing, where all is well */
async function find(
    reference: string,
    same: Release[],
    images: HostImages,
    ask: (reference: string) => ReturnType<AskRegistry>,
): Promise<{ missing: string } | { id?: string }> {
    const found = idOf(reference, images);
    if (reference.includes("@")) {
        if (found !== undefined) return {};
        const { place, reason } = await ask(reference);
        if (place === "registry") return {};
        return { missing: `the image ${reference} is gone, and its registry does not give it (${reason})` };
    }
    const ids = same.map(({ image }) => image).filter((id) => images.ids.has(id));
    if (found !== undefined && (ids.length === 0 || ids.includes(found))) return {};
    const id = ids.at(-1);
    return id === undefined ? { missing: `the image ${reference}, which was built there, is gone` } : { id };
}

/** Gives images the tags that they have lost. @throws UserError where the host does not */
export async function giveTags(proofs: Proof[]): Promise<void> {
    for (const { host, tags } of proofs) {
        for (const { id, tag } of tags) {
            const command = asRoot(host.user, ["docker", "image", "tag", id, tag]);
            const { exitCode, all } = await overSsh(host, command, { timeout: 60_000 });
            if (exitCode !== 0) throw new UserError(`${host.name}: ${all.split("\n").at(-1)}`);
        }
    }
}

/** Where the image of each release of a host is. A registry is asked once for each of its images. */
export async function placesOf(
    { host, releases }: HostLedger,
    ask: AskRegistry,
    list: (host: NamedHost) => Promise<HostImages> = imagesOn,
): Promise<ImagePlace[]> {
    const images = await list(host);
    const asked = new Map<string, Promise<ImagePlace>>();
    return Promise.all(
        releases.map(async (release) => {
            const reference = referenceOf(release);
            if (idOf(reference, images) !== undefined) return "here";
            if (!reference.includes("@")) return images.ids.has(release.image) ? "here" : "gone";
            const place = asked.get(reference) ?? ask(host, reference).then((answer) => answer.place);
            asked.set(reference, place);
            return place;
        }),
    );
}
