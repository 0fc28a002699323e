import { execFileSync } from "node:child_process";
import { printableCommand } from "../../components/remote/printableCommand";
import { containerFindings, differences } from "../../scripts/lib/drift/containers";
import type { AskedContainer } from "../../scripts/lib/drift/asked";
import { type Expected, expectedOn } from "../../scripts/lib/drift/expected";
import { movedTags } from "../../scripts/lib/drift/images";
import { careFindings, engineFindings, plainVersion } from "../../scripts/lib/drift/machine";
import type { InspectedContainer, Survey } from "../../scripts/lib/drift/survey";
import { revealed } from "../../scripts/lib/state";

const GIB = 1024 ** 3;
const image = {
    Id: "sha256:1",
    RepoDigests: ["nginx@sha256:aa"],
    Env: ["PATH=/bin", "LANG=C"],
    Labels: { maintainer: "x" },
    Cmd: ["nginx"],
    Entrypoint: [],
    Volumes: ["/cache"],
};
const asked: AskedContainer = {
    name: "s-web",
    image: "sha256:1",
    envs: ["LANG=ko", "SECRET=a=b"],
    labels: [{ label: "berth.stack", value: "s" }],
    command: ["serve"],
    restart: "always",
    mustRun: true,
    memory: 64,
    ports: [
        { internal: 80, external: 8080, protocol: "tcp" },
        { internal: 80, external: 8080, protocol: "tcp" },
    ],
    volumes: [
        { containerPath: "/data", volumeName: "s_data" },
        { containerPath: "/etc/app", hostPath: "/srv/app", readOnly: true },
    ],
    mounts: [{ type: "volume", target: "/anonymous" }],
    tmpfs: { "/tmp": "" },
    networksAdvanced: [{ name: "s_default" }],
};
function made(change: (container: InspectedContainer) => void = () => undefined): InspectedContainer {
    const container: InspectedContainer = {
        Id: "c1",
        Name: "/s-web",
        Image: "sha256:1",
        State: { Status: "running", ExitCode: 0, OOMKilled: false },
        Config: {
            Image: "sha256:1",
            Env: ["PATH=/bin", "LANG=ko", "SECRET=a=b"],
            Labels: { maintainer: "x", "berth.stack": "s" },
            Cmd: ["serve"],
            Entrypoint: [],
        },
        HostConfig: {
            RestartPolicy: { Name: "always" },
            Memory: 64 * 1024 ** 2,
            Privileged: false,
            ReadonlyRootfs: false,
            PortBindings: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] },
            Tmpfs: { "/tmp": "" },
        },
        Mounts: [
            { Type: "volume", Name: "s_data", Source: "/v/s_data", Destination: "/data", RW: true },
            { Type: "bind", Source: "/srv/app", Destination: "/etc/app", RW: false },
            { Type: "volume", Name: "a".repeat(64), Source: "/v/a", Destination: "/anonymous", RW: true },
            { Type: "volume", Name: "b".repeat(64), Source: "/v/b", Destination: "/cache", RW: true },
        ],
        NetworkSettings: { Networks: { s_default: {} } },
    };
    change(container);
    return container;
}

test("a container that is as it was asked for has no difference", () =>
    expect(differences(asked, made(), [image])).toEqual([]));

test("a volume that Docker has named, and that is carried over by that name, is as asked for, and no other is", () => {
    const carried = { ...asked, mounts: [{ type: "volume", target: "/anonymous", source: "a".repeat(64) }] };
    expect(differences(carried, made(), [image])).toEqual([]);
    const other = made((c) => (c.Mounts[2]!.Name = "c".repeat(64)));
    expect(differences(carried, other, [image])).toEqual(["volumes (/anonymous)"]);
});

test("what a container takes from another one by volumes_from is not asked for by name", () => {
    const taking = { ...asked, volumes: [...(asked.volumes ?? []), { fromContainer: "c0:ro" }] };
    const more = { Type: "bind", Source: "/x", Destination: "/more", RW: false };
    expect(
        differences(
            taking,
            made((c) => c.Mounts.push(more)),
            [image],
        ),
    ).toEqual([]);
    expect(
        differences(
            taking,
            made((c) => c.Mounts.shift()),
            [image],
        ),
    ).toEqual(["volumes (/data)"]);
});

