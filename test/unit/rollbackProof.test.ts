import type { NamedHost } from "../../scripts/lib/hosts";
import type { HostLedger, Release } from "../../scripts/lib/ledger";
import { idOf, parseImages, readAnswer, referenceOf } from "../../scripts/lib/releaseImages";
import { placesOf, proveTargets, sharedReference } from "../../scripts/lib/rollbackProof";

const digest = (sign: string) => `sha256:${sign.repeat(64)}`;
const [A, B, C] = [digest("a"), digest("b"), digest("c")];
const host = (name: string): NamedHost => ({ name, user: "root", address: name, port: 22, options: [] });
const built = (release: number, image: string, more: Partial<Release> = {}): Release => ({
    release,
    time: "2026-11-25T10:00:00Z",
    restore: `berth/release:berth-dev-app-${release}`,
    image,
    service: "app",
    of: `berth-dev-app:${release}`,
    written: { build: ".", label: release },
    ...more,
});
const pulled = (release: number, of = "nginx:1.30"): Release =>
    built(release, B, { service: "web", restore: `nginx@${C}`, of, written: { image: of } });
const list = (text: string) => () => Promise.resolve(parseImages(text));
const never = () => Promise.reject(new Error("no registry is asked"));
const answers = (place: "registry" | "gone" | "unknown") => () =>
    Promise.resolve({ place, reason: "manifest unknown" });
const target = (release: Release) => ({ release, reference: referenceOf(release) });
const one = (...releases: Release[]): HostLedger[] => [{ host: host("host"), releases }];

test("images are found by tag and by digest, whatever tag stands before that", () => {
    const images = parseImages(`nginx 1.30 ${C} ${B}\nghcr.io/me/app <none> ${A} ${A}\n<none> <none> <none> ${C}\n`);
    expect([...images.ids]).toEqual([B, A, C]);
    expect(idOf("nginx:1.30", images)).toBe(B);
    expect(idOf(`nginx:1.26@${C}`, images)).toBe(B);
    expect(idOf(`docker.io/library/nginx@${C}`, images)).toBe(B);
    expect(idOf(`ghcr.io/me/app:7@${A}`, images)).toBe(A);
    expect(idOf(`nginx@${A}`, images)).toBeUndefined();
    expect(parseImages("").ids.size).toBe(0);
});

test.each([
    ['HTTP/1.1 200 OK\r\n\r\n{"Descriptor":{}}', "registry"],
    ['HTTP/1.1 404 Not Found\r\n\r\n{"message":"manifest unknown: manifest unknown"}', "gone"],
    ['HTTP/1.1 500 Internal Server Error\r\n\r\n{"message":"manifest for x not found"}', "gone"],
    ['HTTP/1.1 401 Unauthorized\r\n\r\n{"message":"denied"}', "unknown"],
    ['HTTP/1.1 500 Error\r\n\r\n{"message":"lookup registry-1.docker.io: host not found"}', "unknown"],
    ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "unknown"],
    ["", "unknown"],
])("what an engine answers of a registry is read: %j", (answer, place) => expect(readAnswer(answer).place).toBe(place));

test("an image that the host has is proof, and no registry is asked", async () => {
    const images = `berth/release berth-dev-app-1 <none> ${A}\nnginx <none> ${C} ${B}\n`;
    const ledgers = one(built(1, A), pulled(2));
    const targets = ledgers[0]!.releases.map(target);
    expect(await proveTargets(ledgers, targets, never, list(images))).toEqual([{ host: host("host"), tags: [] }]);
});

test("an image that has lost its tag gets it again", async () => {
    const ledgers = one(built(1, A));
    const proofs = await proveTargets(ledgers, [target(built(1, A))], never, list(`<none> <none> <none> ${A}\n`));
    expect(proofs[0]?.tags).toEqual([{ id: A, tag: "berth/release:berth-dev-app-1" }]);
});

test.each(["gone", "unknown"] as const)("all that is gone, or of which nobody knows (%s), is said", async (place) => {
    const ledgers = one(built(1, A), pulled(2));
    const proven = proveTargets(ledgers, ledgers[0]!.releases.map(target), answers(place), list(`x y <none> ${C}\n`));
    await expect(proven).rejects.toThrow(
        "the image of the release is not to be had:\n" +
            "  app, on host: the image berth/release:berth-dev-app-1, which was built there, is gone\n" +
            `  web, on host: the image nginx:1.30@${C} is gone, and its registry does not give it (manifest unknown)\n` +
            "Nothing was changed.",
    );
});

test("an image that its registry has is pulled", async () => {
    const proofs = await proveTargets(one(pulled(1)), [target(pulled(1))], answers("registry"), list(""));
    expect(proofs[0]?.tags).toEqual([]);
});

test("every host must have it; those that number their releases otherwise are asked by one name", async () => {
    const release = built(3, A, { of: "berth-dev-app:x", written: { build: "." } });
    const other = { ...release, release: 7, image: B, restore: "berth/release:berth-dev-app-7" };
    const different = built(3, C, { of: "berth-dev-app:y" });
    const reference = sharedReference(release, 2, "berth-dev");
    expect(reference).toMatch(/^berth\/release:berth-dev-app-as-[0-9a-f]{12}$/);
    expect(sharedReference(release, 1, "berth-dev")).toBe(release.restore);
    expect(sharedReference(pulled(1), 2, "berth-dev")).toBe(referenceOf(pulled(1)));
    const ledgers = [
        { host: host("host"), releases: [release] },
        { host: host("host-2"), releases: [different, other] },
    ];
    const images = list(`berth/release berth-dev-app-3 <none> ${A}\nberth/release berth-dev-app-7 <none> ${B}\n`);
    const proofs = await proveTargets(ledgers, [{ release, reference }], never, images);
    expect(proofs.map(({ tags }) => tags)).toEqual([[{ id: A, tag: reference }], [{ id: B, tag: reference }]]);
    const lost = (at: NamedHost) => images().then((all) => (at.name === "host" ? all : parseImages("")));
    await expect(proveTargets(ledgers, [{ release, reference }], never, lost)).rejects.toThrow(
        "app, on host-2: the image",
    );
});

test("the list of releases says of each whether it can be gone back to, and asks a registry once for an image", async () => {
    const releases = [built(1, A), built(2, B), built(3, C), pulled(4), pulled(5)];
    const ask = jest.fn(answers("registry"));
    const images = `berth/release berth-dev-app-1 <none> ${A}\n<none> <none> <none> ${B}\n`;
    const places = await placesOf({ host: host("host"), releases }, ask, list(images));
    expect(places).toEqual(["here", "here", "gone", "registry", "registry"]);
    expect(ask).toHaveBeenCalledTimes(1);
});
