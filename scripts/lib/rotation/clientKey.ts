import * as fs from "node:fs";
import * as path from "node:path";
import { keyFileName, publicKeyOf } from "../../../components/host/publicKey";
import { shellQuote } from "../../../components/shellQuote";
import type { NamedHost } from "../hosts";
import { expandHome } from "../identity";
import { overSsh } from "../overSsh";
import { UserError, say } from "../progress";
import type { Pulumi } from "../pulumiCli";
import { type SshHost, exportState, importState } from "../state";
import { makeKeyPair } from "./keyPair";
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
export async function rotateClientKey(pulumi: Pulumi, stack: string, host: NamedHost): Promise<void> {
    const [, place = "", name = ""] = host.options.map((option) => OWN.exec(option)).find((match) => match) ?? [];
    const state = await exportState(pulumi, stack, true);
    const oldFile = expandHome(place);
    const oldPublic = place === "" ? "" : publicKeyOf(fs.readFileSync(oldFile, "utf8"));
    const oldPrivate = generatedKey(state, oldPublic);
    if (oldPrivate === undefined) {
        throw new UserError(
            `the key of ${host.name} is yours: add a new one to authorized_keys (ssh-copy-id -i), name it in ` +
                "berth:host.privateKeyFile (or privateKey), run ./scripts/up, and take the old one out",
        );
    }
    const made = await makeKeyPair();
    const newName = keyFileName(made.publicKey);
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
    const command = ["bash", "-s", "--", action, publicKey].map(shellQuote).join(" ");
    const { exitCode, all } = await overSsh(host, command, { input: SCRIPT, timeout: 60_000 });
    if (exitCode !== 0) throw new UserError(`the host does not take the key: ${all.split("\n").at(-1)}`);
}