test.each<[string, (c: InspectedContainer) => void]>([
    ["image", (c) => ((c.Image = "sha256:2"), (c.Config.Image = "nginx"))],
    ["environment (LANG, MORE, SECRET)", (c) => (c.Config.Env = ["PATH=/bin", "LANG=C", "MORE="])],
    ["labels (berth.stack)", (c) => (c.Config.Labels = { maintainer: "x" })],
    ["command", (c) => (c.Config.Cmd = ["sh"])],
    ["restart", (c) => (c.HostConfig.RestartPolicy.Name = "no")],
    ["mem_limit", (c) => (c.HostConfig.Memory = 0)],
    ["privileged", (c) => (c.HostConfig.Privileged = true)],
    ["read_only", (c) => (c.HostConfig.ReadonlyRootfs = true)],
    ["ports", (c) => (c.HostConfig.PortBindings = {})],
    ["volumes (/data)", (c) => (c.Mounts[0]!.Name = "other")],
    ["volumes (/etc/app)", (c) => (c.Mounts[1]!.RW = true)],
    ["volumes (/data)", (c) => c.Mounts.shift()],
    ["volumes (/more)", (c) => c.Mounts.push({ Type: "bind", Source: "/x", Destination: "/more", RW: true })],
    ["networks", (c) => (c.NetworkSettings.Networks = { s_default: {}, bridge: {} })],
])("another %s is seen, and no value is said", (difference, change) =>
    expect(differences(asked, made(change), [image])).toContain(difference),
);

const expected: Expected = {
    containers: [{ id: "c1", asked }],
    networks: [{ id: "n1", name: "s_default" }],
    volumes: ["s_data"],
    versions: { engine: "28.5.2", compose: "2.40.3" },
    users: ["ubuntu", "dev"],
    version: "28.5",
    units: ["berth-start-order-s.service"],
    images: [{ reference: "nginx:1.30", id: "sha256:1" }],
    dedicated: true,
};
function surveyed(change: (survey: Survey) => void = () => undefined): Survey {
    const up = { enabled: "enabled", active: "active" };
    const survey: Survey = {
        engine: {
            failure: "",
            versions: { engine: "28.5.2", compose: "v2.40.3", containerd: "1", buildx: "1" },
            packages: {},
            missing: [],
            held: ["docker-ce"],
        },
        daemon: { broken: false, differing: [] },
        group: ["dev", "ubuntu"],
        units: { "docker.service": up, "containerd.service": up, "berth-start-order-s.service": up },
        containers: [made()],
        networks: [{ Id: "n1", Name: "s_default" }],
        volumes: ["s_data"],
        images: [image],
        disks: [{ path: "/", total: 100 * GIB, free: 50 * GIB, inodesFree: 0.9 }],
        certificates: [],
        reboot: { required: false, packages: [] },
        updates: { security: [], listsAge: 60 },
    };
    change(survey);
    return survey;
}
const context = { stack: "dev", labels: { "berth.stack": "s" } };
const found = (change: (survey: Survey) => void) => {
    const survey = surveyed(change);
    return [...engineFindings(expected, survey, "dev"), ...containerFindings(expected, survey, context)].map(
        ({ kind, name, found: what }) => `${kind} ${name} ${what}`,
    );
};

test("a host that is as it was made has no finding", () => {
    expect(found(() => undefined)).toEqual([]);
    expect(careFindings(surveyed(), "dev")).toEqual([]);
});

