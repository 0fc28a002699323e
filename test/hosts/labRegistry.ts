import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Stack, docker, expectSuccess, until } from "./project";

/** One of the lab's two registries: `open` is the one that every host of the lab asks first, in place of Docker Hub. */
export type LabRegistry = "open" | "private";

const PORTS = { open: 5000, private: 5001 };

/** What the private registry has from the beginning: busybox. */
export const PRIVATE_IMAGE = "private/app:1";

/**
 * Where this computer reaches a registry, `127.0.0.1:PORT`. After `forwardRegistry` a host reaches it at the same
 * address, and takes it without TLS as anything on its own loopback: so `${address}/private/app:1` is an image's name
 * for both. The port is another one each time that the lab starts.
 */
export async function registryAddress(registry: LabRegistry): Promise<string> {
    const [first] = (await docker("port", "berth-lab", `${PORTS[registry]}/tcp`)).split("\n");
    if (!first) throw new Error("the lab does not run: lab/internet/start.sh");
    return first;
}

/** Who may pull from and push to the private registry. */
export async function privateLogin(): Promise<{ username: string; password: string }> {
    const label = (name: string) =>
        docker("inspect", "--format", `{{ index .Config.Labels "berth.private-${name}" }}`, "berth-lab");
    return { username: await label("user"), password: await label("password") };
}

/**
 * Gives a tag of a registry another image, or makes the tag.
 *
 * @param image on the local engine, such as `berth/base:trixie`, or in the open registry, such as `nginx:1.26`
 * @param tag repository and tag, such as `moving:1` (a host's `moving:1` too, as Docker Hub's) or `private/app:2`
 * @returns the digest that the tag has now, `sha256:…`
 */
export async function pushTag(image: string, tag: string, registry: LabRegistry = "open"): Promise<string> {
    const target = `${await registryAddress(registry)}/${repositoryOf(tag, registry)}`;
    const source = await onLocalEngine(image);
    await withLogin(async (config) => {
        await docker("tag", source, target);
        await docker("--config", config, "push", "--quiet", target);
        await docker("rmi", target);
    });
    return digestOf(tag, registry);
}

/**
 * Builds an image on the local engine and pushes it. `FROM nginx:1.26` is the open registry's, as on a host.
 *
 * @returns the digest that the tag has now, `sha256:…`
 */
export async function pushBuilt(dockerfile: string, tag: string, registry: LabRegistry = "open"): Promise<string> {
    const address = await registryAddress("open");
    const from = dockerfile.replace(
        /^FROM (?!scratch)(\S+)/gm,
        (_, image: string) => `FROM ${address}/${repositoryOf(image)}`,
    );
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-build-"));
    const built = `berth-test/${path.basename(folder).toLowerCase()}`;
    try {
        fs.writeFileSync(path.join(folder, "Dockerfile"), from);
        await docker("build", "--quiet", "--force-rm", "--tag", built, folder);
        return await pushTag(built, tag, registry);
    } finally {
        fs.rmSync(folder, { recursive: true });
        await docker("rmi", built).catch(() => undefined); // where the build failed, that is the error
    }
}

/** The digest of a tag, `sha256:…`. */
export async function digestOf(tag: string, registry: LabRegistry = "open"): Promise<string> {
    const answer = await manifest("HEAD", tag, registry);
    if (answer.status !== 200) throw new Error(`the lab's registry has no ${tag}: HTTP ${answer.status}`);
    return answer.headers.get("docker-content-digest") ?? "";
}

/** Takes an image out of a registry, with all tags that are the same image: what asks for it afterwards finds nothing. */
export async function removeTag(tag: string, registry: LabRegistry = "open"): Promise<void> {
    const [repository] = tag.split(":");
    const { status } = await manifest("DELETE", `${repository}:${await digestOf(tag, registry)}`, registry);
    if (status !== 202) throw new Error(`${tag} stays in the lab's registry: HTTP ${status}`);
}

/**
 * Makes a registry reachable for a stack's host at the address that it has on this computer, until the host starts
 * anew. Only a host that runs can do so: the stack is up.
 *
 * @returns the address, `127.0.0.1:PORT`
 */
export async function forwardRegistry(stack: Pick<Stack, "ssh">, registry: LabRegistry): Promise<string> {
    const address = await registryAddress(registry);
    const unit = `lab-registry-${address.split(":")[1]}`;
    expectSuccess(
        await stack.ssh(
            `systemctl is-active --quiet ${unit}.socket || sudo systemd-run --quiet --collect --unit=${unit} ` +
                `--socket-property=ListenStream=${address} ` +
                `/usr/lib/systemd/systemd-socket-proxyd berth-lab:${PORTS[registry]}`,
        ),
    );
    await until(`the host reaches the registry at ${address}`, async () => {
        const { stdout } = await stack.ssh(`curl -s -o /dev/null -w '%{http_code}' --max-time 5 http://${address}/v2/`);
        return ["200", "401"].includes(stdout.trim());
    });
    return address;
}

/** `library/nginx:1.26` for `nginx:1.26`: the path in the open registry, as in Docker Hub. */
function repositoryOf(tag: string, registry: LabRegistry = "open"): string {
    return registry === "open" && !tag.includes("/") ? `library/${tag}` : tag;
}

async function onLocalEngine(image: string): Promise<string> {
    const found = await docker("image", "ls", "--quiet", image);
    if (found) return image;
    const name = `${await registryAddress("open")}/${repositoryOf(image)}`;
    await docker("pull", "--quiet", name);
    return name;
}

async function manifest(method: string, tag: string, registry: LabRegistry): Promise<Response> {
    const [repository = "", ...reference] = repositoryOf(tag, registry).split(":");
    const { username, password } = await privateLogin();
    return fetch(`http://${await registryAddress(registry)}/v2/${repository}/manifests/${reference.join(":")}`, {
        method,
        headers: {
            accept: "application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json",
            authorization: basic(username, password),
        },
    });
}

const basic = (username: string, password: string) =>
    `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

/** Runs something with a folder for `docker --config` that knows the private registry's login. */
async function withLogin(act: (config: string) => Promise<void>): Promise<void> {
    const { username, password } = await privateLogin();
    const auth = Buffer.from(`${username}:${password}`).toString("base64");
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-docker-"));
    try {
        const auths = { [await registryAddress("private")]: { auth } };
        fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify({ auths }));
        await act(folder);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}
