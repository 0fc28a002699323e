import * as fs from "node:fs";
import { homeFolder } from "../../components/environment";
import type { Dialled } from "./dial";
import type { NamedHost } from "./hosts";
import { UserError } from "./progress";
import type { StackFile } from "./stack";

/**
 * Refuses where an existing server does not know the stack's key, before anything dials it again and again: sshd shuts out
 * who fails to log in several times, and then nobody could tell why. Whatever else is in the way is left to the update; so
 * is a jump host, which may be the one that refuses.
 *
 * @throws UserError where the server refuses the key
 */
export function refuseUnknownKey(file: Pick<StackFile, "get">, { host, letsIn, said }: Dialled): void {
    if (file.get("berth:host", "proxy")) return;
    const key = String(file.get("berth:host", "privateKeyFile")).replace(/^~(?=\/)/, homeFolder());
    if (!fs.existsSync(key)) return; // the program says so
    if (!letsIn && isRefused(said)) throw new UserError(refusal(host, key));
}

/**
 * Reports whether ssh was turned away for the key that it offered, and not for one that it could not read.
 *
 * @param said what ssh printed, with `-v` or without
 */
export function isRefused(said: string): boolean {
    const errors = said.split("\n").filter((line) => !/^debug\d:/.test(line));
    return (
        errors.some((line) => line.includes("Permission denied (")) &&
        !errors.some((line) => /Load key|passphrase|UNPROTECTED|invalid format/i.test(line))
    );
}

const refusal = ({ user, address, port }: NamedHost, key: string) =>
    `${user}@${address}:${port} does not let in the key ${key}: put its public key into ~/.ssh/authorized_keys there ` +
    "(`ssh-keygen -y -f` shows it), or name another key or login in berth:host";
