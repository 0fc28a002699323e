import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { publicKeyOf } from "../../../components/host/publicKey";
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
        const privateKey = fs.readFileSync(file, "utf8");
        return { privateKey, publicKey: publicKeyOf(privateKey) };
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}
