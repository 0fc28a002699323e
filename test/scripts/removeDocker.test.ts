import * as fs from "node:fs";
import * as path from "node:path";
import { FakeServer } from "./fakes/fakeServer";

const SOURCE = "etc/apt/sources.list.d/docker.list";
const DATA = "var/lib/docker/volumes/berth-dev_data/_data/precious";
const OWN = ["berth.project=berth", "berth.stack=dev"];
const RM = "/bin/rm";
let server: FakeServer;
beforeEach(() => {
    server = new FakeServer();
    for (const name of ["systemctl", "apt-get", "ip"]) server.command(name, "");
    server.command(
        "dpkg-query",
        "echo 'docker-ce installed'; echo 'containerd.io config-files'; echo 'docker-ce-cli not-installed'",
    );
    engine({ ownVolumes: "berth-dev_data" });
    mounts();
    server.write(DATA, "");
    fs.mkdirSync(path.join(server.root, "var/lib/docker/containers"));
    server.write("var/lib/containerd/x", "");
    server.write("var/lib/berth/daemon.json", '{"live-restore": true}');
    server.write("etc/docker/daemon.json", '{"live-restore": true}');
    server.write("usr/local/bin/docker-compose", "# Written by Berth: …");
    server.write("etc/apt/keyrings/docker.asc", "");
    server.write(SOURCE, "");
});
afterEach(() => server.remove());

const remove = () => server.run("remove-docker.sh", ...OWN);

/** What is mounted on the server, besides its root. */
const mounts = (...folders: string[]) => {
    const lines = ["/", ...folders.map((folder) => path.join(server.root, folder))];
    server.write("proc/self/mountinfo", lines.map((at) => `1 0 8:1 / ${at} rw - ext4 /dev/sda rw\n`).join(""));
};

/** An engine with these containers and volumes; `own` carry the labels of the stack. */
function engine({
    own = "",
    theirs = "",
    ownVolumes = "",
    theirVolumes = "",
    fails = "never",
    folder = "/var/lib/docker",
    swarm = "inactive",
}) {
    const list = (ours: string, others: string) => `
        for name in ${ours}; do echo $name; done
        case "$*" in *"label=berth.project=berth --filter label=berth.stack=dev"*) ;; *)
            for name in ${others}; do echo $name; done ;; esac`;
    server.command(
        "docker",
        `[ "$1" != "${fails}" ] && [ "${fails}" != all ] || { echo 'Cannot connect to the Docker daemon' >&2; exit 1; }
        case $1 in ps) ${list(own, theirs)} ;; volume) ${list(ownVolumes, theirVolumes)} ;;
        info) case "$3" in *DockerRootDir*) echo ${folder} ;; *Swarm*) echo ${swarm} ;; esac ;; esac`,
    );
}
const uninstall = () => {
    server.remove("bin/docker");
    server.command("dpkg-query", "exit 1");
    server.command("systemctl", "exit 5");
    server.command("ip", "exit 1");
};
/** Docker runs on, with all that is in it. */
function expectNothingRemoved() {
    expect(server.calls().filter((call) => /^(apt-get|systemctl|docker rm)/.test(call))).toEqual([]);
    expect([DATA, "var/lib/containerd/x", SOURCE].filter((file) => !server.has(file))).toEqual([]);
}

it("takes containers, packages, data and what the install wrote", () => {
    engine({ own: "a1 b2", ownVolumes: "berth-dev_data" });
    expect(remove()).toMatchObject({ code: 0, stderr: "" });
    expect(server.calls()).toContain("docker rm -f a1 b2");
    expect(server.calls().find((call) => call.startsWith("apt-get"))).toMatch(/ purge docker-ce containerd\.io$/);
    const gone = ["var/lib/docker", "var/lib/containerd", "var/lib/berth", "etc/docker", SOURCE];
    expect(
        [...gone, "etc/apt/keyrings/docker.asc", "usr/local/bin/docker-compose"].filter((f) => server.has(f)),
    ).toEqual([]);
});

it.each([
    ["container", { own: "a1", theirs: "berth-other-web shop" }, /other containers .*: berth-other-web shop\n$/],
    ["volume", { ownVolumes: "berth-dev_data", theirVolumes: "berth-other_db" }, /other volumes .*: berth-other_db\n$/],
])("leaves everything where a %s is not the stack's, and names it", (_what, there, line) => {
    engine(there);
    expect(remove()).toMatchObject({ code: 0, stderr: expect.stringMatching(/^berth: Docker stays: /) });
    expect(remove().stderr).toMatch(line);
    expectNothingRemoved();
});

it("leaves everything where Docker's data is in another folder than the one that it would remove", () => {
    engine({ ownVolumes: "berth-dev_data", folder: "/mnt/d" });
    expect(remove()).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/^berth: Docker stays: .* in \/mnt\/d, /),
    });
    expectNothingRemoved();
});

it("leaves everything where Docker is part of a Swarm", () => {
    engine({ ownVolumes: "berth-dev_data", swarm: "active" });
    expect(remove()).toMatchObject({ code: 0, stderr: expect.stringMatching(/^berth: Docker stays: .* Swarm/) });
    expectNothingRemoved();
});

