import type { Scenario } from "./scenario";

const STACK = "berth-dev";
const FOLDER = "/world/var/lib/docker/berth/berth-dev";
const LEDGER = `${FOLDER}/releases.jsonl`;
/** Ten old releases of two services, the even ones with a tag that keeps their image. */
const setUp = `
mkdir -p ${FOLDER} /world/root /engine/tags /engine/containers
for i in $(seq 10); do
    name=$([ $((i % 2)) = 0 ] && echo app || echo web)
    restore=$([ $name = app ] && echo berth/release:${STACK}-app-$i || echo nginx@sha256:$i)
    echo "{\\"release\\":$i,\\"time\\":\\"2026-01-01T00:00:00Z\\",\\"restore\\":\\"$restore\\",\\"image\\":\\"sha256:$i\\",\\"service\\":\\"$name\\",\\"of\\":\\"x\\",\\"written\\":{\\"i\\":$i,\\"long\\":\\"$(printf 'x%.0s' $(seq 100))\\"}}"
    if [ $name = app ]; then echo sha256:$i >/engine/tags/berth-release-${STACK}-app-$i; fi
done >${LEDGER}
chmod 600 ${LEDGER}
cp ${LEDGER} /engine/before
echo sha256:31 >/engine/containers/c-app
echo sha256:32 >/engine/containers/c-web
`;
/** Containers are files with their image's id; tags as well, `/` and `:` written as `-`. */
const docker = `
for last; do :; done
flat() { echo "$1" | tr /: --; }
case "$1 $2" in
"container inspect") cat "/engine/containers/$last" ;;
"image inspect") [ "$last" != sha256:32 ] || echo nginx@sha256:32 ;;
"image tag") echo "$3" >"/engine/tags/$(flat "$4")" ;;
"image rm") shift 2; for name; do rm "/engine/tags/$(flat "$name")" || exit 1; done ;;
"image ls") ls /engine/tags | sed "s,^berth-release-,berth/release:," ;;
"ps "* | version*) ;;
*) exit 9 ;;
esac`;
const release = (service: string) => `c-${service}\n{"service":"${service}","of":"x","written":{"new":true}}\n`;
/** Each of the newest lines is there, whole and once, and its image keeps its tag. */
const intact = (keep: number) => `
newest=$(for s in app web; do grep "service\\":\\"$s\\"" /engine/before | tail -n ${keep}; done)
while read -r line; do
    [ "$(grep -cxF -- "$line" ${LEDGER})" = 1 ] || { echo "lost: \${line:0:60}"; exit 1; }
done <<<"$newest"
for tag in $(grep -o 'berth/release:[^"]*' ${LEDGER} | tr /: --); do [ -e /engine/tags/$tag ] || { echo "no tag $tag"; exit 1; }; done`;
const shared = {
    form: "argument" as const,
    setUp,
    fakes: { docker },
    same: [[/"time":"20[^"]*Z"/, '"time":"T"']] as [RegExp, string][],
    ignored: [/releases\.lock$/],
};

export const recordReleases: Scenario[] = [
    {
        ...shared,
        does: "writes down two releases, and forgets the oldest",
        args: ["record", STACK, FOLDER, "5"],
        input: release("app") + release("web"),
        intact: intact(4),
    },
    { ...shared, does: "forgets all but the newest", args: ["forget", STACK, FOLDER, "2"], intact: intact(2) },
    { ...shared, does: "goes with its tags", args: ["remove", STACK, FOLDER] },
];
