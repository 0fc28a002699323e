import * as fc from "fast-check";
import { execFileSync } from "node:child_process";
import type { NetworkAttachment, ServiceSpec } from "../../components/services/compose";
import { type RunNames, dockerRun } from "../../components/services/dockerRun";
import { service } from "./services";

const names: RunNames = {
    name: "berth-dev-web",
    image: "nginx:1.30",
    network: (key) => `berth-dev_${key}`,
    address: () => undefined,
    volume: (key) => `berth-dev_${key}`,
    bind: (source) => (source.at === "host" ? source.path : `/var/lib/docker/berth/${source.name}`),
    file: ({ source }) => `./${source}`,
    container: (other) => `berth-dev-${other}`,
    aliases: ["web"],
};
const attachment: NetworkAttachment = { aliases: [], link_local_ips: [], driver_opts: {} };
const line = (spec: Partial<ServiceSpec>) => dockerRun(service(spec), names);
/** The words that a real shell makes of a line. */
const words = (text: string) =>
    execFileSync("bash", ["-c", `printf '%s\\0' ${text}`], { encoding: "utf8" })
        .split("\0")
        .slice(0, -1);
const options = (spec: Partial<ServiceSpec>) => words(line(spec)).slice(3);

test("the line of a plain web server is the one that people know", () => {
    const spec = { ports: [{ published: 8080, target: 80, protocol: "tcp" } as const] };
    expect(line(spec)).toBe("docker run --detach --name=berth-dev-web --publish=8080:80 nginx:1.30");
});

test.each<[string, Partial<ServiceSpec>, string[]]>([
    ["environment", { environment: { A: "b c" } }, ["--env=A=b c"]],
    ["a network", { networks: { front: attachment } }, ["--network=name=berth-dev_front,alias=web"]],
    [
        "an address in a network",
        { networks: { front: { ...attachment, aliases: ["www"], ipv4_address: "10.0.0.2" } } },
        ["--network=name=berth-dev_front,alias=web,alias=www,ip=10.0.0.2"],
    ],
    ["another service's network", { network_mode: "service:db" }, ["--network=container:berth-dev-db"]],
    [
        "ports",
        {
            ports: [
                { hostIp: "127.0.0.1", published: 53, target: 53, protocol: "udp" },
                { hostIp: "::1", target: 80, protocol: "tcp" },
            ],
        },
        ["--publish=127.0.0.1:53:53/udp", "--publish=[::1]::80"],
    ],
    [
        "a volume",
        { mounts: [{ type: "volume", target: "/data", read_only: true, nocopy: true, volume: "data" }] },
        ["--mount=type=volume,source=berth-dev_data,target=/data,readonly,volume-nocopy"],
    ],
    [
        "a path with a comma",
        {
            mounts: [
                {
                    type: "bind",
                    target: "/a",
                    read_only: false,
                    nocopy: false,
                    bind: { at: "host", path: "/a,b", create: true },
                },
            ],
        },
        [`--mount=type=bind,"source=/a,b",target=/a`],
    ],
    [
        "a tmpfs",
        { mounts: [{ type: "tmpfs", target: "/run", read_only: false, nocopy: false, tmpfs: { options: "size=1m" } }] },
        ["--tmpfs=/run:size=1m"],
    ],
    ["a restart policy", { restart: { condition: "on-failure", max_attempts: 3 } }, ["--restart=on-failure:3"]],
    [
        "a health check in words",
        { healthcheck: { test: ["CMD", "test", "-f", "/a b"], interval: 1500 } },
        ["--health-cmd=test -f '/a b'", "--health-interval=1500ms"],
    ],
    ["no health check", { healthcheck: { test: ["NONE"] } }, ["--no-healthcheck"]],
    ["limits", { cpus: "0.5", mem_limit: 1024 }, ["--cpus=0.5", "--memory=1024"]],
    [
        "GPUs",
        { device_requests: [{ count: -1, device_ids: [], capabilities: ["gpu"], options: {} }] },
        ["--gpus=count=all,capabilities=gpu"],
    ],
])("%s", (_, spec, expected) => {
    expect(options(spec)).toEqual(["--name=berth-dev-web", ...expected, "nginx:1.30"]);
});

test("an entrypoint's further words come before the command", () => {
    const said = options({ entrypoint: ["sh", "-c"], command: ["exec sleep 1"] });
    expect(said).toEqual(["--name=berth-dev-web", "--entrypoint=sh", "nginx:1.30", "-c", "exec sleep 1"]);
    expect(options({ entrypoint: [], command: ["sleep"] })).toContain("--entrypoint=");
});

test("a secret's value is not in the line", () => {
    const spec = { environment: { USER: "app", PASSWORD: "hunter2" }, secret_environment: ["PASSWORD"] };
    expect(options(spec)).toEqual(["--name=berth-dev-web", "--env=USER=app", "--env=PASSWORD", "nginx:1.30"]);
});

test("whatever is written, a shell reads the words that are meant, on one line", () => {
    const text = fc.string({ unit: "grapheme" }).filter((t) => !t.includes("\0"));
    const tricky = fc.oneof(
        text,
        fc.constantFrom("a\nb", "it's", '"', "$HOME", "`id`", "\\", "!!", "", "~", "*", "\\'\n"),
    );
    fc.assert(
        fc.property(fc.array(tricky, { maxLength: 5 }), tricky, (command, value) => {
            const written = line({ command, environment: { A: value } });
            expect(written).not.toContain("\n");
            expect(words(written)).toEqual([
                ...["docker", "run", "--detach", "--name=berth-dev-web", `--env=A=${value}`, "nginx:1.30"],
                ...command,
            ]);
        }),
        { numRuns: 60 },
    );
});
