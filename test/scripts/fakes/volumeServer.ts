import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const SCRIPT = fs.readFileSync(path.resolve(__dirname, "../../../scripts/volume-data.sh"), "utf8");

/** `docker` over files: a container is a folder with its state; its health is what the volume's file `health` says.
 * It does not answer to the word in the file `silent`, which is `silent-later` until it has stopped something. */
const DOCKER = `#!/bin/sh
cd "$FAKE" || exit 1
[ "$(cat silent 2>/dev/null)" != "$1" ] || exit 1
for last; do :; done
state() { cat "containers/$1"; }
case "$*" in
version*) ;;
"volume inspect"*Driver*) echo local ;;
"volume inspect"*Options*) echo 0 ;;
"volume inspect"*) echo "$FAKE/volume/_data" ;;
"ps "*id=*) ls containers | grep -x "\${last#id=}" || true ;;
"ps "*) for id in $(ls containers); do case $(state $id) in running | paused | restarting) echo $id ;; esac; done ;;
"container inspect"*Created*) echo "2026-01-0$last $(state $last) $last true" ;;
"container inspect"*Health*) echo "$(state $last) $(cat volume/_data/health 2>/dev/null || echo healthy) 2026-01-01T00:00:00Z 0 0" ;;
"container inspect"*Name*) echo "/c$last" ;;
"container inspect"*) state $last ;;
"stop "*) shift 2; for id; do echo exited >containers/$id; done; [ ! -e silent-later ] || mv silent-later silent ;;
"start "*) [ "$(state $last)" = exited ] || exit 1; echo running >containers/$last ;;
"pause "*) [ "$(state $last)" = running ] || exit 1; echo paused >containers/$last ;;
"unpause "*) [ "$(state $last)" = paused ] || exit 1; echo running >containers/$last ;;
esac
`;
/** By BASH_ENV: counts the script's commands into COUNT, and kills all of a run before its KILL_AT-th. */
const KILLER = `
count=0
before() {
    [ "$BASHPID" = $$ ] || return 0
    count=$((count + 1))
    [ -z "\${COUNT:-}" ] || echo "$count $1" >>"$COUNT"
    [ "$count" != "\${KILL_AT:-}" ] || kill -9 0
}
set -T
trap '[ "\${FUNCNAME[0]:-}" = before ] || before "\${FUNCNAME[0]:-}:$LINENO"' DEBUG
`;

/** A server with a volume that four containers use: 1 runs, 2 is paused, 3 is between two starts, 4 has exited. */
export class VolumeServer {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "volume-server-"));
    readonly volume = path.join(this.root, "volume/_data");

    constructor() {
        fs.mkdirSync(path.join(this.root, "bin"));
        fs.writeFileSync(path.join(this.root, "bin/docker"), DOCKER, { mode: 0o755 });
        fs.writeFileSync(path.join(this.root, "killer"), KILLER);
        fs.mkdirSync(path.join(this.root, "containers"));
        ["running", "paused", "restarting", "exited"].forEach((state, i) => this.set(`containers/${i + 1}`, state));
        this.set("volume/_data/name", "first");
    }

    set(file: string, content: string): void {
        fs.mkdirSync(path.dirname(path.join(this.root, file)), { recursive: true });
        fs.writeFileSync(path.join(this.root, file), `${content}\n`);
    }

    /** An archive of a volume with these files. */
    archive(files: Record<string, string>): Buffer {
        const folder = fs.mkdtempSync(path.join(this.root, "archive-"));
        for (const [name, content] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), `${content}\n`);
        return spawnSync("tar", ["-czf", "-", "-C", folder, "."]).stdout;
    }

    run(words: string[], input: Buffer = Buffer.alloc(0), env: Record<string, string> = {}) {
        const shell = Object.keys(env).length === 0 ? {} : { BASH_ENV: path.join(this.root, "killer"), ...env };
        // A group of its own, so that a kill takes all of the run and nothing else.
        const { status, signal, stdout, stderr } = spawnSync(
            "setsid",
            ["--wait", "bash", "--norc", "-c", SCRIPT, "volume-data", ...words],
            {
                input,
                env: {
                    PATH: `${path.join(this.root, "bin")}:/usr/bin:/bin`,
                    FAKE: this.root,
                    BERTH_ROOT: this.root,
                    ...shell,
                },
            },
        );
        return { code: status, signal, stdout, stderr: stderr.toString() };
    }

    restore(name: string, files: Record<string, string> = {}, env: Record<string, string> = {}) {
        return this.run(["restore", "db", "replace", "1000"], this.archive({ name, ...files }), env);
    }

    /** What the volume holds, what is kept beside it, and the containers' states. */
    get state() {
        const read = (folder: string) =>
            fs.existsSync(folder) ? fs.readFileSync(path.join(folder, "name"), "utf8").trim() : undefined;
        const states = [1, 2, 3, 4].map((id) =>
            fs.readFileSync(path.join(this.root, `containers/${id}`), "utf8").trim(),
        );
        return { now: read(this.volume), before: read(`${this.volume}.berth-old`), states };
    }

    /** Names of all that lies beside the volume's content, and of notes. */
    get traces(): string[] {
        const notes = path.join(this.root, "var/lib/berth");
        return [
            ...fs.readdirSync(path.dirname(this.volume)),
            ...(fs.existsSync(notes) ? fs.readdirSync(notes) : []),
        ].filter((name) => name !== "_data" && name !== "_data.berth-old");
    }

    remove(): void {
        fs.rmSync(this.root, { recursive: true, force: true });
    }
}
