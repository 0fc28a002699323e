import { createHash } from "node:crypto";
import { utils } from "ssh2";

/**
 * The public half of an OpenSSH private key.
 *
 * @returns `ssh-ed25519 AAAA…`, without a comment
 * @throws when the text is not a private key; the error does not repeat it
 */
export function publicKeyOf(privateKey: string): string {
    const parsed = utils.parseKey(privateKey);
    if (parsed instanceof Error || !parsed.isPrivateKey())
        throw new Error("the SSH key is not a private key in OpenSSH format");
    return `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`;
}

/** A file name for a public key: the first 16 hexadecimal digits of its SHA-256. */
export function keyFileName(publicKey: string): string {
    return createHash("sha256").update(publicKey).digest("hex").slice(0, 16);
}
