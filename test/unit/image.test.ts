import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DockerEngine } from "../../components/engine";
import { LocalHost } from "../../components/host";
import type { BuildSpec } from "../../components/services/compose";
import {
    BuiltImage,
    type BuiltImageArgs,
    PulledImage,
    type PulledImageArgs,
    registryAuth,
} from "../../components/services/image";
import { privateLines } from "../../components/services/image/buildPrivate";
import { repositoryName } from "../../components/services/image/builtImage";
import { inputsOf, isSecret, names, reset, settle, unwrap } from "./mocks";
import { build as plainBuild } from "./services";

const DIGEST = `sha256:${"a".repeat(64)}`;
let folder: string;
beforeEach(() => {
    reset();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "image-"));
    fs.writeFileSync(path.join(folder, "Dockerfile"), "FROM scratch");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function engine(auth?: ReturnType<typeof registryAuth>) {
    const labels = { "berth.stack": "test" };
    const host = new LocalHost("host", { machineName: "m", image: "i", sshPort: 1, publishedPorts: [], labels });
    return new DockerEngine("engine", { host, labels, users: [], registryAuth: auth });
}
async function pulled(args: Partial<PulledImageArgs>) {
    const image = new PulledImage("web", { engine: engine(), image: "nginx:1.30", policy: "missing", ...args });
    await settle();
    return image;
}

test("an image is asked for by its reference and stays when the service goes", async () => {
    const image = await pulled({ platform: "linux/arm64" });
    expect(image.key).toBe("nginx:1.30");
    expect(inputsOf("web-image")).toEqual({ name: "nginx:1.30", keepLocally: true, platform: "linux/arm64" });
});

test("a tag that was asked is pulled by what it stands for now, so that the plan shows when it has moved", async () => {
    const image = await pulled({ policy: "always", digest: DIGEST });
    expect(image.key).toBe(`nginx:1.30@${DIGEST}`);
    expect(inputsOf("web-image").name).toBe(image.key);
});

test("with pull_policy never the host is asked, and nothing is pulled", async () => {
    await pulled({ policy: "never", image: "me/app:1" });
    const { create } = inputsOf("web-image");
    expect(create).toMatch(/^docker image inspect --format '\{\{\.Id\}\}' me\/app:1 /);
    expect(create).toContain(
        "berth: the host has no image me/app:1, and its pull_policy is never: build or load it there",
    );
});

const build = (more: Partial<BuildSpec> = {}) => plainBuild({ context: { local: folder }, ...more });
async function built(args: Partial<BuiltImageArgs> = {}) {
    reset();
    const image = new BuiltImage("web", {
        engine: engine(),
        prefix: "berth-test",
        service: "Web",
        build: build(),
        ...args,
    });
    await new Promise((resolve) => image.imageId.apply(resolve)); // its archive takes longer than a turn
    const [name = ""] = names().filter((n) => /^web-build-[0-9a-f]{12}$/.test(n));
    return { image, name, inputs: inputsOf(name) };
}

test("a build's tag is known in the plan and changes with what is built", async () => {
    const first = await built();
    expect(first.image.key).toMatch(/^berth-test-web:[0-9a-f]{12}$/);
    const again = await built();
    expect([again.image.key, again.name]).toEqual([first.image.key, first.name]);
    fs.writeFileSync(path.join(folder, "new"), "");
    const other = await built();
    expect(other.image.key).not.toBe(first.image.key);
    expect(other.name).not.toBe(first.name);
});

test("the host builds from the archive, under the tag, with the service's image as another", async () => {
    const { image, name, inputs } = await built({ tags: ["me/web:1"], platform: "linux/amd64" });
    const archive = String(inputsOf(`${name}-upload`).remotePath);
    expect(inputs.create).toBe(
        `sudo -n bash -s -- build /var/lib/docker/berth/berth-test ${image.key} ${archive} '' ` +
            "--platform linux/amd64 --tag me/web:1 --file Dockerfile context",
    );
    expect(inputs.delete).toBe(`sudo -n bash -s -- remove /var/lib/docker/berth/berth-test ${image.key}`);
    expect(inputs.triggers).toEqual(["host-docker-id"]);
});

/** Pulumi's mocks know no hooks yet. */
function allowHooks() {
    const monitor = pulumi.runtime.getMonitor() as unknown as Record<string, unknown>;
    monitor["registerResourceHook"] = (_: unknown, done: (error: null, answer: object) => void) => done(null, {});
}

test("neither a build's secrets nor a registry's password are inputs of anything", async () => {
    allowHooks();
    const { inputs } = await built({
        build: build({ secrets: { token: { content: Buffer.from("hunter2") } } }),
        registries: { "ghcr.io": { username: "me", password: "hunter3" } },
    });
    const text = JSON.stringify({ ...inputs, stdin: String(inputs.stdin) });
    for (const secret of ["hunter2", "hunter3"]) {
        expect(text).not.toContain(secret);
        expect(text).not.toContain(Buffer.from(secret).toString("base64"));
    }
    expect(inputs.create).toMatch(/ \.berth-test-[0-9a-f]{16}\.private /);
});

test("the host reads secrets byte for byte", () => {
    const secrets: Parameters<typeof privateLines>[0] = [["token", { content: Buffer.from("a\n\0b") }]];
    expect(privateLines(secrets, "{}")).toBe("secret token YQoAYg==\nregistries e30=\n");
});

test.each([
    ["berth-Local-web_1", "berth-local-web_1"],
    ["berth-x--y..z", "berth-x-y.z"],
    ["-berth-ü-", "berth"],
])("%s is %s in a tag", (text, expected) => {
    expect(repositoryName(text)).toBe(expected);
});

test("the engine's provider pulls with the registries' passwords, which stay secret", async () => {
    engine(registryAuth({ "docker.io": { username: "me", password: "hunter2" } }));
    await settle();
    const { registryAuth: given } = inputsOf("engine-engine");
    expect(isSecret(given)).toBe(true);
    expect(JSON.parse(unwrap(given) as string)).toEqual([
        { address: "registry-1.docker.io", username: "me", password: "hunter2" },
    ]);
});

test("for Amazon ECR the provider's config is the same at each run: the helper has the token", async () => {
    const host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
    engine(registryAuth({ [host]: { ecr: true } }));
    await settle();
    expect(JSON.parse(inputsOf("engine-engine").registryAuth as string)).toEqual([
        { address: host, configFileContent: `{"credHelpers":{"${host}":"berth-ecr"}}` },
    ]);
});

test("without registries the provider's config has none, as before", async () => {
    engine(registryAuth({}));
    await settle();
    expect(Object.keys(inputsOf("engine-engine"))).not.toContain("registryAuth");
});
