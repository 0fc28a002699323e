import { FakeHost, dockerKey } from "./fakes/fakeHost";

let host: FakeHost;
beforeEach(() => (host = new FakeHost()));
afterEach(() => host.remove());

const packages = "docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin";
const verb = (call: string) => call.replace(/^(\S+) .*?((?:install|update|remove)\b.*)?$/, "$1 $2").trim();

describe("a fresh host", () => {
    it("gets Docker in one pass: key, source, list, packages, group, a session of the user", () => {
        const run = host.install("--user", "deploy");
        expect(run).toMatchObject({ code: 0 });
        expect(run.calls.map(verb)).toEqual([
            "cloud-init",
            "curl",
            "apt-get update",
            `apt-get install --no-install-recommends --allow-downgrades --allow-change-held-packages ${packages}`,
            "usermod",
            "runuser",
        ]);
        expect(host.read("etc/apt/sources.list.d/docker.list")).toBe(
            `deb [arch=amd64 signed-by=${host.root}/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian trixie stable\n`,
        );
        expect(host.get("users")).toContain("deploy deploy docker");
    });

    it("answers with one line of JSON on stdout and one line a phase on stderr", () => {
        const run = host.install();
        expect(run.stdout).toBe('{"engine":"28.5.2","compose":"2.40.3","buildx":"0.29.1","containerd":"1.7.28"}\n');
        const names = "wait repository config conflicts packages daemon users verify".split(" ");
        expect(run.stderr.replace(/\d+\.\ds/g, "Ns")).toBe(names.map((n) => `berth: ${n.padEnd(10)} Ns\n`).join(""));
    });

    it("keeps its log to root and its files readable", () => {
        host.install();
        expect(host.mode("var/log/berth-install.log")).toBe(0o600);
        expect(host.mode("etc/apt/keyrings/docker.asc")).toBe(0o644);
        expect(host.mode("etc/docker/daemon.json")).toBe(0o644);
    });

    it("fetches Docker's list alone, and every list where the host has none", () => {
        expect(host.install().calls.find((call) => call.endsWith("update"))).toContain("Dir::Etc::sourceparts=-");
        const bare = new FakeHost();
        bare.removeLists();
        expect(bare.install().calls.find((call) => call.endsWith("update"))).not.toContain("Dir::Etc");
        bare.remove();
    });

    it("gets what the script itself needs first", () => {
        host.set("installed", "");
        expect(host.install().calls.map(verb)[1]).toMatch(/^apt-get install .* ca-certificates$/);
    });

    it("of Ubuntu and arm64 gets Docker's packages for those", () => {
        host.write("etc/os-release", "ID=ubuntu\nVERSION_CODENAME=noble\n");
        host.set("architecture", "arm64\n");
        host.install();
        const source = host.read("etc/apt/sources.list.d/docker.list");
        expect(source).toMatch(/^deb \[arch=arm64 .*\] https:\/\/download\.docker\.com\/linux\/ubuntu noble stable\n$/);
    });

    it("loses packages that would collide, and nothing else", () => {
        host.set("installed", "ca-certificates 1\ndocker.io 26\nrunc 1.1\nnginx 1.26\n");
        const run = host.install();
        expect(run.calls.map(verb)).toContain("apt-get remove docker.io runc");
        expect(host.get("installed")).toContain("nginx 1.26");
    });
});

describe("a second run", () => {
    it("does nothing", () => {
        const args = ["--user", "deploy", "--version", "28.5", "--registry-mirror", "http://mirror.test:5000"];
        const first = host.install(...args);
        const second = host.install(...args);
        expect(second.stdout).toBe(first.stdout);
        expect(second.calls.map(verb)).toEqual(["cloud-init", "runuser"]);
    });

    it("leaves the runc that containerd.io depends on", () => {
        host.install();
        host.set("installed", `${host.get("installed")}runc 1.1\n`);
        host.set("depends-containerd.io", "libc6 (>= 2.34), runc (>= 1.0), iptables");
        expect(host.install().calls.map(verb)).toEqual(["cloud-init"]);
    });

    it("finishes a restart that a broken-off run still owed", () => {
        host.install();
        host.set("fail-systemctl-restart", "Job for docker.service failed\n");
        expect(host.install("--log-max-size", "20m").stderr).toContain("the Docker daemon did not restart");
        host.unset("fail-systemctl-restart");
        expect(host.install("--log-max-size", "20m").calls).toContain("systemctl restart docker");
        expect(host.install("--log-max-size", "20m").calls).not.toContain("systemctl restart docker");
    });
});

