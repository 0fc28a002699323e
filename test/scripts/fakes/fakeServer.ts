import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const scripts = path.resolve(__dirname, "../../../scripts");
// Nothing but these and the fakes is on the PATH: a command without a fake fails, and never reaches this machine.
const real =
    "bash env cat grep awk sed paste cmp find flock mkdir rm rmdir chmod mv install tac xargs sync touch sleep date timeout tail readlink".split(
        " ",
    );

/** A server made of files and fake commands, each a few lines of shell. */
export class FakeServer {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "fake-server-"));
    private readonly bin = path.join(this.root, "bin");

    /** @param login root, or a login that may use sudo */
    constructor(login: "root" | "admin" = "root") {
        fs.mkdirSync(this.bin);
        for (const name of real) fs.symlinkSync(locate(name), path.join(this.bin, name));
        this.write("etc/os-release", 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n');
        this.write("etc/machine-id", "0123456789abcdef\n");
        this.write("run/systemd/system/.keep", "");
        this.login(login);
        if (login !== "root") this.command("sudo", '[ "$1" = -n ] || exit 9; shift; BERTH_SUDO=1 exec "$@"');
    }

    login(name: string, groups = name) {
        const uid = name === "root" ? "0" : '$([ "${BERTH_SUDO:-}" ] && echo 0 || echo 1000)';
        this.command("id", `case $1 in -u) echo ${uid} ;; -un) echo ${name} ;; -nG) echo ${groups} ;; esac`);
    }

    /** What a command does; each of its calls is kept. */
    command(name: string, body: string) {
        const file = path.join(this.bin, name);
        fs.rmSync(file, { force: true }); // may be a link to this machine's own program, which would be written to
        const log = `printf '%s\\n' "${name} $*" >> ${path.join(this.root, "calls")}`;
        fs.writeFileSync(file, `#!${path.join(this.bin, "bash")}\n${log}\n${body}\n`, { mode: 0o755 });
    }

    write(file: string, content: string) {
        fs.mkdirSync(path.dirname(path.join(this.root, file)), { recursive: true });
        fs.writeFileSync(path.join(this.root, file), content);
    }

    remove(file = ".") {
        fs.rmSync(path.join(this.root, file), { recursive: true, force: true });
    }

    has(file: string): boolean {
        return fs.existsSync(path.join(this.root, file));
    }

    calls(): string[] {
        return this.has("calls") ? fs.readFileSync(path.join(this.root, "calls"), "utf8").trim().split("\n") : [];
    }

    /** A script as a stream on stdin, the way it comes over SSH. */
    run(script: string, ...args: string[]) {
        return this.bash(["-s", "--", ...args], fs.readFileSync(path.join(scripts, script)));
    }

    /** A script that lies on the server. */
    runFile(file: string, ...args: string[]) {
        return this.bash([path.join(this.root, file), ...args]);
    }

    private bash(words: string[], input?: Buffer) {
        const { status, stdout, stderr } = spawnSync(path.join(this.bin, "bash"), words, {
            input,
            encoding: "utf8",
            cwd: this.root,
            timeout: 60_000,
            env: { PATH: this.bin, BERTH_ROOT: this.root },
        });
        return { code: status, stdout, stderr };
    }
}

function locate(name: string): string {
    // The system's own first: a version manager's shim in front of it needs more than itself on the PATH.
    const folders = `/usr/bin:/bin:/usr/sbin:${process.env["PATH"] ?? ""}`.split(":");
    const found = folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
    if (!found) throw new Error(`the tests of the shell scripts need the command ${name}`);
    return found;
}
