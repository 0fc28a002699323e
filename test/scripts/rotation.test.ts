import { execFile, execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import { FakeServer } from "./fakes/fakeServer";
import { parseSurvey } from "../../scripts/lib/leftovers/docker";
import { makeKeyPair } from "../../scripts/lib/rotation/keyPair";
import { generatedKey } from "../../scripts/lib/rotation/generatedKey";
import { replaceTexts } from "../../scripts/lib/rotation/replaceTexts";
import { keyFileName, publicKeyOf } from "../../components/host/publicKey";

const KEY = "-----BEGIN\nold\n-----END";
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47", plaintext: JSON.stringify(value) });

test("texts are replaced wherever they stand in a state, in secrets too", () => {
    const state = {
        stdout: secret(KEY),
        connection: secret({ privateKey: `${KEY}\n`, host: "h" }),
        sshOpts: '["-o","IdentityFile=${HOME}/.berth/ssh/0123"]',
        list: ["pub", 7, null, true],
    };
    const changes = new Map([
        [KEY, "-----BEGIN\nnew\n-----END"],
        ["0123", "4567"],
        ["pub", "other"],
    ]);
    expect(replaceTexts(state, changes)).toEqual({
        stdout: secret("-----BEGIN\nnew\n-----END"),
        connection: secret({ privateKey: "-----BEGIN\nnew\n-----END\n", host: "h" }),
        sshOpts: '["-o","IdentityFile=${HOME}/.berth/ssh/4567"]',
        list: ["other", 7, null, true],
    });
    expect(state.list[0]).toBe("pub");
});

test("only a key that the stack has made is found, by its public half", () => {
    const type = "berth:index:SshKey";
    const resources = [
        { urn: "own", type, outputs: { publicKey: "ssh-ed25519 OWN" } },
        { urn: "command", type: "command:local:Command", parent: "own", outputs: { stdout: secret(`${KEY}\n`) } },
        { urn: "given", type, outputs: { publicKey: "ssh-ed25519 GIVEN" } },
    ];
    const state = { deployment: { resources } };
    expect(generatedKey(state, "ssh-ed25519 OWN")).toBe(KEY);
    expect(generatedKey(state, "ssh-ed25519 GIVEN")).toBeUndefined();
    expect(generatedKey(state, "ssh-ed25519 OTHER")).toBeUndefined();
});

test("a new key has the file name that the program gives it, and is another each time", async () => {
    const [one, two] = [await makeKeyPair(), await makeKeyPair()];
    expect(one.publicKey).toMatch(/^ssh-ed25519 [A-Za-z0-9+/]{68}$/);
    expect(one.publicKey).not.toBe(two.publicKey);
    expect(keyFileName(one.publicKey)).toMatch(/^[0-9a-f]{16}$/);
    expect(publicKeyOf(one.privateKey)).toBe(one.publicKey);
});

describe("authorized-key.sh", () => {
    const script = path.join(__dirname, "../../scripts/authorized-key.sh");
    let home: string;
    const file = () => path.join(home, ".ssh/authorized_keys");
    const lines = () => fs.readFileSync(file(), "utf8").split("\n").filter(Boolean);
    const call = (...args: string[]) =>
        spawnSync("bash", [script, ...args], { env: { ...process.env, HOME: home }, encoding: "utf8" });
    beforeEach(() => {
        home = fs.mkdtempSync(path.join(os.tmpdir(), "berth-home-"));
        fs.mkdirSync(path.dirname(file()));
        fs.writeFileSync(file(), "# mine\nssh-ed25519 AAAAmine me", { mode: 0o600 });
    });
    afterEach(() => fs.rmSync(home, { recursive: true }));

    const MINE = "ssh-ed25519 AAAAMINE";
    const OLD = "ssh-ed25519 AAAAOLD";
    const NEW = "ssh-ed25519 AAAANEW";
    const OTHER = "ssh-ed25519 AAAAOTHER";
    const write = (...content: string[]) => fs.writeFileSync(file(), content.join("\n"));

    test("adds a key once, on a line of its own, and marks the stack's others", () => {
        write("# mine", `${MINE} me`, `${OLD} berth`, "");
        for (let time = 0; time < 2; time++) expect(call("berth/dev", "add", NEW, OLD)).toMatchObject({ status: 0 });
        expect(lines()).toEqual(["# mine", `${MINE} me`, `${OLD} berth berth/dev`, `${NEW} berth berth/dev`]);
        expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
    });

    test("takes out every key of the stack but the one, and says how many", () => {
        const others = [
            "# mine",
            `${MINE} me`,
            `${OTHER} berth berth/dev-2`,
            `no-pty,command="a b" ${OTHER}`,
            "nonsense",
        ];
        const marked = ["A", "B"].map((name) => `ssh-ed25519 AAAA${name} berth berth/dev`);
        write(...others, `${OLD}`, ...marked, `from="10.0.0.0/8" ${NEW} berth berth/dev`);
        expect(call("berth/dev", "only", NEW, OLD)).toMatchObject({ status: 0, stdout: "3\n" });
        expect(lines()).toEqual([...others, `from="10.0.0.0/8" ${NEW} berth berth/dev`]);
        expect(call("berth/dev", "only", NEW, OLD)).toMatchObject({ status: 0, stdout: "0\n" });
    });

    test("a key that stands there twice stays once; a key that begins like another is another", () => {
        write(`${NEW}`, `${NEW} twice`, `${NEW}x me`);
        expect(call("berth/dev", "only", NEW)).toMatchObject({ status: 0 });
        expect(lines()).toEqual([`${NEW} berth berth/dev`, `${NEW}x me`]);
    });

    test("lines that end as on Windows are read as any others", () => {
        write(`${OLD}\r`, `${MINE} me\r`, "");
        expect(call("berth/dev", "only", NEW, OLD)).toMatchObject({ status: 0, stdout: "1\n" });
        expect(lines()).toEqual([`${MINE} me\r`, `${NEW} berth berth/dev`]);
    });

    test("a login without the file, a file that is a link, and words that are none", () => {
        fs.rmSync(path.join(home, ".ssh"), { recursive: true });
        expect(call("berth/dev", "add", NEW).status).toBe(0);
        expect(lines()).toEqual([`${NEW} berth berth/dev`]);
        fs.renameSync(file(), path.join(home, "keys"));
        fs.symlinkSync("../keys", file());
        expect(call("berth/dev", "add", OLD).status).toBe(0);
        expect(fs.lstatSync(file()).isSymbolicLink()).toBe(true);
        expect(lines()).toHaveLength(2);
        expect(fs.readdirSync(home).sort()).toEqual([".ssh", "keys"]);
        expect(call("berth/dev", "other", "x").status).toBe(2);
    });

    test("a file that cannot be written stays as it was", () => {
        const before = lines();
        const bin = path.join(home, "bin");
        fs.mkdirSync(bin);
        // What a full disk does: a part is written, and the end is not.
        fs.writeFileSync(path.join(bin, "awk"), "#!/bin/sh\necho half\nexit 2\n", { mode: 0o755 });
        const env = { ...process.env, HOME: home, PATH: `${bin}:${process.env.PATH}` };
        expect(spawnSync("bash", [script, "berth/dev", "only", NEW, OLD], { env }).status).not.toBe(0);
        expect(lines()).toEqual(before);
        expect(fs.readdirSync(path.dirname(file()))).toEqual(["authorized_keys"]);
    });

    test("two stacks at once lose no key", async () => {
        const keys = Array.from({ length: 8 }, (_, i) => `ssh-ed25519 AAAA${i}`);
        const env = { ...process.env, HOME: home };
        const calls = keys.map((key, i) => promisify(execFile)("bash", [script, `berth/s${i}`, "add", key], { env }));
        await Promise.all(calls);
        expect(lines().slice(2).sort()).toEqual(keys.map((key, i) => `${key} berth berth/s${i}`));
    });
});

test("what a server lists as left: volumes are meant to stay", () =>
    expect(parseSurvey("container b-web\nvolume b_data\nfile /var/lib/docker/berth/a b\n", "h")).toEqual([
        { where: "h", kind: "container", name: "b-web" },
        { where: "h", kind: "volume", name: "b_data", kept: "it holds data" },
        { where: "h", kind: "file", name: "/var/lib/docker/berth/a b" },
    ]));

test("survey-leftovers.sh lists files of this stack, and of no other", () => {
    const root = fs.mkdtempSync(path.join(os.tmpdir(), "berth-root-"));
    for (const name of ["var/lib/docker/berth/berth-a", "var/lib/docker/berth/berth-ab", "etc/systemd/system"]) {
        fs.mkdirSync(path.join(root, name), { recursive: true });
    }
    for (const name of [
        "berth-start-order-berth-a.service",
        "berth-start-order-berth-ab.service",
        "berth-start-order-my-berth-a.service",
        "berth-certificates-berth-a.timer",
    ]) {
        fs.writeFileSync(path.join(root, "etc/systemd/system", name), "");
    }
    const script = path.join(__dirname, "../../scripts/survey-leftovers.sh");
    const env = { ...process.env, BERTH_ROOT: root, PATH: "/nowhere" };
    const out = execFileSync("/bin/bash", [script, "berth", "a"], { env, encoding: "utf8" });
    expect(out.trimEnd().split("\n").sort()).toEqual([
        "file /etc/systemd/system/berth-certificates-berth-a.timer",
        "file /etc/systemd/system/berth-start-order-berth-a.service",
        "file /var/lib/docker/berth/berth-a",
    ]);
    fs.rmSync(root, { recursive: true });
});

test("survey-leftovers.sh says so where Docker does not answer: that is not nothing", () => {
    const server = new FakeServer();
    server.command("docker", "echo 'Cannot connect to the Docker daemon' >&2; exit 1");
    expect(server.run("survey-leftovers.sh", "berth", "a")).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(
            /Cannot connect[^]*Docker does not answer, so nobody can say what is left[^\n]*\n$/,
        ),
    });
    server.remove();
});
