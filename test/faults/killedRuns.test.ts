import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { killedAt } from "../hosts/killedRun";
import { Stack, docker, errorOf, expectSuccess, freePort, get, root, run } from "../hosts/project";
import { web } from "../hosts/webStack";

jest.setTimeout(15 * 60_000);

const FOREIGN = "somebody-elses";
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-killed-"));
let port: number;
let stack: Stack;

beforeAll(async () => {
    port = await freePort();
    const kept = { image: "busybox:1.37", init: true, command: ["sleep", "infinity"], volumes: ["kept:/data"] };
    stack = new Stack(
        {
            "berth:host": { kind: "local" },
            "berth:services": { web: { ...web, ports: [`${port}:80`] }, keeper: kept },
            "berth:volumes": { kept: {} },
        },
        "killed",
    );
});
afterAll(async () => {
    await run("./scripts/down", ["-s", stack.name, "--yes"]);
    await stack.forget();
    await docker("rm", "-f", FOREIGN).catch(() => undefined); // the first test may not have made it
    fs.rmSync(folder, { recursive: true });
});

const script = (name: string, ...args: string[]) => run(`./scripts/${name}`, ["-s", stack.name, ...args]);
const kill = (name: string, args: string[], moment: Parameters<typeof killedAt>[2]) =>
    killedAt(`./scripts/${name}`, ["-s", stack.name, ...args], moment);
const onHost = (...words: string[]) => docker("exec", stack.prefix, ...words);
const server = async () => (await get(`http://127.0.0.1:${port}`))?.server;
const stateFile = () => path.join(root, ".berth/state/.pulumi/stacks/berth", `${stack.name}.json`);
const containers = async () =>
    (await onHost("docker", "ps", "-a", "--format", "{{.Names}} {{.State}}")).split("\n").sort();
const asMade = () => [`${stack.prefix}-keeper running`, `${stack.prefix}-web running`, `${FOREIGN} running`];

async function expectSettled(): Promise<void> {
    expectSuccess(await script("up", "--refresh", "--expect-no-changes"));
    expect(await stack.drift()).toEqual([`container ${FOREIGN} is not the stack's`]);
}

/** All is there once, and runs; what is not the stack's is untouched. */
async function expectConverged(): Promise<void> {
    await expectSettled();
    expect(await containers()).toEqual(asMade());
    expect(await docker("inspect", "--format", "{{.State.Status}}", FOREIGN)).toBe("created");
    expect(fs.readdirSync(path.join(root, ".berth")).filter((file) => file.startsWith(`${stack.name}.`))).toEqual([]);
}