test.each<[string, (s: Survey) => void]>([
    ["package docker-compose-plugin is not installed", (s) => s.engine.missing.push("docker-compose-plugin")],
    ["version engine is 27.0.0, was 28.5.2", (s) => (s.engine.versions.engine = "27.0.0")],
    ["package docker-ce is not held at its version", (s) => (s.engine.held = [])],
    ["engine docker does not answer: no socket", (s) => (s.engine.failure = "no socket\nmore")],
    ["file /etc/docker/daemon.json is not JSON", (s) => (s.daemon.broken = true)],
    ["file /etc/docker/daemon.json has another log-opts.max-size", (s) => s.daemon.differing.push("log-opts.max-size")],
    ["user dev is not in the group docker", (s) => (s.group = ["ubuntu"])],
    ["unit docker.service does not start at boot (disabled)", (s) => (s.units["docker.service"]!.enabled = "disabled")],
    [
        "unit berth-start-order-s.service does not start at boot (not-found)",
        (s) => (s.units = { ...s.units, "berth-start-order-s.service": undefined as never }),
    ],
    ["network s_default is missing", (s) => (s.networks = [])],
    ["network s_default was made anew by somebody", (s) => (s.networks[0]!.Id = "n2")],
    ["volume s_data is missing, with its data", (s) => (s.volumes = [])],
    ["container s-web is missing", (s) => (s.containers = [])],
    ["container s-web was made anew by somebody, as it was", (s) => (s.containers = [made((c) => (c.Id = "c2"))])],
    [
        "container s-web was made anew by somebody, with another command",
        (s) => (s.containers = [made((c) => ((c.Id = "c2"), (c.Config.Cmd = ["sh"])))]),
    ],
    ["container s-web has another name", (s) => (s.containers[0]!.Name = "/other")],
    [
        "container s-web is stopped (exited, exit code 137, out of memory)",
        (s) => (s.containers[0]!.State = { Status: "exited", ExitCode: 137, OOMKilled: true }),
    ],
    [
        "container s-web was never started: exec: not found",
        (s) =>
            (s.containers[0]!.State = {
                Status: "created",
                ExitCode: 127,
                OOMKilled: false,
                Error: "exec: not found",
            }),
    ],
    ["container s-web is stopped (exited, exit code 0)", (s) => (s.containers[0]!.State.Status = "exited")],
    ["container s-web is paused", (s) => (s.containers[0]!.State.Status = "paused")],
    [
        "container s-web keeps restarting (exit code 3)",
        (s) => (s.containers[0]!.State = { Status: "restarting", ExitCode: 3, OOMKilled: false }),
    ],
    ["container s-web is unhealthy", (s) => (s.containers[0]!.State.Health = { Status: "unhealthy" })],
    [
        "container mine is not the stack's",
        (s) => s.containers.push(made((c) => ((c.Id = "x"), (c.Name = "/mine"), (c.Config.Labels = {})))),
    ],
    [
        "container old is the stack's by its labels, but not in its state",
        (s) => s.containers.push(made((c) => ((c.Id = "x"), (c.Name = "/old")))),
    ],
])("%s", (what, change) => expect(found(change)).toContain(what));

test("what may end has ended, and on a shared server others' containers are theirs", () => {
    const survey = surveyed((s) => {
        s.containers[0]!.State.Status = "exited";
        s.containers.push(made((c) => ((c.Id = "x"), (c.Name = "/mine"), (c.Config.Labels = {}))));
    });
    const containers = [{ id: "c1", asked: { ...asked, mustRun: false } }];
    expect(containerFindings({ ...expected, dedicated: false, containers }, survey, context)).toEqual([]);
});

test("every finding says what to do, and is drift", () => {
    const survey = surveyed((s) => ((s.containers = []), (s.group = [])));
    const all = [...engineFindings(expected, survey, "dev"), ...containerFindings(expected, survey, context)];
    expect(all).toHaveLength(3);
    for (const finding of all)
        expect(finding).toMatchObject({ level: "drift", remedy: "./scripts/up -s dev --repair" });
});

const pem = execFileSync("openssl", [
    ...["req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=a", "-days", "20"],
]).toString();
const DAY = 86_400_000;

test.each<[string, (s: Survey) => void, number]>([
    ["disk / has 5.0 GiB free (5 %)", (s) => (s.disks[0]!.free = 5 * GIB), 0],
    ["disk / has 2 % of its inodes free", (s) => (s.disks[0]!.inodesFree = 0.02), 0],
    ["certificate /x/a.crt ends in 4 days", (s) => s.certificates.push({ file: "/x/a.crt", pem }), 15 * DAY],
    ["certificate /x/a.crt ended 11 days ago", (s) => s.certificates.push({ file: "/x/a.crt", pem }), 30 * DAY],
    ["reboot host is required (linux-image)", (s) => (s.reboot = { required: true, packages: ["linux-image"] }), 0],
    ["updates security 2 pending: libc6, openssl", (s) => (s.updates.security = ["libc6", "openssl"]), 0],
    ["updates apt's lists are 9 days old", (s) => (s.updates.listsAge = 9 * 86_400), 0],
    ["updates apt's lists are not there", (s) => (s.updates.listsAge = null), 0],
])("%s: needs care, and is no drift", (what, change, later) => {
    const [finding, ...more] = careFindings(surveyed(change), "dev", Date.now() + later);
    expect(more).toEqual([]);
    expect(`${finding?.kind} ${finding?.name} ${finding?.found}`).toBe(what);
    expect(finding?.level).toBe("notice");
});

