import * as pulumi from "@pulumi/pulumi";
import type { NetworkAttachment, ServiceSpec } from "../../components/services/compose";
import { containerArgs } from "../../components/services/containerArgs";
import type { ContainerRefs } from "../../components/services/containerRefs";
import { ignoredChanges, madeWith, madeWithLabel } from "../../components/services/readBack";
import { service } from "./services";

const refs: ContainerRefs = {
    name: "berth-dev-web",
    image: "sha256:1234",
    labels: { "berth.stack": "dev" },
    network: (key) => `berth-dev_${key}`,
    address: () => undefined,
    volume: (key) => `berth-dev_${key}`,
    bind: (source) => (source.at === "host" ? source.path : `/var/lib/docker/berth/${source.name}`),
    file: ({ source }) => `/var/lib/docker/berth/files/${source}`,
    container: (other) => pulumi.output(`id-of-${other}`),
    aliases: ["web"],
};
const args = (spec: Partial<ServiceSpec>) => containerArgs(service(spec), refs);
/** The arguments that are looked at: those that are not there are undefined. */
const some = (spec: Partial<ServiceSpec>, like: object) => {
    const all: Record<string, unknown> = { ...args(spec) };
    return Object.fromEntries(Object.keys(like).map((key) => [key, all[key]]));
};
const valueOf = <T>(output: pulumi.Input<T> | undefined) =>
    new Promise((resolve) => pulumi.output(output).apply((value) => resolve(value)));
const attachment: NetworkAttachment = { aliases: [], link_local_ips: [], driver_opts: {} };
const bind = { type: "bind", target: "/x", read_only: false, nocopy: false } as const;

describe("what runs", () => {
    test.each<[string, Partial<ServiceSpec>, object]>([
        ["the image's own", {}, { command: undefined, entrypoints: undefined }],
        ["a command", { command: ["a", "b"] }, { command: ["a", "b"], entrypoints: undefined }],
        ["an entrypoint alone", { entrypoint: ["a"] }, { entrypoints: ["a"], command: undefined }],
        ["no entrypoint", { entrypoint: [], command: ["a", "b"] }, { entrypoints: ["a"], command: ["b"] }],
        ["an empty word", { entrypoint: ["a"], command: ["b", ""] }, { entrypoints: ["a", "b", ""] }],
    ])("%s", (_, spec, expected) => {
        expect(some(spec, expected)).toMatchObject(expected);
    });

    test("each secret of the environment is a secret by itself, what is open is not", async () => {
        const { envs } = args({ environment: { USER: "app", PASSWORD: "hunter2" }, secret_environment: ["PASSWORD"] });
        const [open, secret] = envs as [string, pulumi.Output<string>];
        expect(open).toBe("USER=app");
        expect(await pulumi.isSecret(secret)).toBe(true);
        expect(await valueOf(secret)).toBe("PASSWORD=hunter2");
    });

    test("a refresh does not start again what may have ended", () => {
        const mustRun = (condition: ServiceSpec["restart"]["condition"]) => args({ restart: { condition } }).mustRun;
        expect([mustRun("no"), mustRun("on-failure")]).toEqual([false, false]);
        expect([mustRun("always"), mustRun("unless-stopped")]).toEqual([true, true]);
    });

    test("the time to stop counts when the container is removed too", () => {
        expect(args({})).toMatchObject({ destroyGraceSeconds: 10, stopTimeout: undefined });
        expect(args({ stop_grace_period: 90_500 })).toMatchObject({ destroyGraceSeconds: 91, stopTimeout: 91 });
    });

    test("a label tells a key that is taken away, which the provider would keep", () => {
        const label = (spec: Partial<ServiceSpec>) =>
            (args(spec).labels as { label: string; value: string }[]).find((l) => l.label === "berth.keys")?.value;
        expect(label({ command: ["a"], working_dir: "/a" })).toBe("command working_dir");
        expect(label({})).toBe("");
        const port = { target: 80, protocol: "tcp" } as const;
        expect(label({ ports: [port] })).not.toBe(label({ ports: [{ ...port, published: 8080 }] }));
    });
});

