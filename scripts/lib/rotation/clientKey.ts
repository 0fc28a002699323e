import * as fs from "node:fs";
import * as path from "node:path";
import { keyFileName, publicKeyOf } from "../../../components/host/publicKey";
import { shellQuote } from "../../../components/shellQuote";
import { writeDurably } from "../durableFile";
import type { NamedHost } from "../hosts";
import { expandHome } from "../identity";
import { stackLabels } from "../labels";
import { overSsh } from "../overSsh";
import { UserError, say } from "../progress";
import type { Pulumi } from "../pulumiCli";
import { replaceState } from "../replaceState";
import { type SshHost, exportState } from "../state";
import { generatedKey } from "./generatedKey";
import { makeKeyPair } from "./keyPair";
import { replaceTexts } from "./replaceTexts";
import { type RotationNote, readNote, removeNote, writeNote } from "./rotationNote";

const SCRIPT = fs.readFileSync(path.join(__dirname, "../../authorized-key.sh"), "utf8");
/** Where the program puts keys that it has made. */
const OWN = /^IdentityFile=(\$\{HOME\}\/\.berth\/ssh\/([0-9a-f]{16}))$/;

/**
 * Gives the stack another client key. The host lets in both until the state has the new one: a run that breaks off
 * leaves a way in, and is finished by the next.
 *
 * @throws UserError where the key is the person's own, the host refuses, or another run has changed the state meanwhile
 */
export async function rotateClientKey(pulumi: Pulumi, stack: string, host: NamedHost): Promise<void> {
    const [, place = "", name = ""] = host.options.map((option) => OWN.exec(option)).find((match) => match) ?? [];
    const before = await exportState(pulumi, stack, true);
    const file = expandHome(place);
    const current = place === "" ? "" : publicKeyOf(fs.readFileSync(file, "utf8"));
    const oldPrivate = generatedKey(before, current);
    if (oldPrivate === undefined) {
        throw new UserError(
            `the key of ${host.name} is yours: add a new one to authorized_keys (ssh-copy-id -i), name it in ` +
                "berth:host.privateKeyFile (or privateKey), run ./scripts/up, and take the old one out",
        );
    }
    const folder = path.dirname(file);
    const begun = readNote("client-key", stack, host.name);
    if (begun?.publicKey === current) {
        say(`${host.name}: a rotation was broken off when the stack had the new key: finishing it`);
        return finish(stack, host, begun, folder);
    }
    const isOpen = begun !== undefined && begun.before === current;
    // Of a host that is gone, or of a rotation that another computer has finished.
    if (begun && !isOpen) fs.rmSync(path.join(folder, keyFileName(begun.publicKey)), { force: true });
    const made = isOpen ? begun : { ...(await makeKeyPair()), before: current };
    const newName = keyFileName(made.publicKey);
    writeNote(made, "client-key", stack, host.name);
    writeDurably(path.join(folder, newName), made.privateKey);
    const renewed: NamedHost = { ...host, options: host.options.map((option) => option.replace(name, newName)) };

    await onHost(host, stack, "add", [made.publicKey, current]);
    await onHost(renewed, stack, "add", [made.publicKey, current]); // the new key lets in
    const changes = new Map([
        [oldPrivate, made.privateKey.trimEnd()],
        [current, made.publicKey],
        [name, newName],
    ]);
    await replaceState(pulumi, stack, { before, after: replaceTexts(before, changes), secrets: true });
    await finish(stack, renewed, made, folder);
}

/** When the state has the new key: the host lets in no other of the stack's. */
async function finish(stack: string, host: NamedHost, { publicKey, before }: RotationNote, folder: string) {
    const others = before === undefined ? [] : [before];
    const removed = await onHost(host, stack, "only", [publicKey, ...others]);
    if (before !== undefined) fs.rmSync(path.join(folder, keyFileName(before)), { force: true });
    removeNote("client-key", stack, host.name);
    say(
        `${host.name} lets in the key ${publicKey.slice(0, 40)}…, and no other of the stack's ` +
            `(taken out: ${removed || "none"})`,
    );
}

/** @returns what the script prints */
async function onHost(host: SshHost, stack: string, action: "add" | "only", keys: string[]): Promise<string> {
    const name = Object.values(stackLabels(stack)).join("/");
    const command = ["bash", "-s", "--", name, action, ...keys].map(shellQuote).join(" ");
    const { exitCode, stdout, all } = await overSsh(host, command, { input: SCRIPT, timeout: 60_000 });
    if (exitCode === 0) return stdout;
    throw new UserError(
        `the host does not take the key: ${all.split("\n").at(-1)}. What was begun is finished by the same command again`,
    );
}
