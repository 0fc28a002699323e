import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout } from "node:timers/promises";
import { environment } from "../../../components/environment";
import { asRoot } from "../../../components/host/asRoot";
import type { NamedHost } from "../hosts";
import { batchWords, overSsh } from "../overSsh";
import { relay } from "../printable";
import { UserError, say } from "../progress";
import type { Pulumi } from "../pulumiCli";
import { replaceState } from "../replaceState";
import { type SshHost, exportState } from "../state";
import { type KeyPair, makeKeyPair } from "./keyPair";
import { generatedKey } from "./generatedKey";
import { replaceTexts } from "./replaceTexts";
import { readNote, removeNote, writeNote } from "./rotationNote";

const SCRIPT = fs.readFileSync(path.join(__dirname, "../../host-key.sh"), "utf8");
/** The old key, where the script was killed on the host before it took it away. */
const LEFT = ["", ".pub"].map((end) => `/etc/ssh/ssh_host_ed25519_key${end}.before`);
/** With one last login shorter than host-key.sh waits for the word to keep the key. */
const CHECK_MS = 45_000;
const CHECK_PAUSE_MS = 1000;

/**
 * Gives a host another key of its own. sshd keeps it only when a login by the new key has succeeded. The new key is
 * written down before: a run that breaks off between host and state is finished by the next one.
 *
 * @throws UserError where the key comes from the config, or the host does not take it
 */
export async function rotateHostKey(pulumi: Pulumi, stack: string, host: NamedHost): Promise<void> {
    const state = await exportState(pulumi, stack, true);
    const pinned = host.options.flatMap((option) => /%H (ssh-ed25519 \S+)$/.exec(option)?.[1] ?? [])[0];
    const old = pinned === undefined ? undefined : generatedKey(state, pinned);
    if (pinned === undefined || old === undefined) {
        throw new UserError(
            `the host key of ${host.name} is the server's own: change it there, and berth:host.hostKey with it`,
        );
    }
    const note = readNote("host-key", stack, host.name);
    if (note?.publicKey === pinned) {
        say(`${host.name}: a rotation was broken off when the stack had the new key: finishing it`);
        return finish(stack, host, pinned, { isLate: true });
    }
    const begun = note?.before === undefined || note.before === pinned ? note : undefined; // else of a host that is gone
    const made = begun ?? (await makeKeyPair());
    const renewed: NamedHost = {
        ...host,
        options: host.options.map((option) => option.replace(pinned, made.publicKey)),
    };
    const isThere = begun !== undefined && (await letsUsIn(renewed));
    if (isThere) say(`${host.name}: a rotation was broken off when the host had the new key: finishing it`);
    else writeNote({ ...made, before: pinned }, "host-key", stack, host.name);
    // Also where the new key is there: the host's script of that run may be about to put the old one back. The next one
    // waits for it, puts in order what it has left, and keeps the new key for good.
    await install(isThere ? renewed : host, made, () => comesToLetUsIn(renewed));
    const changes = new Map([
        [old, made.privateKey.trimEnd()],
        [pinned, made.publicKey],
    ]);
    await replaceState(pulumi, stack, { before: state, after: replaceTexts(state, changes), secrets: true });
    await finish(stack, renewed, made.publicKey, { isLate: begun !== undefined });
}

/** @param isLate whether the host's script may have been killed, and left the old key there */
async function finish(stack: string, host: NamedHost, key: string, { isLate }: { isLate: boolean }) {
    if (isLate) {
        const { exitCode, all } = await overSsh(host, asRoot(host.user, ["rm", "-f", "--", ...LEFT]), {
            timeout: 60_000,
        });
        if (exitCode !== 0) throw new UserError(`${host.name}: the old key stays on it: ${all.split("\n").at(-1)}`);
    }
    removeNote("host-key", stack, host.name);
    say(`${host.name} has the new key ${key.slice(0, 40)}…`);
}

const letsUsIn = async (host: SshHost) =>
    (await overSsh(host, "true", { dialSeconds: 15, timeout: 60_000 })).exitCode === 0;

/** sshd starts again for its new key: for a moment it may refuse everybody, or still show the old one. */
async function comesToLetUsIn(host: SshHost): Promise<boolean> {
    for (const deadline = Date.now() + CHECK_MS; Date.now() < deadline; await setTimeout(CHECK_PAUSE_MS)) {
        if (await letsUsIn(host)) return true;
    }
    return false;
}

/** The old key comes back unless `check` holds. */
async function install(host: NamedHost, { privateKey }: KeyPair, check: () => Promise<boolean>): Promise<void> {
    const command = asRoot(host.user, ["bash", "--norc", "-c", SCRIPT, "host-key"]);
    const [ssh = "", ...words] = batchWords(host);
    const child = spawn(ssh, [...words, command], { env: environment(), stdio: ["pipe", "pipe", "pipe"] });
    relay(child.stderr);
    child.stdin.on("error", () => undefined); // it ended before it read all: its exit code tells
    child.stdin.write(privateKey);
    const ended = new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
    const installed = new Promise<boolean>((resolve) => {
        child.stdout.once("data", () => resolve(true));
        child.once("close", () => resolve(false));
    });
    const isKept = (await installed) && (await check());
    child.stdin.end(isKept ? "keep\n" : "no\n");
    if ((await ended) !== 0 || !isKept)
        throw new UserError(`${host.name} does not answer by the new key: it has the old one`);
}
