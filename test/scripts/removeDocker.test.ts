import { FakeServer } from "./fakes/fakeServer";

const SOURCE = "etc/apt/sources.list.d/docker.list";
let server: FakeServer;
beforeEach(() => {
    server = new FakeServer();
    for (const name of ["systemctl", "apt-get", "ip"]) server.command(name, "");
    server.command("mountpoint", "exit 1");
    server.command(
        "dpkg-query",
        "echo 'docker-ce installed'; echo 'containerd.io config-files'; echo 'docker-ce-cli not-installed'",
    );
    engine({});
    server.write("var/lib/docker/volumes/data", "");
    server.write("var/lib/containerd/x", "");
    server.write("var/lib/berth/daemon.json", '{"live-restore": true}');
    server.write("etc/docker/daemon.json", '{"live-restore": true}');
    server.write("usr/local/bin/docker-compose", "# Written by Berth: …");
    server.write("etc/apt/keyrings/docker.asc", "");
    server.write(SOURCE, "");
});
afterEach(() => server.remove());

const remove = () => server.run("remove-docker.sh");
const engine = ({ containers = "", berth = "" }) =>
    server.command(
        "docker",
        `case "$*" in *label=berth.stack*) [ -z "${berth}" ] || echo ${berth} ;; "ps -aq") echo ${containers} ;; esac`,
    );

it("takes containers, packages, data and what the install wrote", () => {
    engine({ containers: "a1 b2" });
    expect(remove()).toMatchObject({ code: 0, stderr: "" });
    expect(server.calls()).toContain("docker rm -f a1 b2");
    expect(server.calls().find((call) => call.startsWith("apt-get"))).toMatch(/ purge docker-ce containerd\.io$/);
    const gone = ["var/lib/docker", "var/lib/containerd", "var/lib/berth", "etc/docker", SOURCE];
    expect(
        [...gone, "etc/apt/keyrings/docker.asc", "usr/local/bin/docker-compose"].filter((f) => server.has(f)),
    ).toEqual([]);
});

it("leaves everything where another stack of Berth has containers, and says so", () => {
    engine({ containers: "a1", berth: "berth-other-web" });
    expect(remove()).toMatchObject({ code: 0, stderr: expect.stringMatching(/Docker stays: .*: berth-other-web\n/) });
    expect(server.calls().filter((call) => /^(apt-get|systemctl|docker rm)/.test(call))).toEqual([]);
    expect(server.has("var/lib/docker/volumes/data")).toBe(true);
});

it("leaves settings and a docker-compose that the owner of the server wrote", () => {
    server.write("etc/docker/daemon.json", '{"live-restore": true, "bip": "10.9.0.1/16"}');
    server.write("usr/local/bin/docker-compose", "#!/bin/sh\nexec podman-compose");
    expect(remove().code).toBe(0);
    expect(server.has("etc/docker/daemon.json")).toBe(true);
    expect(server.has("usr/local/bin/docker-compose")).toBe(true);
});

it("empties a mount point and leaves it", () => {
    server.command("mountpoint", "");
    expect(remove().code).toBe(0);
    expect(server.has("var/lib/docker")).toBe(true);
    expect(server.has("var/lib/docker/volumes")).toBe(false);
});

it("does nothing to a server where Docker is gone already", () => {
    remove();
    server.remove("calls");
    server.remove("bin/docker");
    server.command("dpkg-query", "exit 1");
    server.command("systemctl", "exit 5");
    server.command("ip", "exit 1");
    expect(remove()).toMatchObject({ code: 0, stderr: "" });
    expect(server.calls().filter((call) => call.startsWith("apt-get"))).toEqual([]);
});

it("says what went wrong when the packages stay", () => {
    server.command("apt-get", "echo 'E: Could not get lock /var/lib/dpkg/lock-frontend' >&2; exit 100");
    expect(remove()).toMatchObject({ code: 100, stderr: expect.stringContaining("Could not get lock") });
    expect(server.has("var/lib/docker/volumes/data")).toBe(true);
});
