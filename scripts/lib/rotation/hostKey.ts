import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { asRoot } from "../../../components/host/asRoot";
import { jsonOf, recordOf, textOf } from "../../../components/readings";
import type { NamedHost } from "../hosts";
import { batchWords, overSsh } from "../overSsh";
import { own } from "../paths";
import { UserError, say } from "../progress";
import type { Pulumi } from "../pulumiCli";
import { type SshHost, exportState, importState } from "../state";
import { type KeyPair, makeKeyPair } from "./keyPair";
import { generatedKey } from "./generatedKey";
import { replaceTexts } from "./replaceTexts";

const SCRIPT = fs.readFileSync(path.join(__dirname, "../../host-key.sh"), "utf8");

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
    const note = path.join(own, `host-key-${encodeURIComponent(`${stack} ${host.name}`)}.json`);
    const begun = fs.existsSync(note) ? keyPairIn(fs.readFileSync(note, "utf8")) : undefined;
    const made = begun ?? (await makeKeyPair());
    const renewed: SshHost = { ...host, options: host.options.map((option) => option.replace(pinned, made.publicKey)) };
    if (!begun || !(await letsUsIn(renewed))) {
        fs.writeFileSync(note, JSON.stringify(made), { mode: 0o600 });
        await install(host, made, () => letsUsIn(renewed));
    }
    const changes = new Map([
        [old, made.privateKey.trimEnd()],
        [pinned, made.publicKey],
    ]);
    await importState(pulumi, stack, replaceTexts(state, changes));
    fs.rmSync(note);
    say(`${host.name} has the new key ${made.publicKey.slice(0, 40)}…`);
}

/** A note that was half written is of a run that had not come to the host yet. */
function keyPairIn(note: string): KeyPair | undefined {
    const { privateKey, publicKey } = recordOf(jsonOf(note));
    const [own, other] = [textOf(privateKey), textOf(publicKey)];
    return own === undefined || other === undefined ? undefined : { privateKey: own, publicKey: other };
}

const letsUsIn = async (host: SshHost) =>
    (await overSsh(host, "true", { dialSeconds: 15, timeout: 60_000 })).exitCode === 0;

/** The old key comes back unless `check` holds. */
async function install(host: NamedHost, { privateKey }: KeyPair, check: () => Promise<boolean>): Promise<void> {
    const command = asRoot(host.user, ["bash", "--norc", "-c", SCRIPT, "host-key"]);
    const [ssh = "", ...words] = batchWords(host);
    const child = spawn(ssh, [...words, command], { stdio: ["pipe", "pipe", "inherit"] });
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
