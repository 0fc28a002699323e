import type { Scenario } from "./scenario";

const FOLDER = "/world/var/lib/docker/berth/berth-dev";
/** Containers are files with what Docker says of them. */
const docker = `
cd /engine/containers || exit 1
for last; do :; done
case "$1" in
container) [ "$2" = inspect ] && cat "$last" ;;
stop) shift; for name; do [ ! -e "$name" ] || echo exited/ >"$name"; done ;;
start) echo running/ >"$last" ;;
version) ;;
*) exit 9 ;;
esac`;
const setUp = `
mkdir -p ${FOLDER} /world/root /world/etc/systemd/system /engine/containers
chmod 700 ${FOLDER}
for name in db app web; do echo running/ >/engine/containers/$name; done
echo "old db:service_started" >${FOLDER}/start-order`;
const shared = {
    form: "stdin" as const,
    setUp,
    fakes: {
        docker,
        systemctl:
            'case "$*" in *"enable "*) touch "/engine/enabled-$3" ;; *disable*) rm -f "/engine/enabled-$3" ;; esac',
    },
    env: { BERTH_ROOT: "/world" },
};

export const startOrder: Scenario[] = [
    {
        ...shared,
        does: "installs an order, which the next boot follows",
        args: ["install", "berth-dev", "app db:service_started", "web app:service_started"],
        intact: `[ -s ${FOLDER}/start-order ]`,
        settle: `/world/usr/local/lib/berth/start-order ${FOLDER}/start-order
for name in db app web; do grep -q running /engine/containers/$name; done`,
    },
    { ...shared, does: "goes", args: ["remove", "berth-dev"] },
];

/** One that is starting, and healthy at the third look. */
const health = `
case "$*" in
*StartedAt*)
    n=$(($(cat /engine/looks) + 1)); echo $n >/engine/looks
    if [ $n -lt 3 ]; then echo "running starting 0 0 2026-01-01T00:00:00Z"; else echo "running healthy 0 0 2026-01-01T00:00:00Z"; fi ;;
version*) ;;
*) echo said ;;
esac`;

export const healthGate: Scenario[] = [
    {
        does: "passes a container that gets healthy",
        form: "stdin",
        args: ["abc", "2", "service"],
        setUp: "mkdir -p /world/root; echo 0 >/engine/looks",
        fakes: { docker: health },
        ignored: [/looks$/],
        says: /^healthy$/m,
    },
    {
        does: "stops at one that is unhealthy, with all that is known",
        form: "stdin",
        args: ["abc", "2", "service"],
        setUp: "mkdir -p /world/root",
        fakes: {
            docker: 'case "$*" in *StartedAt*) echo "running unhealthy 0 0 2026-01-01T00:00:00Z" ;; *) echo said ;; esac',
        },
        code: 1,
        says: /it is unhealthy/,
        withoutDocker: "it fails either way",
    },
];
