import * as fs from "node:fs";
import { homeFolder } from "../../components/environment";
import type { NamedHost } from "./hosts";
import { overSsh } from "./overSsh";
import { UserError } from "./progress";
import { serverOf } from "./serverOf";
import type { StackFile } from "./stack";

const DIAL_SECONDS = 5;

/**
 * Looks once whether an existing server knows the stack's key, before anything dials it again and again: sshd shuts out
 * who fails to log in several times, and then nobody could tell why. Whatever else is in the way is left to the update.
 *
 * @throws UserError where the server refuses the key
 */
export async function refuseUnknownKey(file: StackFile): Promise<void> {
    if (file.get("berth:host", "kind") !== "existing" || file.get("berth:host", "proxy")) return;
    let server: NamedHost;
    try {
        server = serverOf(file);
    } catch (error) {
        if (error instanceof UserError) return; // the program says what is missing, and where
        throw error;
    }
    const key = String(file.get("berth:host", "privateKeyFile")).replace(/^~(?=\/)/, homeFolder());
    if (!fs.existsSync(key)) return; // as above
    const { exitCode, all } = await overSsh(server, "true", { dialSeconds: DIAL_SECONDS, timeout: 30_000 });
    if (exitCode === 255 && isRefused(all)) throw new UserError(refusal(server, key));
}

/** Whether ssh was turned away for the key that it offered, and not for one that it could not read. */
export const isRefused = (output: string) =>
    /Permission denied \(/.test(output) && !/Load key|passphrase|UNPROTECTED|invalid format/i.test(output);

const refusal = ({ user, address, port }: NamedHost, key: string) =>
    `${user}@${address}:${port} does not let in the key ${key}: put its public key into ~/.ssh/authorized_keys there ` +
    "(`ssh-keygen -y -f` shows it), or name another key or login in berth:host";