describe("networks", () => {
    test("its own name and the service's are found in each network, and the mode is left to the provider", () => {
        const networks = { front: { ...attachment, aliases: ["www", "web"] }, back: attachment };
        expect(args({ networks })).toMatchObject({
            networkMode: undefined,
            networksAdvanced: [
                { name: "berth-dev_front", aliases: ["berth-dev-web", "web", "www"] },
                { name: "berth-dev_back", aliases: ["berth-dev-web", "web"] },
            ],
        });
    });

    test("another service's network, processes and memory are those of its container", async () => {
        const joined = args({ network_mode: "service:db", pid: "service:db", ipc: "service:db" });
        for (const mode of [joined.networkMode, joined.pidMode, joined.ipcMode]) {
            expect(await valueOf(mode)).toBe("container:id-of-db");
        }
        expect(joined.networksAdvanced).toBeUndefined();
    });

    test("a port without an address is published on all of them, in the order in which it is read back", () => {
        const tcp = { protocol: "tcp" } as const;
        const ports = [
            { ...tcp, target: 443, published: 8443, hostIp: "127.0.0.1" },
            { ...tcp, target: 80, published: 8080 },
            { ...tcp, target: 22 },
        ];
        expect(args({ ports }).ports).toEqual([
            { ...tcp, internal: 22, external: undefined, ip: "0.0.0.0" },
            { ...tcp, internal: 80, external: 8080, ip: "0.0.0.0" },
            { ...tcp, internal: 80, external: 8080, ip: "::" },
            { ...tcp, internal: 443, external: 8443, ip: "127.0.0.1" },
        ]);
    });
});

describe("mounts", () => {
    test.each<[string, Partial<ServiceSpec>, object]>([
        [
            "a named volume",
            { mounts: [{ ...bind, type: "volume", volume: "data", read_only: true }] },
            { volumes: [{ containerPath: "/x", volumeName: "berth-dev_data", readOnly: true }] },
        ],
        [
            "an anonymous volume",
            { mounts: [{ ...bind, type: "volume" }] },
            { mounts: [{ type: "volume", target: "/x" }] },
        ],
        [
            "a folder that must be there",
            { mounts: [{ ...bind, bind: { at: "host", path: "/etc", create: false } }] },
            { mounts: [{ type: "bind", source: "/etc", target: "/x" }] },
        ],
        [
            "a folder that may be made",
            { mounts: [{ ...bind, bind: { at: "host", path: "/srv", create: true }, selinux: "z" }] },
            { volumes: [{ hostPath: "/srv", containerPath: "/x", selinuxRelabel: "z" }] },
        ],
        [
            "a tmpfs as docker writes it",
            { mounts: [{ ...bind, type: "tmpfs", tmpfs: { options: "size=1m" } }] },
            { tmpfs: { "/x": "size=1m" } },
        ],
        [
            "a tmpfs in the long form",
            { mounts: [{ ...bind, type: "tmpfs", tmpfs: { size: 1024, mode: 0o700 } }] },
            { mounts: [{ type: "tmpfs", tmpfsOptions: { sizeBytes: 1024, mode: 0o700 } }] },
        ],
        [
            "a secret",
            {
                files: [
                    {
                        section: "secrets",
                        source: "pw",
                        target: "/run/secrets/pw",
                        uid: 0,
                        gid: 0,
                        mode: 0o444,
                        content: Buffer.from("x"),
                        secret: true,
                    },
                ],
            },
            { mounts: [{ type: "bind", source: "/var/lib/docker/berth/files/pw", readOnly: true }] },
        ],
    ])("%s", (_, spec, expected) => {
        expect(some(spec, expected)).toMatchObject(expected);
    });

    test("another service's volumes are those of its container", async () => {
        const { volumes } = args({ volumes_from: [{ from: "db", container: false, read_only: true }] });
        expect(await valueOf(volumes)).toEqual([{ fromContainer: "id-of-db:ro" }]);
    });
});

