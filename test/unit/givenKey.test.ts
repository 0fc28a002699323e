import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { accountMistakes } from "../../components/host/awsAccount";
import { readGivenKey } from "../../components/host/givenKey";
import { privateKey } from "./keys";

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-keys-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

test("a key file below the home folder is named so that it means the same elsewhere", () => {
    const home = fs.mkdtempSync(path.join(os.homedir(), ".berth-test-"));
    try {
        fs.writeFileSync(path.join(home, "id"), privateKey);
        const name = path.basename(home);
        expect(readGivenKey({ privateKeyFile: `~/${name}/id` }, "berth:host")).toEqual({
            privateKey,
            file: `\${HOME}/${name}/id`,
        });
    } finally {
        fs.rmSync(home, { recursive: true });
    }
});

test("a key elsewhere is named as it is, one from the config not at all", () => {
    const file = path.join(folder, "id");
    fs.writeFileSync(file, privateKey);
    expect(readGivenKey({ privateKeyFile: file }, "berth:host")).toEqual({ privateKey, file });
    expect(readGivenKey({ privateKey: privateKey.trimEnd() }, "berth:host")).toEqual({ privateKey });
    expect(readGivenKey({}, "berth:host")).toBeUndefined();
});

test("a key file that is not there is named, with the command that makes one", () => {
    const mistake = readGivenKey({ privateKeyFile: path.join(folder, "none") }, "berth:host");
    expect(mistake).toMatch(
        /^berth:host\.privateKeyFile: ".*none": it cannot be read \(ENOENT\).*ssh-keygen -t ed25519/,
    );
});

test("a key behind a passphrase, or none at all, is refused without being repeated", () => {
    const file = path.join(folder, "locked");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-f", file]);
    expect(readGivenKey({ privateKeyFile: file }, "berth:host")).toMatch(/without a passphrase/);
    expect(readGivenKey({ privateKeyFile: `${file}.pub` }, "berth:host")).toBe(
        `berth:host.privateKeyFile: "${file}.pub": that is the public half; name ${file}`,
    );
    const mistake = readGivenKey({ privateKey: "hunter2" }, "berth:host");
    expect(mistake).toMatch(/^berth:host\.privateKey: not a private key/);
    expect(mistake).not.toMatch(/hunter2/);
});

test("without a region AWS cannot be asked, and the message says how to choose one", async () => {
    expect(await accountMistakes({ configured: true })).toEqual([
        expect.stringMatching(/^aws:region: it is missing; .*config set -s STACK aws:region/),
    ]);
    expect(await accountMistakes({ region: "eu-central-1", configured: true })).toEqual([]);
});