test("a certificate that is good for long needs no care", () =>
    expect(
        careFindings(
            surveyed((s) => s.certificates.push({ file: "/x/a.crt", pem })),
            "dev",
        ),
    ).toEqual([]));

test.each([
    ["v2.40.3", "2.40.3"],
    ["26.1.5+dfsg1", "26.1.5"],
    ["2.40.3-0ubuntu1", "2.40.3-0ubuntu1"],
    ["1.7.28~ds1-1", "1.7.28"],
])("version %s is %s", (text, plain) => expect(plainVersion(text)).toBe(plain));

test("a tag that has moved is seen; a digest does not move; a registry that does not answer is said", async () => {
    const survey = surveyed();
    const answer = (digest: string) => ({
        credentials: {},
        mirrors: ["https://mirror.example"],
        fetch: (() =>
            Promise.resolve(
                new Response(null, { status: 200, headers: { "docker-content-digest": `sha256:${digest}` } }),
            )) as typeof fetch,
    });
    const ask = (reference: string, options: Parameters<typeof movedTags>[2]) =>
        movedTags({ ...expected, images: [{ reference, id: "sha256:1" }] }, survey, options, "dev");
    const old = "a".repeat(64);
    survey.images[0]!.RepoDigests = [`nginx@sha256:${old}`];
    expect(await ask("nginx:1.30", answer(old))).toEqual([]);
    expect(await ask("nginx:1.30", answer("b".repeat(64)))).toMatchObject([{ level: "drift", kind: "image" }]);
    const pinned = `nginx:1.30@sha256:${old}`;
    expect(await ask(pinned, answer("b".repeat(64)))).toMatchObject([{ level: "drift", name: "nginx:1.30" }]);
    expect(await ask(`nginx@sha256:${old}`, answer("b".repeat(64)))).toEqual([]);
    const silent = { ...answer(old), fetch: (() => Promise.reject(new Error("no route"))) as typeof fetch };
    expect(await ask("nginx:1.30", silent)).toMatchObject([{ level: "notice", found: /cannot be asked for/ }]);
});

test("what is expected comes from the state, secrets and all", () => {
    const urn = (name: string, type: string) => `urn:pulumi:dev::berth::${type}::${name}`;
    const provider = urn("web1/engine-engine", "pulumi:providers:docker");
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", plaintext: '"A=1"' };
    expect(revealed({ envs: [secret, "B=2"] })).toEqual({ envs: ["A=1", "B=2"] });
    const type = "docker:index/container:Container";
    const result = expectedOn(
        { name: "web1", user: "ubuntu", address: "h", port: 22, options: [] },
        [
            { urn: provider, type: "pulumi:providers:docker", id: "p" },
            {
                urn: urn("web", type),
                type,
                id: "c1",
                provider: `${provider}::p`,
                inputs: { name: "web", envs: [secret] },
            },
            { urn: urn("other", type), type, id: "c2", provider: "elsewhere::p", inputs: { name: "other" } },
            {
                urn: urn("web1/engine-install", "command:remote:Command"),
                type: "command:remote:Command",
                inputs: { create: printableCommand("sudo -n bash -s -- --user ubuntu --user dev --version 28.5") },
                outputs: { stdout: '{"engine":"28.5.2"}' },
            },
            { urn: urn("web1/start-order", "command:remote:Command"), type: "command:remote:Command" },
        ],
        "berth-dev",
    );
    expect(result).toMatchObject({
        containers: [{ id: "c1", asked: { name: "web", envs: ["A=1"] } }],
        versions: { engine: "28.5.2" },
        users: ["ubuntu", "dev"],
        version: "28.5",
        units: ["berth-start-order-berth-dev.service"],
        dedicated: false,
    });
});
