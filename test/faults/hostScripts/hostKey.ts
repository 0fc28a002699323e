import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Scenario } from "./scenario";

const KEY = "/etc/ssh/ssh_host_ed25519_key";
const newKey = () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-host-key-"));
    try {
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path.join(folder, "key")]);
        return fs.readFileSync(path.join(folder, "key"), "utf8");
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
};
const setUp = `
mkdir -p /run/sshd /world/root
touch /etc/ssh/sshd_config
ssh-keygen -q -t ed25519 -N "" -C "" -f ${KEY}
cp ${KEY} /engine/old
cp ${KEY} /engine/served`;
/** sshd takes the key that lies there when it is told to; a key that is none would end it. */
const systemctl = `
[ "$*" = "try-reload-or-restart ssh" ] || exit 9
ssh-keygen -y -f ${KEY} >/dev/null && cp ${KEY} /engine/served || rm -f /engine/served`;
const shared = {
    form: "argument" as const,
    args: [],
    setUp,
    fakes: { systemctl },
    links: ["/etc/ssh", "/run/lock"],
    ignored: [/berth-host-key\.lock$/],
    /** Whatever comes, sshd has a key, it is that on the disk, and its public half is right. */
    intact: `
ssh-keygen -y -f ${KEY} | cmp - <(cut -d ' ' -f 1,2 ${KEY}.pub) || { echo "the halves do not belong together"; exit 1; }
cmp ${KEY} /engine/served || { echo "sshd has another key than the disk"; exit 1; }`,
};

export const hostKey: Scenario[] = [
    {
        ...shared,
        does: "exchanges the key, and it is kept",
        get input() {
            return `${newKey()}keep\n`;
        },
    },
    {
        ...shared,
        does: "puts the old key back where nobody says to keep the new one",
        get input() {
            return newKey();
        },
        code: 1,
        says: /the old one is back/,
        intact: `${shared.intact}\ncmp ${KEY} /engine/old || { echo "the old key is not back"; exit 1; }`,
    },
];
