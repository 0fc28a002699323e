import * as fs from "node:fs";
import * as path from "node:path";
import { shellQuote } from "../../../components/shellQuote";
import { execute } from "../commands";
import type { NamedHost } from "../hosts";
import { expandHome } from "../identity";
import { UserError, say } from "../progress";
import type { Pulumi } from "../pulumiCli";
import { type SshHost, exportState, importState, sshWords } from "../state";
import { fileNameOf, makeKeyPair, publicKeyIn } from "./keyPair";
import { generatedKey } from "./generatedKey";
import { replaceTexts } from "./replaceTexts";

const SCRIPT = fs.readFileSync(path.join(__dirname, "../../authorized-key.sh"), "utf8");
/** Where the program puts keys that it has made. */
const OWN = /^IdentityFile=(\$\{HOME\}\/\.berth\/ssh\/([0-9a-f]{16}))$/;

/**
 * Gives the stack another client key. The host lets in both until the state has the new one: a run that breaks off
 * leaves a way in.
 *
 * @throws UserError where the key is the person's own, or the host refuses
 */
export async function rotateClientKey(pulumi: Pulumi, stack: string, hosts: NamedHost[]): Promise<void> {
    for (const host of hosts) await rotate(pulumi, stack, host);
}

async function rotate(pulumi: Pulumi, stack: string, host: NamedHost): Promise<void> {
    const [, place = "", name = ""] = host.options.map((option) => OWN.exec(option)).find((match) => match) ?? [];
    const state = await exportState(pulumi, stack, true);
    const oldFile = expandHome(place);
    const oldPublic = place === "" ? "" : await publicKeyIn(oldFile);
    const oldPrivate = generatedKey(state, oldPublic);
    if (oldPrivate === undefined) {
        throw new UserError(
            `the key of ${host.name} is yours: add a new one to authorized_keys (ssh-copy-id -i), name it in ` +
                "berth:host.privateKeyFile (or privateKey), run ./scripts/up, and take the old one out",
        );
    }
    const made = await makeKeyPair();
    const newName = fileNameOf(made.publicKey);
    const newFile = path.join(path.dirname(oldFile), newName);
    fs.writeFileSync(newFile, made.privateKey, { mode: 0o600 });
    const renewed: SshHost = { ...host, options: host.options.map((option) => option.replace(name, newName)) };

    try {
        await onHost(host, "add", made.publicKey);
        await onHost(renewed, "add", made.publicKey); // the new key lets in
        const changes = new Map([
            [oldPrivate, made.privateKey.trimEnd()],
            [oldPublic, made.publicKey],
            [name, newName],
        ]);
        await importState(pulumi, stack, replaceTexts(state, changes));
    } catch (error) {
        fs.rmSync(newFile, { force: true });
        throw error;
    }
    await onHost(renewed, "remove", oldPublic);
    fs.rmSync(oldFile, { force: true });
    say(`${host.name} lets in the new key ${made.publicKey.slice(0, 40)}…, and the old one no more`);
}

async function onHost(host: SshHost, action: "add" | "remove", publicKey: string): Promise<void> {
    const [ssh = "", ...words] = sshWords(host, ["-o", "BatchMode=yes", "-o", "LogLevel=ERROR"]);
    const command = ["bash", "-s", "--", action, publicKey].map(shellQuote).join(" ");
    const { exitCode, all } = await execute(ssh, [...words, command], { input: SCRIPT, timeout: 60_000 });
    if (exitCode !== 0) throw new UserError(`the host does not take the key: ${all.split("\n").at(-1)}`);
}