test("up that is killed at each of its phases comes to its end at last, and nothing is there twice", async () => {
    const phases = [/Updating \(/, /host-machine\s+creating/, /berth: repository/, /Container\s+web\s+creating/];
    const ended = [];
    for (const phase of phases) ended.push(await kill("up", [], phase));
    expect(ended.slice(1).join()).toContain("the last run was killed: its lock on the state is lifted");
    expectSuccess(await script("up"));
    const image = (await docker("inspect", "--format", "{{.Config.Image}}", stack.prefix)).trim();
    await docker("create", "--name", FOREIGN, image);
    await onHost("docker", "run", "-d", "--name", FOREIGN, "busybox:1.37", "sleep", "infinity");
    await expectNothingTwice();
    expect(await server()).toMatch(/^nginx/);
});

async function expectNothingTwice(): Promise<void> {
    expect(await containers()).toEqual(asMade());
    const networks = await docker(
        "network",
        "ls",
        "--filter",
        `label=berth.stack=${stack.name}`,
        "--format",
        "{{.Name}}",
    );
    expect(networks.split("\n")).toEqual([stack.prefix]);
}

const keyLines = async () =>
    (await onHost("cat", "/home/ubuntu/.ssh/authorized_keys")).split("\n").filter((line) => /^[a-z]/.test(line));

test.each<[string, () => Parameters<typeof killedAt>[2]]>([
    ["before the host has the new key", () => ({ file: noteFile(), becomes: (text) => text !== "" })],
    [
        "when the state has the new key",
        () => ({ file: stateFile(), becomes: changedFrom(fs.readFileSync(stateFile(), "utf8")) }),
    ],
])("rotate ssh-key that is killed %s is finished by the next: one key is let in", async (_, moment) => {
    const before = await keyLines();
    await kill("rotate", ["ssh-key"], moment());
    const { all, ...result } = await script("rotate", "ssh-key");
    expectSuccess({ all, ...result });
    expect(all).toContain("and no other of the stack's");
    const now = await keyLines();
    expect(now).toEqual([expect.stringMatching(new RegExp(` berth berth/${stack.name}$`))]);
    expect(now).not.toEqual(before);
    expect(fs.existsSync(noteFile())).toBe(false);
    expectSuccess(await script("ssh", "true"));
});
const noteFile = () => path.join(root, ".berth", `client-key-${encodeURIComponent(`${stack.name} host`)}.json`);
const changedFrom = (before: string) => (text: string) => text !== "" && text !== before;

test("volume save that is killed leaves nothing paused, and the next one saves", async () => {
    await onHost("docker", "exec", `${stack.prefix}-keeper`, "sh", "-c", "head -c 50000000 /dev/urandom > /data/big");
    const file = path.join(folder, "kept.tar.gz");
    await kill("volume", ["save", "kept", file], { file: `${file}.part`, becomes: (text) => text !== "" });
    expect(fs.existsSync(file)).toBe(false);
    expectSuccess(await script("volume", "save", "kept", file));
    expect(await containers()).toEqual(asMade());
});

test("volume restore that is killed is finished by the next one: all of the data is there", async () => {
    const sum = () => onHost("docker", "exec", `${stack.prefix}-keeper`, "sha256sum", "/data/big");
    const saved = await sum();
    await onHost("docker", "exec", `${stack.prefix}-keeper`, "sh", "-c", "echo other > /data/big");
    const file = path.join(folder, "kept.tar.gz");
    const other = await sum();
    const ps = /\bssh\b/; // it has dialled
    await killedAt(
        "bash",
        ["-c", `bash -x ./scripts/volume -s ${stack.name} restore kept ${file} --replace`],
        ps,
    ).catch((error: Error) => expect(error.message).toMatch(/ended with 0/));
    expect([saved, other]).toContain(await sum().catch(() => other));
    expectSuccess(await script("volume", "restore", "kept", file, "--replace"));
    expect(await sum()).toBe(saved);
    expect(await containers()).toEqual(asMade());
});

test("a rollback that is killed in its update is brought to its end by the next up", async () => {
    stack.edit(
        (config) =>
            ((config["berth:services"] as Record<string, unknown>).web = {
                ...web,
                image: "nginx:1.26",
                ports: [`${port}:80`],
            }),
    );
    expectSuccess(await script("up"));
    expect(await server()).toMatch(/^nginx\/1\.26/);
    await kill("rollback", ["web"], /Container\s+web\s+(creating|deleting|replacing|deleted)/);
    expectSuccess(await script("up"));
    expect(await server()).toMatch(/^nginx\/1\.30/);
    await expectConverged();
    expectSuccess(await script("rollback", "--undo"));
    expect(await server()).toMatch(/^nginx\/1\.26/);
});

test("a rollback to a release whose image is gone is refused before anything is written", async () => {
    const build = (word: string) => ({
        build: { dockerfile_inline: `FROM busybox:1.37\nRUN echo ${word} > /v\nCMD ["sleep", "infinity"]\n` },
        init: true,
        volumes: ["kept:/data"],
    });
    for (const word of ["one", "two"]) {
        stack.edit((config) => ((config["berth:services"] as Record<string, unknown>).keeper = build(word)));
        expectSuccess(await script("up"));
    }
    await onHost("docker", "system", "prune", "-af"); // what every answer about a full disk says
    const releases = JSON.parse((await script("releases", "--json")).stdout) as Record<string, string>[];
    const places = (service: string) =>
        releases.filter((one) => one.service === service).map(({ rollback }) => rollback);
    expect(places("keeper").slice(-2)).toEqual(["gone", "here"]);
    expect(new Set(places("web"))).toEqual(new Set(["registry", "here"]));
    const before = fs.readFileSync(stack.file, "utf8");
    expect(errorOf(await script("rollback", "keeper"))).toMatch(
        /keeper, on host: the image .* is gone\n.*Nothing was changed/s,
    );
    expect(fs.readFileSync(stack.file, "utf8")).toBe(before);
    await expectSettled();
});

test("up --repair that is killed while it repairs is finished by the next one", async () => {
    await onHost("docker", "rm", "-f", `${stack.prefix}-web`);
    for (const phase of [/engine-install\s+(creating|deleting|replacing|deleted)/, /Container\s+web\s+creating/]) {
        await kill("up", ["--repair"], phase);
    }
    expectSuccess(await script("up", "--repair"));
    await expectConverged();
    expect(await server()).toMatch(/^nginx\/1\.26/);
});

test("a run that lives is never taken for a killed one", async () => {
    const preview = path.join(root, ".berth/state/.pulumi/locks/organization/berth", stack.name, "living.json");
    fs.mkdirSync(path.dirname(preview), { recursive: true });
    fs.writeFileSync(
        preview,
        JSON.stringify({
            pid: process.pid,
            hostname: os.hostname(),
            username: "me",
            timestamp: new Date(Date.now() + 1000),
        }),
    );
    const asked = [script("up"), script("rotate", "ssh-key"), script("pulumi", "cancel", "--yes")];
    for (const result of await Promise.all(asked)) expect(errorOf(result)).toContain(`(pid ${process.pid}, me, since`);
    expect(fs.existsSync(preview)).toBe(true);
    expect(fs.existsSync(noteFile())).toBe(false);
    fs.rmSync(preview);
});

test("down that is killed at each of its phases is finished by the next one, and leaves what is not the stack's", async () => {
    for (const phase of [/Destroying \(/, /Container\s+(web|keeper)\s+deleting/, /host-machine\s+deleting/]) {
        await kill("down", ["--yes"], phase);
    }
    expectSuccess(await script("down", "--yes"));
    expect(await stack.leftovers()).toEqual([]);
    expect(await docker("inspect", "--format", "{{.State.Status}}", FOREIGN)).toBe("created");
});
