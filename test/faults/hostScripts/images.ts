import type { Scenario } from "./scenario";

const BASE = "/world/var/lib/docker/berth/berth-dev";
const UPLOAD = ".berth-dev-0123456789abcdef.tar";
const PRIVATE = ".berth-dev-0123456789abcdef.private";
const secret = Buffer.from("the secret").toString("base64");

export const buildImage: Scenario[] = [
    {
        does: "builds an image with a secret",
        form: "stdin",
        args: ["build", BASE, "berth-dev-app:0123", UPLOAD, PRIVATE, "--file", "Dockerfile", "context"],
        setUp: `
mkdir -p /world/root /tmp/content/context ${BASE}
echo kept >${BASE}/kept
echo FROM x >/tmp/content/Dockerfile
printf 'x%.0s' $(seq 20000) >/tmp/content/context/file
tar -cf /tmp/upload -C /tmp/content .`,
        /** What the program brings before each run. */
        before: `
cp /tmp/upload /world/root/${UPLOAD}
printf 'secret token ${secret}\\nregistries e30=\\n' >/world/root/${PRIVATE}`,
        fakes: {
            docker: `
case "$1 $2" in
"buildx build") echo "#1 DONE"; cat >/engine/built ;;
"image inspect") echo sha256:abc ;;
version*) ;;
*) exit 9 ;;
esac`,
        },
        /** The secret is nowhere when nobody builds any more, but for where it was delivered and not yet taken. */
        intact: `
[ "$(cat ${BASE}/kept)" = kept ]
if grep -rl ${secret} /dev/shm /world --exclude=${PRIVATE} || grep -rl "the secret" /dev/shm /world; then exit 1; fi
[ -z "$(find /dev/shm -type f)" ] || { find /dev/shm; exit 1; }`,
        constants: ["QUIET_SECONDS=0.5"],
    },
];

const LEDGER = `${BASE}/releases.jsonl`;
const line = (release: number, image: number, service: string) =>
    `{"release":${release},"time":"2026-01-0${release}T00:00:00Z","restore":"r","image":"sha256:${image}","service":"${service}","of":"x"}`;
export const pruneImages: Scenario[] = [
    {
        does: "removes what nobody uses and no kept release needs",
        form: "stdin",
        args: ["berth-dev", BASE, "1", "all", "remove"],
        setUp: `
mkdir -p /world/root ${BASE} /engine/images
printf '%s\\n' '${line(1, 1, "app")}' '${line(2, 2, "app")}' '${line(3, 3, "web")}' >${LEDGER}
for i in 1 2 3 4 5 6; do echo "me/image:$i" >/engine/images/sha256:$i; done`,
        fakes: {
            docker: `
for last; do :; done
case "$1 $2" in
"image ls") ls /engine/images ;;
"image inspect") echo "1000 |$(cat "/engine/images/$last")" ;;
"image rm") shift 3; for tag; do rm "/engine/images/sha256:\${tag##*:}"; done ;;
"builder prune") echo; echo "Total: 0B" ;;
"container inspect") echo sha256:4 ;;
ps*) echo c1 ;;
version*) ;;
*) exit 9 ;;
esac`,
        },
        intact: `
for i in 2 3 4; do [ -e /engine/images/sha256:$i ] || { echo "image $i is gone"; exit 1; }; done
[ "$(wc -l <${LEDGER})" = 3 ]`,
        withoutDocker: "where it dies between two images, the first is gone for good: that is what was asked for",
    },
];
