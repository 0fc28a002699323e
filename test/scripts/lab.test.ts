import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
    PRIVATE_IMAGE,
    digestOf,
    privateLogin,
    pushBuilt,
    pushTag,
    registryAddress,
    removeTag,
} from "../hosts/labRegistry";
import { until } from "../hosts/project";

interface Lab {
    aptUrl: string;
    aptFingerprint: string;
    registryMirror: string;
    network: string;
    nginx: string[];
}

const folder = resolve(__dirname, "../../lab/internet");
const minute = 60_000;

const script = (name: string): string => execFileSync(join(folder, name), { encoding: "utf8" });
const start = (): Lab => JSON.parse(script("start.sh")) as Lab;
const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: "pipe" }).trim();
const dockerSucceeds = (...args: string[]): boolean => spawnSync("docker", args, { stdio: "ignore" }).status === 0;

const labIsRunning = (): boolean =>
    spawnSync("docker", ["inspect", "--format", "{{ .State.Running }}", "berth-lab"], {
        encoding: "utf8",
    }).stdout.trim() === "true";

/** What a host in the lab's network gets from this URL. */
const fetchInLab = (url: string): string => docker("exec", "berth-lab", "curl", "-fsS", "--max-time", "20", url);

const labLabel = (label: string): string =>
    docker("inspect", "--format", `{{ index .Config.Labels "${label}" }}`, "berth-lab");

const wasRunning = labIsRunning();
let lab: Lab;

// The first build takes about a minute and a half; the time is for a busy machine.
beforeAll(() => {
    lab = start();
}, 15 * minute);

afterAll(() => {
    if (!wasRunning) script("stop.sh");
}, minute);

test("lab: start says where the apt repository, the registry and the network are", () => {
    expect(lab).toEqual({
        aptUrl: "http://berth-lab:8081",
        aptFingerprint: expect.stringMatching(/^[0-9A-F]{40}$/) as string,
        registryMirror: "http://berth-lab:5000",
        network: "berth-lab",
        nginx: expect.arrayContaining(["1.26"]) as string[],
    });
});

test("lab: a second start gives the same answer from the same container", () => {
    const container = docker("inspect", "--format", "{{ .Id }}", "berth-lab");
    expect(start()).toEqual(lab);
    expect(docker("inspect", "--format", "{{ .Id }}", "berth-lab")).toBe(container);
});

describe("lab: the apt repository", () => {
    let keyring: string;

    beforeAll(() => {
        keyring = mkdtempSync(join(tmpdir(), "berth-lab-gpg-"));
        execFileSync("gpg", ["--homedir", keyring, "--batch", "--quiet", "--import"], {
            input: fetchInLab(`${lab.aptUrl}/gpg`) + "\n",
            stdio: "pipe",
        });
    });

    afterAll(() => {
        spawnSync("gpgconf", ["--homedir", keyring, "--kill", "all"]);
        rmSync(keyring, { recursive: true, force: true });
    });

    test("is signed by the key whose fingerprint start prints", () => {
        const release = join(keyring, "InRelease");
        writeFileSync(release, fetchInLab(`${lab.aptUrl}/dists/trixie/InRelease`) + "\n");
        const status = execFileSync("gpg", ["--homedir", keyring, "--batch", "--status-fd", "1", "--verify", release], {
            encoding: "utf8",
            stdio: "pipe",
        });
        expect(status).toMatch(new RegExp(`^\\[GNUPG:\\] VALIDSIG ${lab.aptFingerprint} `, "m"));
    });

    test("offers two engine versions under Docker's own names, and says that they are stand-ins", () => {
        const packages = fetchInLab(`${lab.aptUrl}/dists/trixie/stable/binary-amd64/Packages`).split("\n\n");
        const field = (entry: string, name: string): string =>
            new RegExp(`^${name}: (.*)$`, "m").exec(entry)?.[1] ?? "";
        const versions = (name: string): string[] =>
            packages.filter((entry) => field(entry, "Package") === name).map((entry) => field(entry, "Version"));
        const expected = labLabel("berth.fallback").includes("Docker") ? 1 : 2;

        for (const name of [
            "docker-ce",
            "docker-ce-cli",
            "containerd.io",
            "docker-buildx-plugin",
            "docker-compose-plugin",
        ]) {
            expect(versions(name)).toHaveLength(expected);
        }
        expect(versions("docker-ce")).toContainEqual(expect.stringMatching(/^5:26\.1\./));
        for (const entry of packages.filter((text) => text.trim() !== ""))
            expect(field(entry, "Description")).toMatch(/stand-in/);
    });
});

