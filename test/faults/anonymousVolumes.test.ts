import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Stack, cloneProject, docker, expectSuccess, root, run, start, until } from "../hosts/project";

jest.setTimeout(20 * 60_000);

const IMAGE = `FROM busybox:1.37
RUN mkdir /image && echo seed >/image/seed
VOLUME /image
CMD ["sleep", "infinity"]
`;
type Service = Record<string, unknown>;
const app: Service = { image: "keeps:1", init: true, restart: "unless-stopped", volumes: ["/data"] };
const moved: Service = { image: "keeps:1", init: true };
const startFirst = { deploy: { update_config: { order: "start-first" } } };

let stack: Stack;

beforeAll(() => {
    const idle = { image: "busybox:1.37", init: true, command: "sleep infinity" };
    stack = new Stack({ "berth:host": { kind: "local" }, "berth:services": { idle } }, "anonymous");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

const setServices = (services: Record<string, Service>) =>
    stack.edit((config) => (config["berth:services"] = services));
const onHost = (...words: string[]) => docker("exec", stack.prefix, ...words);
const lines = async (...words: string[]) => (await onHost(...words)).split("\n").filter(Boolean);
const namesOf = (service: string) =>
    lines("docker", "ps", "--filter", `label=berth.service=${service}`, "--format", "{{.Names}}");
/** Runs a command in the first container of a service. */
const inside = async (service: string, command: string) => {
    const [first = ""] = (await namesOf(service)).filter((name) => !name.endsWith("-2"));
    return onHost("docker", "exec", first, "sh", "-c", command);
};
const READ = "cat /image/seed /image/mark /data/mark 2>/dev/null; true";
const volumes = () => lines("docker", "volume", "ls", "-q");
const holders = () => lines("docker", "ps", "-aq", "--filter", "label=berth.holds");

/** Runs the program of a version that left anonymous volumes to Docker, and had each go with its container. */
async function upWithEarlierVersion(): Promise<void> {
    const clone = cloneProject();
    const change = (file: string, from: RegExp | string, to: string) => {
        const name = path.join(clone, "components/services", file);
        const text = fs.readFileSync(name, "utf8");
        const changed = text.replace(from, to);
        if (changed === text) throw new Error(`${file} has no ${String(from)}`);
        fs.writeFileSync(name, changed);
    };
    try {
        change("containerArgs.ts", "removeVolumes: false", "removeVolumes: true");
        change("container.ts", /new AnonymousVolumes\([^]*?\n {8}\);/, "{ byPath: {}, ready: engine.ready };");
        change("serviceGroup.ts", /settleAnonymousVolumes\(\n[^]*?\n {8}\);/, "void 0;");
        const env = {
            PULUMI_BACKEND_URL: `file://${path.join(root, ".berth/state")}`,
            PULUMI_CONFIG_PASSPHRASE_FILE: path.join(root, ".berth/passphrase"),
            XDG_CACHE_HOME: process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"),
        };
        const words = ["up", "--yes", "--skip-preview", "--stack", stack.name];
        expectSuccess(await run("./scripts/pulumi", words, { cwd: clone, env }));
    } finally {
        fs.rmSync(clone, { recursive: true });
    }
}

test("what an earlier version made is carried over, in one exchange, and then nothing changes", async () => {
    await stack.mustUp();
    for (const version of [1, 2]) {
        const words = ["exec", "-i", stack.prefix, "docker", "build", "-q", "-t", `keeps:${version}`, "-"];
        const host = process.env.DOCKER_HOST;
        const input = `${IMAGE}ENV VERSION=${version}\n`;
        expectSuccess(await run("docker", [...(host ? ["--host", host] : []), ...words], { input }));
    }
    setServices({ app, moved: { ...moved, ...startFirst } });
    await upWithEarlierVersion();
    await inside("app", "echo of-image >/image/mark; echo of-file >/data/mark");
    await inside("moved", "echo of-image >/image/mark");
    const before = await volumes();

    setServices({ app, moved });
    await stack.mustUp();
    expect(await inside("app", READ)).toBe("seed\nof-image\nof-file");
    expect(await inside("moved", READ)).toBe("seed\nof-image");
    expect(await volumes()).toEqual(expect.arrayContaining(before));
    expect(await holders()).toEqual([]);
    expect(
        await lines("docker", "ps", "-a", "--filter", "label=berth.service=moved", "--format", "{{.Names}}"),
    ).toEqual([`${stack.prefix}-moved`]);
    await stack.expectUnchanged();
});

test.each<[string, Service]>([
    ["another environment and label", { environment: { A: "1" }, labels: { a: "1" } }],
    ["another image", { image: "keeps:2" }],
    ["two containers", { image: "keeps:2", scale: 2 }],
    ["one again, start-first", { image: "keeps:2", ...startFirst }],
])("the data outlives %s", async (_, change) => {
    setServices({ app: { ...app, ...change }, moved });
    await stack.mustUp();
    expect(await inside("app", READ)).toBe("seed\nof-image\nof-file");
});

test("a new service keeps its data too, and a run that is killed before its container is there is finished", async () => {
    const fresh = { ...app, image: "keeps:1" };
    setServices({ app, moved, fresh });
    await stack.mustUp();
    await inside("fresh", "echo a >/image/mark; echo b >/data/mark");
    setServices({ app, moved, fresh: { ...fresh, image: "keeps:2" } });
    const { child, result, output } = start("./scripts/up", ["--stack", stack.name]);
    await until("the volumes are prepared", () => /fresh-volumes\s+updated/.test(output()));
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await result;
    await stack.mustUp();
    expect(await inside("fresh", READ)).toBe("seed\na\nb");
    await stack.expectSettled();
});

test("a service that leaves takes its volumes along, after a word, and no other's", async () => {
    setServices({ moved });
    const { all } = await stack.mustUp();
    for (const service of ["app", "fresh"]) {
        const line = all.split("\n").find((one) => one.includes(`the service ${service} has left the stack`));
        expect(line).toMatch(/anonymous volumes are removed: .*\(\/image, \S+\)/);
        expect(line).toMatch(/\(\/data, \S+\)/);
    }
    const left = await lines("docker", "volume", "ls", "-q", "--filter", "label=berth.path");
    expect(left).toEqual([expect.stringContaining(`${stack.prefix}-moved_image-`)]);
    expect(await inside("moved", READ)).toBe("seed\nof-image");
    await stack.expectSettled();
});