/** A containerd with a container in a namespace, and with others that are empty. */
const containerd = (namespace: string, fails = "never") =>
    server.command(
        "ctr",
        `case "$*" in *"${fails}"*) exit 1 ;; "namespaces list --quiet") echo default; echo moby; echo ${namespace} ;;
        "--namespace ${namespace} containers list --quiet") echo 0123 ;; esac`,
    );

it("leaves everything where something else has containers in the same containerd, and names it", () => {
    containerd("k8s.io");
    expect(remove()).toMatchObject({ code: 0, stderr: expect.stringMatching(/^berth: Docker stays: .*: k8s\.io\n$/) });
    expectNothingRemoved();
    containerd("k8s.io", "images list");
    expect(remove()).toMatchObject({ code: 1, stderr: expect.stringContaining("containerd does not answer") });
    expectNothingRemoved();
    containerd("moby");
    expect(remove()).toMatchObject({ code: 0, stderr: "" });
    expect(server.has(DATA)).toBe(false);
});

it.each(["all", "ps", "volume", "info"])("leaves everything where Docker does not answer (%s), and fails", (fails) => {
    engine({ ownVolumes: "berth-dev_data", fails });
    expect(remove()).toMatchObject({ code: 1, stderr: expect.stringContaining("Docker does not answer") });
    expectNothingRemoved();
});

it("a run that was cut short after it had looked is finished, though Docker is stopped or gone by now", () => {
    server.command("apt-get", "exit 100");
    expect(remove().code).toBe(100);
    engine({ fails: "all" });
    expect(remove().code).toBe(100); // not refused: it went on
    server.command("apt-get", "");
    server.command("rm", `case "$*" in *var/lib/docker*) kill -9 $PPID ;; *) exec ${RM} "$@" ;; esac`);
    expect(remove().code).not.toBe(0);
    server.command("rm", `exec ${RM} "$@"`);
    uninstall();
    expect(remove()).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(["var/lib/docker", "var/lib/berth"].filter((f) => server.has(f))).toEqual([]);
});

it.each(["var/lib/docker/containers/0123/config.v2.json", "var/lib/docker/volumes/shop_db/_data/x"])(
    "what came after an earlier run had looked is not taken for the stack's own: %s",
    (file) => {
        server.command("apt-get", "exit 100");
        remove();
        server.write(file, "");
        engine({ fails: "all" });
        expect(remove()).toMatchObject({ code: 1, stderr: expect.stringContaining("Docker does not answer") });
        expect(server.has(file)).toBe(true);
    },
);

it("a comparison that fails proves nothing", () => {
    server.command("apt-get", "exit 100");
    remove();
    engine({ fails: "all" });
    server.command("grep", "exit 2");
    expect(remove()).toMatchObject({ code: 1, stderr: expect.stringContaining("Docker does not answer") });
    expect(server.has(DATA)).toBe(true);
});

it("where Docker was taken off by hand, the data that it left stays, and a line says where", () => {
    uninstall();
    expect(remove()).toMatchObject({ code: 0, stderr: expect.stringMatching(/it stays in .*\/var\/lib\/docker\./) });
    expect(server.has(DATA)).toBe(true);
    expect(server.has(SOURCE)).toBe(false);
});

it("leaves settings and a docker-compose that the owner of the server wrote", () => {
    server.write("etc/docker/daemon.json", '{"live-restore": true, "bip": "10.9.0.1/16"}');
    server.write("usr/local/bin/docker-compose", "#!/bin/sh\nexec podman-compose");
    expect(remove().code).toBe(0);
    expect(server.has("etc/docker/daemon.json")).toBe(true);
    expect(server.has("usr/local/bin/docker-compose")).toBe(true);
});

it("empties a mount point and leaves it", () => {
    mounts("var/lib/docker");
    expect(remove().code).toBe(0);
    expect(server.has("var/lib/docker")).toBe(true);
    expect(server.has("var/lib/docker/volumes")).toBe(false);
});

it("leaves what a link of the server's leads to", () => {
    server.write("srv/docker/x", "");
    server.remove("var/lib/docker");
    fs.symlinkSync(path.join(server.root, "srv/docker"), path.join(server.root, "var/lib/docker"));
    expect(remove()).toMatchObject({ code: 0, stderr: expect.stringMatching(/led to .*srv\/docker, which stays\n/) });
    expect([server.has("var/lib/docker"), server.has("srv/docker/x")]).toEqual([false, true]);
});

it("does not descend into what is mounted below Docker's folder, and names it", () => {
    mounts("var/lib/docker/volumes/berth-dev_data/_data");
    expect(remove()).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/something is mounted below .*_data\. Unmount it, and run this again\n$/),
    });
    expect(server.has(DATA)).toBe(true);
    expect(server.calls().filter((call) => call.startsWith("apt-get"))).toEqual([]);
});

it("does nothing to a server where Docker is gone already", () => {
    remove();
    server.remove("calls");
    uninstall();
    expect(remove()).toMatchObject({ code: 0, stderr: "" });
    expect(server.calls().filter((call) => call.startsWith("apt-get"))).toEqual([]);
});

it("says what went wrong when the packages stay", () => {
    server.command("apt-get", "echo 'E: Could not get lock /var/lib/dpkg/lock-frontend' >&2; exit 100");
    expect(remove()).toMatchObject({ code: 100, stderr: expect.stringContaining("Could not get lock") });
    expect(server.has(DATA)).toBe(true);
});