describe("the repository's key", () => {
    it("of another fingerprint is refused before anything is installed", () => {
        host.set("key", `-----BEGIN PGP PUBLIC KEY BLOCK-----\nprimary ${"B".repeat(40)}\n`);
        const run = host.install();
        expect(run.code).toBe(1);
        expect(run.stderr).toContain(`got ${"B".repeat(40)}, expected ${dockerKey}`);
        expect(run.stderr).toContain("--apt-fingerprint");
        expect(run.calls.map(verb)).toEqual(["cloud-init", "curl"]);
        expect(host.has("etc/apt/keyrings/docker.asc")).toBe(false);
    });

    it.each([
        ["two primary keys", `-----BEGIN PGP\nprimary ${dockerKey}\nprimary ${"B".repeat(40)}\n`],
        ["two armoured blocks", `-----BEGIN PGP\nprimary ${dockerKey}\n-----BEGIN PGP\n`],
        ["no key", "<html>sign in</html>\n"],
    ])("with %s is refused", (_, key) => {
        host.set("key", key);
        const run = host.install();
        expect(run.code).toBe(1);
        expect(run.stderr).toContain("is not the expected one");
        expect(run.calls.map(verb)).not.toContain("apt-get update");
    });

    it("is fetched again when another fingerprint is asked for", () => {
        host.install();
        host.set("key", `-----BEGIN PGP PUBLIC KEY BLOCK-----\nprimary ${"C".repeat(40)}\n`);
        expect(host.install("--apt-fingerprint", "c".repeat(40)).code).toBe(0);
        expect(host.read("etc/apt/keyrings/docker.asc")).toContain("C".repeat(40));
    });
});

describe("--version", () => {
    it("pins the newest that it is a prefix of, and holds it", () => {
        const run = host.install("--version", "28.5");
        expect(run.code).toBe(0);
        expect(host.get("installed")).toContain("docker-ce 5:28.5.2-1~debian.13~trixie");
        expect(host.get("installed")).toContain("docker-ce-cli 5:28.5.2-1~debian.13~trixie");
        expect(host.get("held")).toBe("docker-ce\ndocker-ce-cli\n");
    });

    it("takes a version with its epoch, and goes down as well as up", () => {
        host.install();
        expect(host.get("installed")).toContain("docker-ce 5:28.50.1");
        host.install("--version", "5:28.5.1");
        expect(host.get("installed")).toContain("docker-ce 5:28.5.1");
    });

    it("that does not exist is answered with those that do", () => {
        const run = host.install("--version", "27");
        expect(run.code).toBe(1);
        expect(run.stderr).toContain("there is no docker-ce 27 for debian trixie amd64");
        expect(run.stderr).toContain("5:28.50.1-1~debian.13~trixie 5:28.5.2-1~debian.13~trixie");
        expect(run.calls.map(verb).filter((call) => call.includes("install"))).toEqual([]);
    });

    it("left out again lifts the hold it made, and never one of the host's owner", () => {
        host.install("--version", "28.5");
        host.install();
        expect(host.get("held")).toBe("");
        host.set("held", "docker-ce\n");
        host.install();
        expect(host.get("held")).toBe("docker-ce\n");
    });
});

