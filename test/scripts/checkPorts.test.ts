import { FakeServer } from "./fakes/fakeServer";

let server: FakeServer;
beforeEach(() => {
    server = new FakeServer();
    listens('0.0.0.0:22 0.0.0.0:* users:(("sshd",pid=7,fd=3))');
});
afterEach(() => server.remove());

const own = ["berth.project=berth", "berth.stack=dev"];
const check = (...ports: string[]) => server.run("check-ports.sh", ...own, "--", ...ports);
const listens = (...sockets: string[]) =>
    server.command("ss", sockets.map((socket) => `echo 'LISTEN 0 128 ${socket}'`).join("\n"));

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
    runs({ theirs: "0.0.0.0|8080|/shop" });
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
    runs({ theirs: "0.0.0.0|8080|/shop" });
    expect(check("8080").stderr).toMatch(/port 8080 of the server is taken by the container shop:/);
});

it("a container's port counts where no program stands for it", () => {
    runs({ theirs: "|8080|/shop" });
    expect(check("8080").stderr).toMatch(/the container shop:/);
});

it("a port of the stack's own containers passes", () => {
    listens('0.0.0.0:8080 0.0.0.0:* users:(("docker-proxy",pid=99,fd=7))');
    runs({ ours: "0.0.0.0|8080|/berth-dev-web" });
    expect(check("8080")).toEqual({ code: 0, stdout: "", stderr: "" });
});

it("an engine that does not answer hides nothing", () => {
    listens('0.0.0.0:8080 0.0.0.0:* users:(("docker-proxy",pid=99,fd=7))');
    runs({ answers: false });
    expect(check("8080").stderr).toMatch(/taken by docker-proxy \(pid 99\)/);
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
