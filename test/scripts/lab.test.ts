import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PRIVATE_IMAGE, digestOf, privateLogin, registryAddress } from "../hosts/labRegistry";

interface Lab {
    aptUrl: string;
    aptFingerprint: string;
    registryMirror: string;
    registryHere: string;
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
        registryHere: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
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