describe("lab: the registry", () => {
    const manifest = (tag: string): string =>
        docker(
            "exec", "berth-lab", "curl", "-fsS", "--max-time", "20", "-H", "Accept: application/vnd.docker.distribution.manifest.v2+json",
            `${lab.registryMirror}/v2/library/nginx/manifests/${tag}`,
        ); // prettier-ignore

    test("has every nginx that start names, and the newest is latest", () => {
        const { tags } = JSON.parse(fetchInLab(`${lab.registryMirror}/v2/library/nginx/tags/list`)) as {
            tags: string[];
        };
        expect(tags).toEqual(expect.arrayContaining([...lab.nginx, "latest"]));
        expect(manifest("latest")).toBe(manifest(lab.nginx[lab.nginx.length - 1]!));
    });

    test("its nginx serves a page and logs to the container's output", () => {
        const published = docker("port", "berth-lab", "5000/tcp").split("\n")[0]!;
        const image = `${published}/library/nginx:${lab.nginx[0]!}`;
        const name = `berth-lab-test-nginx-${String(process.pid)}`;
        try {
            docker("run", "-d", "--name", name, "--label", "berth.lab=1", image);
            expect(
                docker(
                    "exec",
                    name,
                    "curl",
                    "-fsS",
                    "--retry",
                    "20",
                    "--retry-connrefused",
                    "--retry-delay",
                    "1",
                    "http://127.0.0.1/",
                ),
            ).toMatch("Welcome to nginx!");
            expect(docker("logs", name)).toMatch("GET / HTTP/1.1");
            expect(
                docker(
                    "inspect",
                    "--format",
                    '{{ index .Config.Labels "org.opencontainers.image.description" }}',
                    name,
                ),
            ).toMatch("stand-in");
        } finally {
            dockerSucceeds("rm", "-f", name);
            dockerSucceeds("rmi", image);
        }
    });
});

describe("lab: the small images", () => {
    const runOnce = async (image: string, ...command: string[]): Promise<string> => {
        const name = `${await registryAddress("open")}/library/${image}`;
        try {
            return docker("run", "--rm", "--label", "berth.lab=1", name, ...command);
        } finally {
            dockerSucceeds("rmi", name);
        }
    };

    test("busybox and redis have the official images' tags, and say that they are stand-ins", async () => {
        const expected = { busybox: ["1", "1.37", "latest"], redis: ["8", "8.0", "latest"] };
        for (const [name, wanted] of Object.entries(expected)) {
            const url = `${lab.registryMirror}/v2/library/${name}/tags/list`;
            expect((JSON.parse(fetchInLab(url)) as { tags: string[] }).tags).toEqual(expect.arrayContaining(wanted));
            const image = `${await registryAddress("open")}/library/${name}`;
            docker("pull", "--quiet", image);
            expect(docker("inspect", "--format", "{{ json .Config.Labels }}", image)).toMatch("stand-in");
            dockerSucceeds("rmi", image);
        }
    });

    test("busybox finds its applets", async () => {
        expect(await runOnce("busybox:1.37", "sh", "-c", "id -un && echo hello | wc -c")).toBe("root\n6");
    });

    test("redis serves other containers, not as root", async () => {
        const image = `${await registryAddress("open")}/library/redis:8`;
        const name = `berth-lab-test-redis-${String(process.pid)}`;
        const cli = (...words: string[]) =>
            docker("run", "--rm", "--label", "berth.lab=1", "--network", lab.network, image, "redis-cli", ...words);
        try {
            docker("run", "-d", "--name", name, "--label", "berth.lab=1", "--network", lab.network, image);
            await until("redis answers", () => dockerSucceeds("exec", name, "redis-cli", "ping"));
            expect(cli("-h", name, "set", "key", "value")).toBe("OK");
            expect(docker("exec", name, "stat", "--format", "%U", "/proc/1")).toBe("redis");
            expect(docker("run", "--rm", "--label", "berth.lab=1", image, "--version")).toMatch(/^Redis server v=8/);
        } finally {
            dockerSucceeds("rm", "-f", "-v", name);
            dockerSucceeds("rmi", image);
        }
    });
});

test("lab: a tag that is pushed again is another image", async () => {
    const tag = `moving-${String(process.pid)}:1`;
    const first = await pushTag("busybox:1.37", tag);
    expect(first).toBe(await digestOf("busybox:1.37"));
    const second = await pushBuilt("FROM busybox:1.37\nLABEL version=2", tag);
    expect(second).not.toBe(first);
    expect(await digestOf(tag)).toBe(second);
    await removeTag(tag);
    await expect(digestOf(tag)).rejects.toThrow(/404/);
    expect(await digestOf("busybox:1.37")).toBe(first);
    dockerSucceeds("rmi", `${await registryAddress("open")}/library/busybox:1.37`);
});

test("lab: the private registry gives its image to those who log in", async () => {
    const { username, password } = await privateLogin();
    const statusOf = async (user: string) => {
        const authorization = `Basic ${Buffer.from(user).toString("base64")}`;
        const url = `http://${await registryAddress("private")}/v2/private/app/manifests/1`;
        return (await fetch(url, { headers: { authorization } })).status;
    };
    expect(await statusOf("nobody:nothing")).toBe(401);
    expect(await statusOf(`${username}:wrong`)).toBe(401);
    expect(await statusOf(`${username}:${password}`)).toBe(200);
    expect(await digestOf(PRIVATE_IMAGE, "private")).toMatch(/^sha256:/);
});

test("lab: stop keeps a network that a host is still in, and says which host", () => {
    const name = `berth-lab-test-host-${String(process.pid)}`;
    try {
        docker(
            "run",
            "-d",
            "--name",
            name,
            "--label",
            "berth.lab=1",
            "--network",
            lab.network,
            "berth/base:trixie",
            "sleep",
            "300",
        );
        const stop = spawnSync(join(folder, "stop.sh"), { encoding: "utf8" });
        expect(stop.status).toBe(0);
        expect(stop.stderr).toMatch(name);
        expect(labIsRunning()).toBe(true);
        expect(dockerSucceeds("network", "inspect", lab.network)).toBe(true);
    } finally {
        dockerSucceeds("rm", "-f", name);
    }
});
