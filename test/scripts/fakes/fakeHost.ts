import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

export const scriptPath = path.resolve(__dirname, "../../../scripts/install-docker.sh");
export const dockerKey = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88";

const faked =
    "dpkg dpkg-query apt-cache apt-get apt-mark curl gpg systemctl docker dockerd id usermod runuser cloud-init journalctl".split(
        " ",
    );
// Nothing but these and the fakes is on the PATH: a command without a fake fails, and never reaches this machine.
const real = (
    "bash env awk sed grep cat cmp cp mktemp chmod mv rm mkdir install head tail tr wc paste date sleep timeout flock " +
    "python3 touch uname sync"
).split(" ");

export interface RunResult {
    code: number | null;
    stdout: string;
    stderr: string;
    /** The calls that change something or fetch something, in order. */
    calls: string[];
}

/** A Debian host without Docker, made of files and fake commands. */
export class FakeHost {
    readonly root = fs.mkdtempSync(path.join(os.tmpdir(), "fake-host-"));
    private readonly bin = path.join(this.root, "bin");
    private readonly state = path.join(this.root, "state");

    constructor() {
        fs.mkdirSync(this.bin);
        for (const name of faked) fs.symlinkSync(path.join(__dirname, "host-commands.sh"), path.join(this.bin, name));
        for (const name of real) fs.symlinkSync(locate(name), path.join(this.bin, name));
        this.write("etc/os-release", 'ID=debian\nVERSION_CODENAME="trixie"\n');
        this.write("var/lib/apt/lists/deb_dists_trixie_Packages", "");
        const versions = ["5:28.50.1-1~debian.13~trixie", "5:28.5.2-1~debian.13~trixie", "5:28.5.1-1~debian.13~trixie"];
        const lines = ["docker-ce", "docker-ce-cli"].flatMap((name) =>
            versions.map((version) => `${name} ${version}\n`),
        );
        for (const [name, content] of Object.entries({
            architecture: "amd64\n",
            audit: "",
            available: lines.join(""),
            calls: "",
            held: "",
            installed: "ca-certificates 2025\n",
            "live-restore": "true\n",
            key: `-----BEGIN PGP PUBLIC KEY BLOCK-----\nprimary ${dockerKey}\nsub ${"A".repeat(40)}\n`,
            swarm: "inactive\n",
            users: "deploy deploy\nops ops docker\n",
            "cloud-init": "0",
        }))
            this.set(name, content);
    }

    /** What a fake command reads: see host-commands.sh. */
    set(name: string, content: string) {
        fs.mkdirSync(this.state, { recursive: true });
        fs.writeFileSync(path.join(this.state, name), content);
    }

    get(name: string): string {
        return fs.readFileSync(path.join(this.state, name), "utf8");
    }

    unset(name: string) {
        fs.rmSync(path.join(this.state, name), { force: true });
    }

    write(file: string, content: string, mode = 0o644) {
        const target = path.join(this.root, file);
        fs.mkdirSync(path.dirname(target), { recursive: true });
        fs.writeFileSync(target, content, { mode });
    }

    read(file: string): string {
        return fs.readFileSync(path.join(this.root, file), "utf8");
    }

    has(file: string): boolean {
        return fs.existsSync(path.join(this.root, file));
    }

    mode(file: string): number {
        return fs.statSync(path.join(this.root, file)).mode & 0o777;
    }

    /** The script as a stream on stdin, the way it comes over SSH. */
    install(...args: string[]): RunResult {
        this.set("calls", "");
        const result = spawnSync(path.join(this.bin, "bash"), ["-s", "--", ...args], {
            input: fs.readFileSync(scriptPath),
            encoding: "utf8",
            cwd: this.root,
            timeout: 60_000,
            env: { PATH: `${this.bin}:${this.root}/usr/local/bin`, BERTH_ROOT: this.root, FAKE_HOST: this.state },
        });
        const asking =
            /^(dpkg-query|apt-cache|gpg|id|docker|journalctl|dpkg --(print|audit)|apt-mark showhold|systemctl is-)/;
        const calls = this.get("calls").split("\n");
        return {
            code: result.status,
            stdout: result.stdout,
            stderr: result.stderr,
            calls: calls.filter((call) => call !== "" && !asking.test(call)),
        };
    }

    removeLists() {
        fs.rmSync(path.join(this.root, "var/lib/apt/lists"), { recursive: true });
    }

    /** Runs `act` while another process holds the install's lock. */
    whileLocked<T>(act: () => T): T {
        this.write("run/lock/berth-install.lock", "4242\n");
        const holder = spawn("flock", [path.join(this.root, "run/lock/berth-install.lock"), "sleep", "30"], {
            detached: true,
            stdio: "ignore",
        });
        spawnSync("sleep", ["0.3"]);
        try {
            return act();
        } finally {
            if (holder.pid !== undefined) process.kill(-holder.pid);
        }
    }

    remove() {
        fs.rmSync(this.root, { recursive: true, force: true });
    }
}

function locate(name: string): string {
    // The system's own first: a version manager's shim in front of it needs more than itself on the PATH.
    const folders = `/usr/bin:/bin:/usr/sbin:${process.env["PATH"] ?? ""}`.split(":");
    const found = folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file));
    if (!found) throw new Error(`the tests of the shell script need the command ${name}`);
    return found;
}
