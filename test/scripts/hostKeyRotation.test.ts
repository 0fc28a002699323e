import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { NamedHost } from "../../scripts/lib/hosts";
import type { Pulumi } from "../../scripts/lib/pulumiCli";
import { rotateHostKey } from "../../scripts/lib/rotation/hostKey";
import { makeKeyPair } from "../../scripts/lib/rotation/keyPair";
import { readNote, removeNote, writeNote } from "../../scripts/lib/rotation/rotationNote";

const PLACE = ["host-key", `rotation-${process.pid}`, "web1"] as const;
/**
 * A server: `served` is the public half of sshd's key, `undecided` is there while a key is neither kept nor put back.
 * sshd refuses one login when it has got another key. host-key.sh begins by putting the old one back where that is undecided.
 */
const SSH = `#!/bin/bash
cd "$FAKE" || exit 1
case "$*" in *"%H $(cat served)"*) ;; *) exit 255 ;; esac
for command; do :; done
case "$command" in
true) if [ -e starting ]; then rm starting; exit 255; fi ;;
*host-key*)
    if [ -e undecided ]; then cp old served; rm undecided; fi
    while IFS= read -r line && [ "$line" != '-----END OPENSSH PRIVATE KEY-----' ]; do :; done
    cp served before; cp new served; touch undecided
    touch starting; echo installed
    read -r answer
    if [ "$answer" != keep ]; then cp before served; fi
    rm undecided
    [ "$answer" = keep ] ;;
esac
`;

let folder: string;
const file = (name: string) => path.join(folder, name);
const served = () => fs.readFileSync(file("served"), "utf8").trim();
const { PATH } = process.env;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "rotation-"));
    fs.writeFileSync(file("ssh"), SSH, { mode: 0o755 });
    process.env.PATH = `${folder}:${PATH}`;
    process.env.FAKE = folder;
});
afterEach(() => {
    process.env.PATH = PATH;
    delete process.env.FAKE;
    removeNote(...PLACE);
    fs.rmSync(folder, { recursive: true });
});

test.each([
    ["is there and may yet be put back", "new", true],
    ["is kept on the host", "new", false],
    ["was put back again", "old", false],
])("a rotation that broke off when the new key %s ends with it on the host for good", async (_, key, isUndecided) => {
    const [old, made] = [await makeKeyPair(), await makeKeyPair()];
    fs.writeFileSync(file("old"), old.publicKey);
    fs.writeFileSync(file("new"), made.publicKey);
    fs.copyFileSync(file(key), file("served"));
    if (isUndecided) fs.writeFileSync(file("undecided"), "");
    writeNote({ ...made, before: old.publicKey }, ...PLACE);
    const resources = [
        { urn: "own", type: "berth:index:SshKey", outputs: { publicKey: old.publicKey } },
        { urn: "command", type: "command:local:Command", parent: "own", outputs: { stdout: old.privateKey } },
    ];
    let state = JSON.stringify({ deployment: { resources } });
    const output = (_: string[], input?: string) => Promise.resolve(input === undefined ? state : (state = input));
    const host: NamedHost = {
        ...{ name: "web1", user: "root", address: "127.0.0.1", port: 22 },
        options: [`KnownHostsCommand=/bin/echo %H ${old.publicKey}`],
    };
    await rotateHostKey({ output } as unknown as Pulumi, PLACE[1], host);
    expect(state).toContain(made.publicKey);
    expect(state).not.toContain(old.publicKey);
    expect(readNote(...PLACE)).toBeUndefined();
    // What a script of the host that was still waiting would do now.
    if (fs.existsSync(file("undecided"))) fs.copyFileSync(file("old"), file("served"));
    expect(served()).toBe(made.publicKey);
});
