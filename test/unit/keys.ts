import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-key-"));
execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path.join(folder, "key")]);

/** A key pair of its own for each run: no key lies in the repository. */
export const privateKey = fs.readFileSync(path.join(folder, "key"), "utf8");
export const publicKey = fs.readFileSync(path.join(folder, "key.pub"), "utf8").trim();
fs.rmSync(folder, { recursive: true });
