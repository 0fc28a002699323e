import { FakeServer } from "./fakes/fakeServer";

let server: FakeServer;
afterEach(() => server.remove());

const survey = () => server.run("survey-host.sh");
const asksForPassword = "echo 'sudo: a password is required' >&2; exit 1";

it.each(["root", "admin"] as const)("%s on Debian gets one line of JSON, and nothing is changed", (login) => {
    server = new FakeServer(login);
    expect(survey()).toEqual({ code: 0, stdout: '{"machineId":"0123456789abcdef","firewall":""}\n', stderr: "" });
    expect(server.calls().filter((call) => !/^(id|sudo -n bash -c :)/.test(call))).toEqual([]);
});

it("Ubuntu will do", () => {
    server = new FakeServer();
    server.write("etc/os-release", 'ID=ubuntu\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\n');
    expect(survey().code).toBe(0);
});

it.each([
    [
        "Fedora",
        'ID=fedora\nPRETTY_NAME="Fedora Linux 43 (Server Edition)"\n',
        "the server runs Fedora Linux 43 (Server Edition)",
    ],
    ["a system without a name", "", "the server runs an unknown system"],
])("%s is refused by name", (_, release, message) => {
    server = new FakeServer();
    server.write("etc/os-release", release);
    expect(survey()).toEqual({ code: 1, stdout: "", stderr: `berth: ${message}: Berth needs Ubuntu or Debian\n` });
});

it("a login whose sudo asks for a password is refused with the line that mends it", () => {
    server = new FakeServer("admin");
    server.command("sudo", asksForPassword);
    const { code, stderr } = survey();
    expect(code).toBe(1);
    expect(stderr).toBe(
        "berth: admin may not use sudo without a password, and nobody is there to type one; " +
            "as root: echo 'admin ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/berth\n",
    );
});

it("a login in the group docker hears that this is not enough", () => {
    server = new FakeServer("admin");
    server.login("admin", "admin docker users");
    server.command("sudo", asksForPassword);
    expect(survey().stderr).toMatch(/without a password.*its group docker is enough to run containers, not to install/);
    server.remove("bin/sudo");
    expect(survey().stderr).toMatch(/the server has no sudo; its group docker is enough.*apt-get install sudo/);
});

it("a login on a server without sudo hears of root", () => {
    server = new FakeServer("admin");
    server.remove("bin/sudo");
    expect(survey()).toMatchObject({ code: 1, stderr: expect.stringMatching(/no sudo; set berth:host\.user to root/) });
});

it("all problems are told at once", () => {
    server = new FakeServer("admin");
    server.write("etc/os-release", 'ID=alpine\nPRETTY_NAME="Alpine Linux"\n');
    server.write("etc/machine-id", "");
    server.remove("run/systemd");
    server.command("sudo", asksForPassword);
    const lines = survey().stderr.trimEnd().split("\n");
    expect(lines).toEqual([
        expect.stringContaining("Alpine Linux"),
        expect.stringContaining("does not run systemd"),
        expect.stringContaining("/etc/machine-id is empty"),
        expect.stringContaining("without a password"),
    ]);
});

it.each(["root", "admin"] as const)("a firewall that is active is told, asked as root by %s", (login) => {
    const asRoot = 'if [ "$(id -u)" -ne 0 ]; then echo "You need to be root" >&2; exit 1; fi';
    server = new FakeServer(login);
    server.command("firewall-cmd", `${asRoot}; echo running`);
    expect(survey().stdout).toContain('"firewall":"firewalld"');
    server.command("ufw", `${asRoot}; echo 'Status: inactive'`);
    expect(survey().stdout).toContain('"firewall":"firewalld"');
    server.command("ufw", `${asRoot}; echo 'Status: active'`);
    expect(survey().stdout).toContain('"firewall":"ufw"');
    server.remove("bin/ufw");
    server.command("firewall-cmd", "echo 'not running' >&2; exit 252");
    expect(survey()).toMatchObject({ code: 0, stdout: expect.stringContaining('"firewall":""') });
});
