import * as fs from "node:fs";
import * as path from "node:path";
import type { Scenario } from "./scenario";

const FOLDER = "/world/var/lib/docker/berth/berth-dev";
const HEX = "a".repeat(64);
const MINE = { "berth.project": "berth", "berth.stack": "dev" };
/** The Docker of this script's own tests. */
const docker = fs.readFileSync(path.join(__dirname, "../../scripts/fakes/docker_volumes.py"), "utf8");

interface Container {
    id: string;
    state?: string;
    labels?: Record<string, string>;
    /** Its volume, and whether it has that by its name. */
    volume: string;
    named: boolean;
}
/** Volumes with the labels that they have on top of the stack's. */
type Volumes = Record<string, Record<string, string>>;

function setUp(containers: Container[], volumes: Volumes, more = ""): string {
    const engine = {
        containers: containers.map(({ id, state = "running", labels = { "berth.service": "app" }, volume, named }) => ({
            ...{ id: `${id}-id`, name: id, state, labels: { ...MINE, ...labels } },
            mounts: [{ volume, path: "/data", named }],
        })),
        volumes: Object.fromEntries(
            Object.entries(volumes).map(([name, labels]) => [
                name,
                { labels: Object.keys(labels).length > 0 ? { ...MINE, ...labels } : {}, data: `/engine/${name}` },
            ]),
        ),
        images: { img: ["/data", "/logs"] },
        calls: [],
    };
    return `
mkdir -p /world/root /harness/fake ${Object.keys(volumes)
        .map((name) => `/engine/${name}`)
        .join(" ")}
cat >/harness/fake/docker_volumes.py <<'FAKE'
${docker}
FAKE
cat >/engine/engine <<'ENGINE'
${JSON.stringify(engine)}
ENGINE
${more}`;
}

const shared = {
    form: "stdin" as const,
    fakes: {
        docker: `case "$1" in version) exit 0 ;; esac; ENGINE=/engine/engine exec python3 -S -E /harness/fake/docker_volumes.py "$@"`,
    },
    ignored: [/^\/engine\/engine\.new$/],
    mostKills: 8,
    // What was asked of Docker differs, and so does the order of what was made.
    same: [[/, "calls": \[[^\]]*\]/, ""]] as [RegExp, string][],
};
const holds = (id: string) => ({ id, state: "created", labels: { "berth.holds": HEX }, volume: HEX, named: true });
const ofApp = { "berth.service": "app", "berth.slot": "berth-dev-app", "berth.path": "/data" };
const ofOld = { "berth.service": "old", "berth.slot": "berth-dev-old", "berth.path": "/data" };
const list = `mkdir -p ${FOLDER}\nprintf '%s\\n' app web . >${FOLDER}/services`;
/** Volumes that nobody may lose. */
const has = (...names: string[]) =>
    names.map((name) => `grep -q '"${name}": *{' /engine/engine || { echo "${name} is gone"; exit 1; }`).join("\n");

export const anonymousVolumes: Scenario[] = [
    {
        ...shared,
        does: "carries a volume over to the next version",
        args: ["prepare", "berth", "dev", "app", "berth-dev-app", "berth-dev-app", "img", "stop-first"],
        setUp: setUp([{ id: "berth-dev-app-0123abcd", volume: HEX, named: false }], { [HEX]: {} }),
        says: new RegExp(`^\\{"/data":"${HEX}","/logs":"berth-dev-app_logs-[0-9a-f]{8}"\\}$`, "m"),
        intact: has(HEX),
    },
    {
        ...shared,
        does: "lets go of what a container has by now",
        args: ["settle", "berth", "dev", FOLDER, "app", "web"],
        setUp: setUp(
            [
                { id: "berth-dev-app", volume: HEX, named: true },
                holds("berth-holds-a"),
                { ...holds("berth-holds-b"), labels: { "berth.holds": "b" }, volume: "b" },
            ],
            { [HEX]: {}, b: {} },
        ),
        intact: `${has(HEX, "b")}
grep -q berth-holds-b /engine/engine
[ ! -e ${FOLDER}/services ] || [ "$(tail -n 1 ${FOLDER}/services)" = . ] || { echo "half a list"; exit 1; }`,
    },
    {
        ...shared,
        does: "removes volumes of a service that has left",
        args: ["leave", "berth", "dev", FOLDER, "old", "berth-dev-old"],
        setUp: setUp(
            [{ id: "berth-dev-app", volume: "app_data", named: true }],
            { old_data: { ...ofOld, "berth.holds": HEX }, [HEX]: {}, app_data: ofApp, foreign: {} },
            list,
        ),
        intact: has("app_data", "foreign"),
    },
    {
        ...shared,
        does: "keeps volumes of a service that is there",
        args: ["leave", "berth", "dev", FOLDER, "app", "berth-dev-app"],
        setUp: setUp([], { app_data: ofApp, foreign: {} }, list),
        intact: has("app_data", "foreign"),
    },
    {
        ...shared,
        does: "forgets the list when the stack goes",
        args: ["forget", "berth", "dev", FOLDER],
        setUp: setUp([], { app_data: ofApp }, `${list}\nmkdir -p /world/var/lib/docker/berth/other`),
        intact: `${has("app_data")}\n[ -d /world/var/lib/docker/berth/other ]`,
    },
];