describe("what goes wrong on hosts", () => {
    it.each([
        ["2", "ended with recoverable errors"],
        ["1", "failed with exit code 1"],
    ])("cloud-init's exit code %s is a warning", (code, warning) => {
        host.set("cloud-init", code);
        const run = host.install();
        expect(run.code).toBe(0);
        expect(run.stderr).toContain(`warning: cloud-init ${warning}`);
    });

    it("cloud-init is not asked again once it is done", () => {
        host.write("run/cloud-init/result.json", "{}");
        expect(host.install().calls.map(verb)).not.toContain("cloud-init");
    });

    it("a half-configured dpkg is repaired", () => {
        host.set("audit", "The following packages are only half configured");
        expect(host.install().calls).toContain("dpkg --configure -a");
    });

    it("a dpkg that was stopped before it wrote its database is repaired, though its audit is silent", () => {
        host.write("var/lib/dpkg/updates/0001", "");
        expect(host.install().calls).toContain("dpkg --configure -a");
    });

    it("a lock on apt is waited for, then its holder is named", () => {
        const text = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 123 (unattended-upgr)\n";
        host.set("fail-apt-get-install", text);
        const run = host.install("--wait", "1");
        expect(run.code).toBe(1);
        expect(run.stderr).toContain("phase packages failed: apt-get did not succeed");
        expect(run.stderr).toContain("apt is locked by process 123 (unattended-upgr), still after 1 s: let it end");
    });

    it.each([
        ["E: You don't have enough free space in /var/cache/apt/archives/.", "free some disk space (df -h)"],
        ["dpkg: error: failed to write: No space left on device", "free some disk space (df -h)"],
        [
            "E: dpkg was interrupted, you must manually run 'dpkg --configure -a'",
            "run it again, which repairs it first",
        ],
        ["E: Sub-process /usr/bin/dpkg exited unexpectedly", "run it again, which repairs it first"],
        ["E: Sub-process /usr/bin/dpkg returned an error code (1)", "fix what the lines above say"],
        ["E: Release file for http://x/InRelease is expired (invalid since 3d 1h)", "set the host's clock"],
        ["E: Failed to fetch http://x/Packages  Hash Sum mismatch", "is not the one that was signed"],
        ["E: Failed to fetch http://x/Packages  File has unexpected size (1 != 2)", "is not the one that was signed"],
    ])("of %j it says what to do", (text, remedy) => {
        host.set("fail-apt-get-install", `${text}\n`);
        const run = host.install();
        expect(run.code).toBe(1);
        expect(run.stderr.match(/what to do: .*/g)).toEqual([expect.stringContaining(remedy)]);
    });

    it("a dependency missing from old lists is found by fetching all lists, once", () => {
        host.set("fail-apt-get-install", "E: Unable to correct problems, you have held broken packages.\n");
        const run = host.install();
        expect(
            run.calls
                .map(verb)
                .filter((call) => call.startsWith("apt-get"))
                .map((call) => call.slice(0, 15)),
        ).toEqual(["apt-get update", "apt-get install", "apt-get update", "apt-get install"]);
    });

    it("a failing phase prints its name, the last 20 lines of its log and what to do", () => {
        const lines = Array.from({ length: 30 }, (_, i) => `line ${i + 1}`);
        host.set("fail-apt-get-update", [...lines, "E: Temporary failure resolving 'download.docker.com'"].join("\n"));
        const run = host.install();
        expect(run).toMatchObject({ code: 1, stdout: "" });
        expect(run.stderr).toContain("berth: phase repository failed");
        expect(run.stderr).toContain("  | line 12\n");
        expect(run.stderr).not.toContain("line 11\n");
        expect(run.stderr).toContain("what to do: no network");
    });

    it("a second install at the same time is turned away", () => {
        const run = host.whileLocked(() => host.install("--wait", "1"));
        expect(run.code).toBe(1);
        expect(run.stderr).toContain("has held");
        expect(run.calls.map(verb)).toEqual(["cloud-init"]);
    });

    it("a user who cannot use Docker in a new session is named", () => {
        host.set("fail-runuser", "permission denied while trying to connect\n");
        const run = host.install("--user", "deploy");
        expect(run.code).toBe(1);
        expect(run.stderr).toContain("user deploy cannot use Docker in a new session");
    });
});

describe("what the script refuses before it does anything", () => {
    it.each([
        [
            "distribution",
            () => host.write("etc/os-release", "ID=fedora\nVERSION_CODENAME=x\n"),
            "unsupported distribution 'fedora'",
        ],
        ["architecture", () => host.set("architecture", "riscv64"), "unsupported architecture 'riscv64'"],
    ])("another %s", (_, prepare, message) => {
        prepare();
        const run = host.install();
        expect(run.code).toBe(2);
        expect(run.stderr).toContain(message);
        expect(run.calls).toEqual([]);
    });

    it.each(["$(touch x)", "a;touch x", "-root", "Deploy", "a".repeat(33), "a\nb"])("the user name %j", (name) => {
        const run = host.install("--user", name);
        expect(run.code).toBe(2);
        expect(run.stderr).toContain("--user: got");
        expect(run.calls).toEqual([]);
        expect(host.has("x")).toBe(false);
    });

    it("a user who does not exist, with the command that makes one", () => {
        const run = host.install("--user", "ghost");
        expect(run.code).toBe(2);
        expect(run.stderr).toContain("there is no user 'ghost' here; make it first: useradd");
    });

    it("several wrong arguments, told all at once", () => {
        const run = host.install(
            "--log-max-size",
            "ten",
            "--apt-url",
            "ftp://x",
            "--apt-fingerprint",
            "9DC8",
            "--what",
        );
        expect(run.code).toBe(2);
        const named = ["--log-max-size", "--apt-url", "--apt-fingerprint", "--what"];
        for (const name of named) expect(run.stderr).toContain(name);
        expect(run.stderr.trim().split("\n")).toHaveLength(4);
    });
});

describe("users and commands", () => {
    it("only those who are not in the docker group yet are added", () => {
        const run = host.install("--user", "deploy", "--user", "ops");
        expect(run.calls.filter((call) => call.startsWith("usermod"))).toEqual(["usermod -aG docker -- deploy"]);
        expect(run.calls.filter((call) => call.startsWith("runuser"))).toHaveLength(2);
    });

    it("docker-compose runs docker compose", () => {
        host.install();
        expect(host.read("usr/local/bin/docker-compose")).toContain('exec docker compose "$@"');
        expect(host.mode("usr/local/bin/docker-compose")).toBe(0o755);
    });

    it("a docker-compose of the host's own stays", () => {
        host.write("usr/local/bin/docker-compose", "#!/bin/sh\nmine\n", 0o755);
        host.install();
        expect(host.read("usr/local/bin/docker-compose")).toBe("#!/bin/sh\nmine\n");
    });
});
