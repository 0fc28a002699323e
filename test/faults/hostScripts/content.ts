import type { Scenario } from "./scenario";

const BASE = "/world/var/lib/docker/berth/berth-dev";
const HASH = "0123456789abcdef0123456789abcdef";
const UPLOAD = ".berth-dev-0123456789abcdef.tar";
/** Nothing mounts what goes. */
const docker = `
case "$1" in
ps | version) ;;
*) exit 9 ;;
esac`;
const archive = `
mkdir -p /world/root ${BASE} /tmp/content/css
chmod 700 ${BASE}
for i in 1 2 3 4; do echo "new $i" >/tmp/content/css/$i; done
echo index >/tmp/content/index.html
tar -cf /tmp/upload -C /tmp/content .`;
const before = `cp /tmp/upload /world/root/${UPLOAD}`;
const pinned = ["pinned", "folder", BASE, `content/${HASH}/site`, HASH];
const kept = ["kept", "folder", BASE, "kept/site", HASH];
const shared = { form: "stdin" as const, fakes: { docker }, ignored: [/\.tar$/] };
const earlier = `${archive}
mkdir -p ${BASE}/kept/site
echo theirs >${BASE}/kept/site/written-by-a-container`;

export const placeContent: Scenario[] = [
    {
        ...shared,
        does: "places pinned content as a whole",
        args: ["place", ...pinned, UPLOAD],
        setUp: archive,
        before,
        intact: `[ ! -e ${BASE}/content/${HASH}/site ] || diff -r /tmp/content ${BASE}/content/${HASH}/site`,
    },
    {
        ...shared,
        does: "removes pinned content",
        args: ["remove", ...pinned],
        setUp: `${archive}\nmkdir -p ${BASE}/content/${HASH}/site ${BASE}/other\necho x >${BASE}/content/${HASH}/site/x`,
        intact: `[ -d ${BASE}/other ]`,
    },
    {
        ...shared,
        does: "places kept content among what containers wrote",
        args: ["place", ...kept, UPLOAD],
        setUp: earlier,
        before,
        intact: `[ "$(cat ${BASE}/kept/site/written-by-a-container)" = theirs ]`,
    },
];

const files = ["placed", "secrets"].map((text) => `0 0 400 ${Buffer.from(text.repeat(900)).toString("base64")}\n`);
export const placeFiles: Scenario[] = [
    {
        does: "places secrets",
        form: "argument",
        args: ["place", BASE, "files/app/"],
        input: files.join(""),
        setUp: `mkdir -p /world/root ${BASE}/files/app\nhead -c 32 /dev/zero | tr '\\0' k >${BASE}/files/app/.key`,
        fakes: { docker },
        intact: `
for folder in ${BASE}/files/app/*/; do
    [ ! -d "$folder" ] || [ "$(cat "$folder"/* | wc -c)" = ${"placedsecrets".length * 900} ] || { echo "half of it: $folder"; exit 1; }
done`,
    },
    {
        does: "removes them",
        form: "argument",
        args: ["remove", BASE, "files/app/0123"],
        setUp: `mkdir -p /world/root ${BASE}/files/app/0123 ${BASE}/other\necho x >${BASE}/files/app/0123/0`,
        fakes: { docker },
        intact: `[ -d ${BASE}/other ]`,
    },
];
