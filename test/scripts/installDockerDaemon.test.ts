import { FakeHost } from "./fakes/fakeHost";

let host: FakeHost;
beforeEach(() => (host = new FakeHost()));
afterEach(() => host.remove());

const file = "etc/docker/daemon.json";
const written = () => JSON.parse(host.read(file)) as Record<string, unknown>;
const own = { "log-driver": "local", "log-opts": { "max-size": "10m", "max-file": "3" }, "live-restore": true };
const daemonCalls = (calls: string[]) => calls.filter((call) => /^systemctl (restart|reload)/.test(call));

it("a fresh host's daemon starts once, with bounded logs", () => {
    const run = host.install();
    expect(written()).toEqual(own);
    expect(daemonCalls(run.calls)).toEqual([]);
});

it("keys of the host's owner stay, in their order", () => {
    host.write(file, '{"insecure-registries":["r.test"],"log-opts":{"max-size":"1m"},"data-root":"/data"}');
    expect(host.install().code).toBe(0);
    expect(Object.keys(written()).slice(0, 3)).toEqual(["insecure-registries", "log-opts", "data-root"]);
    expect(written()).toEqual({
        ...own,
        "insecure-registries": ["r.test"],
        "data-root": "/data",
        "log-opts": { "max-size": "1m", "max-file": "3" },
    });
});

it("another log driver of the owner's stays, and the run says so", () => {
    host.write(file, '{"log-driver":"journald","log-opts":{"tag":"x"}}');
    const run = host.install();
    expect(written()).toEqual({ "log-driver": "journald", "log-opts": { tag: "x" }, "live-restore": true });
    expect(run.stderr).toContain("log-driver and log-opts are the host's own and stay");
});

it("mirrors are added to the owner's, change with the arguments and leave again", () => {
    host.write(file, '{"registry-mirrors":["https://theirs.test"]}');
    host.install("--registry-mirror", "http://a.test:5000");
    expect(written()["registry-mirrors"]).toEqual(["https://theirs.test", "http://a.test:5000"]);
    const second = host.install("--registry-mirror", "http://b.test:5000");
    expect(written()["registry-mirrors"]).toEqual(["https://theirs.test", "http://b.test:5000"]);
    expect(daemonCalls(second.calls)).toEqual(["systemctl reload docker"]);
    host.install();
    expect(written()["registry-mirrors"]).toEqual(["https://theirs.test"]);
});

it("changed log limits are applied with a restart, before which live-restore is made to count", () => {
    host.install();
    const run = host.install("--log-max-size", "20m", "--log-max-file", "5");
    expect(written()["log-opts"]).toEqual({ "max-size": "20m", "max-file": "5" });
    expect(daemonCalls(run.calls)).toEqual(["systemctl reload docker", "systemctl restart docker"]);
    expect(run.stderr).toContain("/etc/docker/daemon.json has changed: Docker restarts, and the containers run on\n");
});

it("a limit that the owner edited afterwards wins", () => {
    host.install();
    host.write(file, JSON.stringify({ ...own, "log-opts": { "max-size": "99m", "max-file": "3" } }));
    const run = host.install("--log-max-size", "20m");
    expect(written()["log-opts"]).toEqual({ "max-size": "99m", "max-file": "3" });
    expect(run.stderr).toContain("log-opts is the host's own and stays");
});

it("live-restore is left out in Swarm mode", () => {
    host.install();
    host.set("swarm", "active\n");
    const run = host.install();
    expect(written()).not.toHaveProperty("live-restore");
    expect(run.stderr).toContain("live-restore is left out");
});

it.each([
    ["broken JSON", '{\n  "data-root": "/data",\n}\n', /not valid JSON: .*line \d+ column \d+/],
    ["a list", "[]\n", /is not a JSON object/],
])("%s is named and left untouched, before any package is", (_, content, message) => {
    host.write(file, content);
    host.set("installed", "ca-certificates 1\ndocker.io 26\n");
    const run = host.install();
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).toContain("daemon.json");
    expect(host.read(file)).toBe(content);
    expect(host.get("installed")).toContain("docker.io");
});

it("a configuration that dockerd refuses is not put in place", () => {
    host.set("fail-dockerd", "unable to configure the Docker daemon: unknown option\n");
    const run = host.install();
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("unknown option");
    expect(run.stderr).toContain("dockerd refuses");
    expect(host.has(file)).toBe(false);
});

it.each(["docker", "containerd"])("%s starts at boot again where somebody disabled it", (unit) => {
    host.install();
    host.set("disabled", `${unit}\n`);
    expect(host.install().calls).toContain("systemctl enable --now containerd docker");
    expect(host.install().calls).not.toContain("systemctl enable --now containerd docker");
});

it.each([
    ["true", "Docker restarts, and the containers run on"],
    ["false", "Docker restarts, and all containers with it (live-restore is off)"],
])("another version says what restarts, with live-restore %s", (live, words) => {
    host.install("--version", "28.5.1");
    host.set("live-restore", `${live}\n`);
    const run = host.install("--version", "28.5.2");
    const versions = ["5:28.5.1-1~debian.13~trixie", "5:28.5.2-1~debian.13~trixie"];
    expect(run.stderr).toContain(`docker-ce ${versions.join(" becomes ")}: ${words}\n`);
    expect(host.install("--version", "28.5.2").stderr).not.toContain("restarts");
});
