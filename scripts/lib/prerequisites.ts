import { execute, succeeds } from "./commands";
import { UserError } from "./progress";

/** `KnownHostsCommand`, by which the host's key is pinned without a file, came with this version. */
const OPENSSH = { major: 8, minor: 5 };

/** Whether the text of `ssh -V` names a version that can pin a key by command. */
export function isNewEnough(version: string): boolean {
    const match = /OpenSSH_(?:for_Windows_)?(\d+)\.(\d+)/.exec(version);
    if (!match) return false;
    const [major, minor] = [Number(match[1]), Number(match[2])];
    return major > OPENSSH.major || (major === OPENSSH.major && minor >= OPENSSH.minor);
}

/**
 * Looks for the programs that Berth needs on this computer.
 *
 * @throws UserError that names each missing one with what to do about it
 */
export async function checkPrerequisites(): Promise<void> {
    const problems: string[] = [];
    const ssh = await execute("ssh", ["-V"]);
    if (ssh.error) {
        problems.push("`ssh` is missing: install the OpenSSH client (Debian, Ubuntu: apt-get install openssh-client)");
    } else if (!isNewEnough(ssh.all)) {
        problems.push(`${ssh.all} is too old: OpenSSH 8.5 or newer is needed, to pin the host's key`);
    }
    if (!(await succeeds("sh", ["-c", "command -v ssh-keygen"])))
        problems.push("`ssh-keygen` is missing: it comes with the OpenSSH client");
    if (problems.length > 0) throw new UserError(problems.join("\n       "));
}
