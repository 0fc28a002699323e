import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stringify } from "yaml";
import { Stack, docker, expectSuccess, root } from "../hosts/project";
import { cases, files, topLevel } from "./parity/cases";
import { type Inspected, differences, needlessExceptions, readContainers } from "./parity/inspected";

jest.setTimeout(20 * 60_000);

const PROJECT = "parity";
const FOLDER = "/srv/compose";
/** What each side calls the project's things, and the words for both. */
const theirWords = (): [RegExp, string][] => [
    [new RegExp(`\\b${PROJECT}_`, "g"), "PROJECT_"],
    [new RegExp(`${FOLDER}/(site\\.conf|password\\.txt)`, "g"), "a file of the project"],
    [new RegExp(`${FOLDER}/`, "g"), "FOLDER/"],
];
const ourWords = (): [RegExp, string][] => [
    [new RegExp(`\\b${stack.prefix}_`, "g"), "PROJECT_"],
    [new RegExp(`/var/lib/docker/berth/${stack.prefix}/files/[^"]*/\\d+`, "g"), "a file of the project"],
    [new RegExp(`/var/lib/docker/berth/${stack.prefix}/content/[0-9a-f]+/`, "g"), "FOLDER/"],
    [new RegExp(`\\b${stack.prefix}-[\\w-]+_[\\w-]+-[0-9a-f]{8}\\b`, "g"), "an id"], // an anonymous volume
];

let folder: string;
let stack: Stack;
let compose: ReturnType<typeof readContainers>;
let berth: ReturnType<typeof readContainers>;

const onHost = (...words: string[]) => docker("exec", stack.prefix, ...words);
const inspect = async (label: string) => {
    const ids = await onHost("docker", "ps", "-aq", "--filter", `label=${label}`);
    return JSON.parse(await onHost("docker", "inspect", ...ids.split("\n"))) as Inspected[];
};
const ofStack = () => inspect(`berth.stack=${stack.name}`);
const composeFile = () => path.join(folder, "compose.yaml");
const writeCompose = (services: typeof cases) => fs.writeFileSync(composeFile(), stringify({ services, ...topLevel }));

/** Runs `docker compose` with the cases on the host. */
async function composeContainers(): Promise<Inspected[]> {
    const inProject = (...words: string[]) =>
        onHost("docker", "compose", "--project-directory", FOLDER, "--project-name", PROJECT, ...words);
    await docker("cp", folder, `${stack.prefix}:${FOLDER}`);
    await inProject("up", "--detach", "--quiet-pull");
    const containers = await inspect(`com.docker.compose.project=${PROJECT}`);
    await inProject("down", "--volumes", "--timeout", "0");
    return containers;
}

beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-parity-"));
    for (const [file, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), text);
    }
    stack = new Stack(
        { "berth:host": { kind: "local" }, "berth:composeFile": path.relative(root, composeFile()) },
        "parity",
    );
    writeCompose({ first: { image: "busybox:1.37", command: "sleep infinity", stop_signal: "SIGKILL" } });
    expectSuccess(await stack.up());
    writeCompose(cases);
    compose = readContainers(await composeContainers(), "com.docker.compose.service", theirWords());
    expectSuccess(await stack.up());
    berth = readContainers(await ofStack(), "berth.service", ourWords());
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
    fs.rmSync(folder, { recursive: true });
});

test("each case has as many containers as by Compose", () => {
    expect([...berth.keys()].sort()).toEqual([...compose.keys()].sort());
    expect(new Set(compose.keys()).size).toBeGreaterThan(Object.keys(cases).length);
});

test.each(Object.keys(cases))("%s: the container is the one that Compose makes", (name) => {
    const [theirs, ours] = [compose.get(name), berth.get(name)];
    if (!theirs || !ours) throw new Error(`${name} has no container`);
    expect(differences(name, theirs, ours)).toEqual([]);
    expect(needlessExceptions(name, theirs, ours)).toEqual([]);
});

test("addresses that are asked for are had", () => {
    const of = (name: string, field: string) => berth.get(name)?.get(`NetworkSettings.Networks.*.${field}`);
    expect(of("networks-addresses", "IPAddress")).toEqual({ PROJECT_back: "172.31.77.40" });
    expect(of("networks-addresses", "GlobalIPv6Address")).toEqual({ PROJECT_back: "fd00:b:e::40" });
});

test("services find each other by their names and aliases", async () => {
    const [asker] = (await ofStack()).filter(({ Config }) => Config.Labels["berth.service"] === "depends-on");
    for (const name of ["plain", "other", "stop"]) {
        await onHost("docker", "exec", asker?.Id ?? "", "nslookup", name);
    }
});

test("nothing changes after a refresh, and nothing has drifted", async () => {
    expectSuccess(await stack.pulumi("preview", "--refresh", "--expect-no-changes"));
    expect(await stack.drift()).toEqual([]);
});

test("a changed key, and one that is taken away, change just their containers", async () => {
    const idsOf = async () => new Map((await ofStack()).map(({ Id, Config }) => [Id, Config.Labels["berth.service"]]));
    const before = await idsOf();
    writeCompose({
        ...cases,
        "dns-text": { ...cases["dns-text"], dns: "1.1.1.1" },
        "bind-selinux": { ...cases["bind-selinux"], working_dir: undefined },
    });
    expectSuccess(await stack.up());
    const after = await idsOf();
    const gone = [...before].filter(([id]) => !after.has(id)).map(([, service]) => service);
    expect(gone.sort()).toEqual(["bind-selinux", "dns-text"]);
    expect(after.size).toBe(before.size);
});
