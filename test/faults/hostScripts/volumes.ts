import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Scenario } from "./scenario";

const VOLUME = "/world/var/lib/docker/volumes/data/_data";
/** A volume, and a container that writes to it. */
const docker = `
case "$1 $2" in
"version "*) ;;
"volume inspect") case "$4" in *Driver*) echo local ;; *len*) echo 0 ;; *) echo ${VOLUME} ;; esac ;;
"ps "*id=*) echo 0123 ;;
"ps "*) case "$(cat /engine/db)" in running | paused) echo 0123 ;; esac ;;
"container inspect") case "$4" in
    *Created*) echo "2026-01-01 $(cat /engine/db) 0123 true" ;;
    *Name*) echo /db ;;
    *StartedAt*) echo "$(cat /engine/db) none 2026-01-01T00:00:00Z 0 0" ;;
    *) cat /engine/db ;;
    esac ;;
"stop "*) echo exited >/engine/db ;;
"start "*) echo running >/engine/db ;;
"pause "*) echo paused >/engine/db ;;
"unpause "*) echo running >/engine/db ;;
*) exit 9 ;;
esac`;
const setUp = `
mkdir -p ${VOLUME} /world/root /run/lock
for i in 1 2 3; do echo "old $i" >${VOLUME}/$i; done
echo running >/engine/db`;
const content = (word: string) => `"$(printf '${word} %s\\n' 1 2 3)"`;

/** Three files, as `volume restore` brings them, with the size that it names. */
function archive(): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-archive-"));
    try {
        for (const i of [1, 2, 3]) fs.writeFileSync(path.join(folder, String(i)), `new ${i}\n`);
        return execFileSync("tar", ["-czf", "-", "-C", folder, "."]).toString("base64");
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}
const shared = {
    form: "argument" as const,
    setUp,
    fakes: { docker },
    links: ["/run/lock", "/var/lib/berth"],
    ignored: [/\.lock$/],
};

export const volumeData: Scenario[] = [
    {
        ...shared,
        does: "saves a volume, and what was stopped for it runs again",
        args: ["save", "data", "stop"],
        intact: `[ "$(cat ${VOLUME}/*)" = ${content("old")} ]`,
    },
    {
        ...shared,
        does: "puts other content in its place, and the old stays until it is proven",
        args: ["restore", "data", "replace", "1000"],
        get inputBase64() {
            return archive();
        },
        // What the next run takes for the old content is what the first has put there.
        ignored: [...shared.ignored, /_data\.berth-old(\/|$)/],
        /** All of the one or all of the other. */
        intact: `
here=$(cat ${VOLUME}/* 2>/dev/null || cat ${VOLUME}.berth-old/* 2>/dev/null)
[ "$here" = ${content("old")} ] || [ "$here" = ${content("new")} ]`,
    },
];
