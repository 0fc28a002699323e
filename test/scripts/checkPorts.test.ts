import * as fs from "node:fs";
import * as path from "node:path";
import { FakeServer } from "./fakes/fakeServer";

let server: FakeServer;
beforeEach(() => {
    server = new FakeServer();
    listens('0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))');
});
afterEach(() => server.remove());

const own = ["berth.project=berth", "berth.stack=dev"];
const check = (...ports: string[]) => server.run("check-ports.sh", ...own, "--", ...ports);
const listens = (...sockets: string[]) => listensOn("tcp", ...sockets);
/** What is not named here has no listeners at all. */
const listensOn = (protocol: "tcp" | "udp" | "sctp", ...sockets: string[]) => {
    const lines = sockets.map((socket) => `echo '${protocol === "udp" ? "UNCONN" : "LISTEN"} 0 128 ${socket}'`);
    server.command("ss", `case "$*" in *--${protocol}*)\n${lines.join("\n")}\n;; esac`);
};

/** An engine with one container of another stack's or nobody's, and one of our own, by their ids. */
function runs({ theirs = "", ours = "", answers = true }: { theirs?: string; ours?: string; answers?: boolean }) {
    const ids = `echo ours; echo theirs`;
    const list = `case "$*" in *label=berth.project=berth*label=berth.stack=dev*) echo ours ;; *) ${ids} ;; esac`;
    const inspect = `shift 3; for id; do case $id in ours) echo '${ours}' ;; theirs) echo '${theirs}' ;; esac; done`;
    const body = `case $1 in ps) ${list} ;; inspect) ${inspect} ;; esac`;
    server.command("docker", answers ? body : "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
}

it("free ports pass, with and without an engine", () => {
    expect(check("80", "443")).toEqual({ code: 0, stdout: "", stderr: "" });
    runs({ theirs: "0.0.0.0|8080|80/tcp|/shop" });
    expect(check("80", "8081")).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("no port at all is fine", () => {
    expect(check()).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("ports of programs are refused by the program's name, all of them", () => {
    listens(
        '*:80 *:* users:(("apache2",pid=12,fd=4),("apache2",pid=11,fd=4))',
        '[::]:443 [::]:* users:(("my web server",pid=13,fd=4))',
        "0.0.0.0:2049 0.0.0.0:*",
    );
    expect(check("80", "81", "443", "2049")).toEqual({
        code: 1,
        stdout: "",
        stderr: [
            "berth: port 80 of the server is taken by apache2 (pid 12): publish another port, or stop it\n",
            "berth: port 443 of the server is taken by my web server (pid 13): publish another port, or stop it\n",
            "berth: port 2049 of the server is taken by an unknown process: publish another port, or stop it\n",
        ].join(""),
    });
});

it("a container of somebody else's is named, not the program that stands for it", () => {
    listens('0.0.0.0:8080 0.0.0.0:* users:(("docker-proxy",pid=99,fd=7))');
    runs({ theirs: "0.0.0.0|8080|80/tcp|/shop" });
    expect(check("8080").stderr).toMatch(/port 8080 of the server is taken by the container shop:/);
});

it("a container's port counts where no program stands for it", () => {
    runs({ theirs: "|8080|80/tcp|/shop" });
    expect(check("8080").stderr).toMatch(/the container shop:/);
});

it("a port of the stack's own containers passes", () => {
    listens('0.0.0.0:8080 0.0.0.0:* users:(("docker-proxy",pid=99,fd=7))');
    runs({ ours: "0.0.0.0|8080|80/tcp|/berth-dev-web" });
    expect(check("8080")).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("a port of UDP and the same port of TCP are two, and each is refused under its own name", () => {
    listensOn("udp", '127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=4,fd=13))');
    expect(check("53", "53/sctp")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(check("10.0.0.5:53/udp")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(check("53/udp").stderr).toBe(
        "berth: port 53/udp of the server is taken by systemd-resolve (pid 4): publish another port, or stop it\n",
    );
    listensOn("sctp", '0.0.0.0:3868 0.0.0.0:* users:(("diameter",pid=8,fd=3))');
    expect(check("3868", "3868/udp").code).toBe(0);
    expect(check("3868/sctp").stderr).toMatch(/port 3868\/sctp of the server is taken by diameter/);
});

it("a container's UDP port is in the way of UDP only", () => {
    runs({ theirs: "|5353|53/udp|/dns" });
    expect(check("5353").code).toBe(0);
    expect(check("5353/udp").stderr).toMatch(/port 5353\/udp of the server is taken by the container dns:/);
});

it("an engine that does not answer hides nothing", () => {
    listens('0.0.0.0:8080 0.0.0.0:* users:(("docker-proxy",pid=99,fd=7))');
    runs({ answers: false });
    expect(check("8080").stderr).toMatch(/taken by docker-proxy \(pid 99\)/);
});

it("containers that run on beside an engine that does not answer: their ports are not taken for free", () => {
    runs({ answers: false });
    server.write("proc/1/comm", "systemd\n");
    expect(check("8080").code).toBe(0);
    server.write("proc/42/comm", "containerd-shim\n");
    expect(check("8080")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("Docker does not say which ports"),
    });
});

it("an ss that fails does not say that ports are free", () => {
    server.command("ss", "exit 1");
    expect(check("8080").code).toBe(1);
});

it("a container that ends between two questions is asked for again", () => {
    runs({ theirs: "0.0.0.0|8080|80/tcp|/shop" });
    server.write("proc/42/comm", "containerd-shim\n");
    const file = path.join(server.root, "bin/docker");
    const answering = fs.readFileSync(file, "utf8");
    const once = `if [ $1 = inspect ] && [ ! -e ${server.root}/asked ]; then : >${server.root}/asked; exit 1; fi`;
    fs.writeFileSync(file, answering.replace("\ncase", `\n${once}\ncase`));
    expect(check("8080").stderr).toMatch(/the container shop:/);
    expect(server.has("asked")).toBe(true);
});

it.each([
    ["127.0.0.1:80", "127.0.0.1:80", true],
    ["127.0.0.1:80", "10.0.0.5:80", false],
    ["127.0.0.1:80", "0.0.0.0:80", true],
    ["127.0.0.1:80", "[::]:80", true],
    ["127.0.0.1:80", "*:80", true],
    ["127.0.0.53:53", "127.0.0.53%lo:53", true],
    ["127.0.0.1:80", "[::ffff:127.0.0.1]:80", true],
    ["127.0.0.1:80", "[::1]:80", false],
    ["80", "[::1]:80", true],
    ["[::1]:80", "[::1]:80", true],
    ["[::1]:80", "127.0.0.1:80", false],
    ["[::1]:80", "0.0.0.0:80", true],
    ["80", "10.0.0.5:80", true],
    ["80", "0.0.0.0:8080", false],
    ["8080", "0.0.0.0:80", false],
])("%s is wanted and %s is held: taken is %s", (wanted, held, taken) => {
    listens(`${held} 0.0.0.0:* users:(("nginx",pid=5,fd=6))`);
    expect(check(wanted).code).toBe(taken ? 1 : 0);
});

it("a server that cannot tell whose ports are whose is refused with the package that can", () => {
    server.remove("bin/ss");
    expect(check("80")).toMatchObject({ code: 1, stderr: expect.stringContaining("apt-get install iproute2") });
});