describe("what the provider would read back otherwise", () => {
    test.each<[string, Partial<ServiceSpec>, object]>([
        [
            "capabilities",
            { cap_add: ["net_admin"], cap_drop: ["all"] },
            { capabilities: { adds: ["CAP_NET_ADMIN"], drops: ["ALL"] } },
        ],
        ["a path's last slash", { working_dir: "/srv/" }, { workingDir: "/srv" }],
        ["memory with its swap", { mem_limit: 64 * 1024 ** 2 }, { memory: 64, memorySwap: 128 }],
        ["unlimited swap", { mem_limit: 64 * 1024 ** 2, memswap_limit: -1 }, { memory: 64, memorySwap: -1 }],
        ["CPUs", { cpus: "1.50" }, { cpus: "1.5" }],
        ["one CPU", { cpus: "1" }, { cpus: "1.0" }],
        ["a small part of a CPU", { cpus: "0.05" }, { cpus: undefined, cpuPeriod: 100_000, cpuQuota: 5000 }],
        [
            "options of a container that shares the host's processes",
            { pid: "host", security_opt: ["no-new-privileges"] },
            { securityOpts: ["no-new-privileges", "label=disable"] },
        ],
        ["the image's platform", { platform: "linux/amd64" }, { platform: undefined }],
        [
            "a GPU's driver",
            { device_requests: [{ count: -1, device_ids: [], capabilities: ["gpu"], options: {} }] },
            { deviceRequests: [{ driver: "", count: -1, capabilities: ["gpu"] }] },
        ],
    ])("%s", (_, spec, expected) => {
        expect(some(spec, expected)).toMatchObject(expected);
    });

    const healthcheck = { test: ["CMD", "true"], interval: 1500 };
    const labelsOf = (spec: Partial<ServiceSpec>, image = "app:1") => madeWithLabel(service(spec), image);
    const made = (labels: Record<string, string>) =>
        madeWith(new Map([["web", { labels: Object.entries(labels).map(([label, value]) => ({ label, value })) }]]));
    const ignored = (spec: Partial<ServiceSpec>, before: Record<string, string>) =>
        ignoredChanges("web", service(spec), labelsOf(spec), made(before));

    test("a health check that the container was made with is no change", () => {
        expect(ignored({ healthcheck }, labelsOf({ healthcheck }))).toEqual(["healthcheck"]);
    });

    test("another check, another image, or none before, is one", () => {
        expect(ignored({ healthcheck: { ...healthcheck, retries: 2 } }, labelsOf({ healthcheck }))).toEqual([]);
        expect(ignored({ healthcheck }, labelsOf({ healthcheck }, "app:2"))).toEqual([]);
        expect(ignored({ healthcheck }, {})).toEqual([]);
    });

    test("ports, options of the log, and swap that is not said, are read back otherwise too", () => {
        const ports = (["tcp", "udp"] as const).map((protocol) => ({ published: 53, target: 53, protocol }));
        const spec = { ports, logging: { options: { "max-size": "1m" } }, mem_limit: 64 * 1024 ** 2 };
        expect(ignored(spec, labelsOf(spec))).toEqual(["ports", "logOpts", "memorySwap"]);
    });

    test("the same ports in another order are the same ports", () => {
        const [a, b] = [80, 443].map((target) => ({ target, published: target, protocol: "tcp" as const }));
        if (!a || !b) throw new Error("no ports");
        expect(labelsOf({ ports: [a, b] })).toEqual(labelsOf({ ports: [b, a] }));
    });

    test("what is read back as it is needs no label", () => {
        expect(labelsOf({ command: ["a"], networks: { front: attachment }, cpus: "0.5" })).toEqual({});
    });
});
