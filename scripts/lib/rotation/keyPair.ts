import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { createHash } from "node:crypto";
import { run } from "../commands";

/** An ed25519 key as ssh-keygen makes it. */
export interface KeyPair {
    /** OpenSSH format, with its last line's end. */
    privateKey: string;
    /** `ssh-ed25519 AAAA…`, without a comment. */
    publicKey: string;
}

export async function makeKeyPair(): Promise<KeyPair> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-key-"));
    try {
        const file = path.join(folder, "key");
        await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "berth", "-f", file]);
        return {
            privateKey: fs.readFileSync(file, "utf8"),
            publicKey: withoutComment(fs.readFileSync(`${file}.pub`, "utf8")),
        };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

/** The public half of a private key in a file. */
export const publicKeyIn = async (file: string) => withoutComment(await run("ssh-keygen", ["-y", "-f", file]));

const withoutComment = (line: string) => line.trim().split(" ").slice(0, 2).join(" ");

/** The name of a client key's file below ~/.berth/ssh, as the program gives it. */
export const fileNameOf = (publicKey: string) => createHash("sha256").update(publicKey).digest("hex").slice(0, 16);
