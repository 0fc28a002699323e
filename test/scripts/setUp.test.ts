import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { backendEnv, ownPassphrase } from "../../scripts/lib/backend";
import { isNewEnoughGo } from "../../scripts/lib/go";
import { needsIdentity } from "../../scripts/lib/identity";
import { readPulumiCommand } from "../../scripts/lib/pulumiCommands";
import { isNewEnough } from "../../scripts/lib/prerequisites";
import { splitStack } from "../../scripts/lib/stack";
import { findState } from "../../scripts/lib/state";
import { isSuitable } from "../../scripts/lib/toolchain";

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-setup-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

test.each([
    [["up"], { stack: "local", named: false, rest: ["up"] }],
    [["up", "-s", "dev", "--diff"], { stack: "dev", named: true, rest: ["up", "--diff"] }],
    [["--stack=dev"], { stack: "dev", named: true, rest: [] }],
    [["-s=dev"], { stack: "dev", named: true, rest: [] }],
    [["--", "-s", "x"], { stack: "local", named: false, rest: ["--", "-s", "x"] }],
])("the stack is taken from %j", (args, expected) => expect(splitStack(args, {})).toEqual(expected));

const NO_NAMES = ["", "../x", "a b", "-x", "--help", "$(id)", "'", '"', "\n", "dev\n", "한국어"];
test.each([["-s"], ...NO_NAMES.map((name) => ["--stack", name])].map((args) => [args]))(
    "%j names no stack, and no other is taken in its place",
    (args) => expect(() => splitStack(args, {})).toThrow(/is not the name of a stack/),
);

test("PULUMI_STACK names the stack where no option does", () => {
    expect(splitStack(["up"], { PULUMI_STACK: "dev" })).toMatchObject({ stack: "dev", named: true });
    expect(splitStack(["-s", "x"], { PULUMI_STACK: "dev" }).stack).toBe("x");
});

test.each([
    "error: unexpected EOF",
    "error: list bucket: blob (code=NotFound): lstat .pulumi/stacks/berth/dev.json.1.tmp: no such file or directory",
])("a stack's file that another run writes is waited for, any other failure is one: %s", async (first) => {
    const answers = [first, '{ "deployment": {} }', "error: no stack named 'dev' found", "error: no backend"];
    const output = jest.fn(() => {
        const answer = answers.shift() ?? "";
        return answer.startsWith("error") ? Promise.reject(new Error(answer)) : Promise.resolve(answer);
    });
    expect(await findState({ output }, "dev")).toEqual({ deployment: {} });
    expect(output).toHaveBeenCalledTimes(2);
    expect(await findState({ output }, "dev")).toBeUndefined();
    await expect(findState({ output }, "dev")).rejects.toThrow("no backend");
});

test.each([[{ PULUMI_BACKEND_URL: "s3://bucket" }], [{ PULUMI_ACCESS_TOKEN: "pul-x" }]])(
    "a person's own backend is left alone: %j",
    (env) => expect(backendEnv(env)).toEqual({}),
);

test("the backend of `pulumi login` is left alone", () => {
    fs.writeFileSync(path.join(folder, "credentials.json"), JSON.stringify({ current: "https://api.pulumi.com" }));
    expect(backendEnv({ PULUMI_CREDENTIALS_PATH: folder })).toEqual({});
});

test("a passphrase is made once, and one that a full disk has cut off encrypts nothing", () => {
    const file = path.join(folder, "passphrase");
    const made = fs.readFileSync(ownPassphrase(file), "utf8");
    expect(made).toMatch(/^[\w-]{43}$/);
    expect(fs.readFileSync(ownPassphrase(file), "utf8")).toBe(made);
    expect(fs.readdirSync(folder)).toEqual(["passphrase"]);
    fs.writeFileSync(file, "");
    expect(() => ownPassphrase(file)).toThrow(/passphrase is empty/);
});

test("without a login the state is in the clone, behind a passphrase that only its owner reads", () => {
    const env = backendEnv({ PULUMI_CREDENTIALS_PATH: folder });
    expect(env.PULUMI_BACKEND_URL).toMatch(/^file:\/\/.*\/\.berth\/state$/);
    const file = env.PULUMI_CONFIG_PASSPHRASE_FILE ?? "";
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(fs.readFileSync(file, "utf8").length).toBeGreaterThanOrEqual(32);
    expect(backendEnv({ PULUMI_CREDENTIALS_PATH: folder })).toEqual(env);
});

test.each([
    ["OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.19", true],
    ["OpenSSH_8.5p1", true],
    ["OpenSSH_8.4p1 Debian", false],
    ["OpenSSH_10.0p2", true],
    ["Sun_SSH_1.1", false],
])("%s can pin a key by command: %s", (version, expected) => expect(isNewEnough(version)).toBe(expected));

test.each([
    ["v3.245.0", true],
    ["3.300.1", true],
    ["v3.244.9", false],
    ["v4.0.0", false],
])("Pulumi %s fits: %s", (version, expected) => expect(isSuitable(version)).toBe(expected));

test.each([
    ["go version go1.25.11 linux/amd64", true],
    ["go version go1.26.0 linux/amd64", true],
    ["go version go1.25.10 linux/amd64", false],
    ["go version go1.25 linux/amd64", false],
    ["", false],
])("%s can build Pulumi: %s", (text, expected) => expect(isNewEnoughGo(text)).toBe(expected));

test.each([
    [["destroy", "--yes"], true],
    [["--color", "never", "up"], true],
    [["--color", "never", "stack"], false],
    [["stack", "output"], false],
    [[], false],
])("the key is put in its place for %j: %s", (args, expected) =>
    expect(needsIdentity(readPulumiCommand(args).word)).toBe(expected),
);
