import * as fs from "node:fs";
import * as path from "node:path";
import { homeFolder } from "../environment";
import { publicKeyOf } from "./publicKey";
import type { GivenKey } from "./sshIdentity";

/** What the config says of a private key; at most one of both. */
export interface KeyConfig {
    /** `~/…` or an absolute path. */
    privateKeyFile?: string;
    privateKey?: string;
}

/**
 * Reads the person's private key.
 *
 * @param place of the key's section in the config: `berth:host`
 * @returns the key; undefined where the config names none; or a sentence that says why it cannot be used
 */
export function readGivenKey(config: KeyConfig, place: string): GivenKey | undefined | string {
    const { privateKeyFile: file, privateKey } = config;
    if (privateKey !== undefined) {
        const why = `${place}.privateKey: not a private key in OpenSSH format without a passphrase`;
        return isUsable(privateKey) ? { privateKey: `${privateKey.trimEnd()}\n` } : why;
    }
    if (file === undefined) return undefined;
    const absolute = file.replace(/^~(?=\/)/, homeFolder());
    let text: string;
    try {
        text = fs.readFileSync(absolute, "utf8");
    } catch (error) {
        return `${place}.privateKeyFile: ${JSON.stringify(file)}: it cannot be read (${(error as NodeJS.ErrnoException).code}); make one with: ssh-keygen -t ed25519 -N '' -f ${file}`;
    }
    if (!isUsable(text)) {
        if (/^(ssh|ecdsa)-\S+ \S+/.test(text)) {
            return `${place}.privateKeyFile: ${JSON.stringify(file)}: that is the public half; name ${file.replace(/\.pub$/, "")}`;
        }
        return (
            `${place}.privateKeyFile: ${JSON.stringify(file)}: not a private key in OpenSSH format without a passphrase; ` +
            `Pulumi cannot ask for one, so make a key for it with: ssh-keygen -t ed25519 -N '' -f ~/.ssh/berth`
        );
    }
    return { privateKey: `${text.trimEnd()}\n`, file: forOpenSsh(absolute) };
}

/** Below the home folder the path is written so that it means the same on another computer. */
function forOpenSsh(absolute: string): string {
    const relative = path.relative(homeFolder(), absolute);
    return relative.startsWith("..") || path.isAbsolute(relative) ? absolute : `\${HOME}/${relative}`;
}

function isUsable(privateKey: string): boolean {
    try {
        publicKeyOf(privateKey);
        return true;
    } catch {
        return false;
    }
}
