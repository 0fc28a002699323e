import { execute } from "./commands";
import type { NamedHost } from "./hosts";
import { printable } from "./printable";
import { sshWords } from "./state";

/** Seconds for a host to be dialled. */
const DIAL_SECONDS = 5;
/** Milliseconds after which a host, or the way to it through a jump host, is taken for one that says nothing. */
const TIMEOUT = 20_000;

/** What one attempt to log in to a host tells. */
export interface Dialled {
    host: NamedHost;
    /** Whether it let us in. */
    letsIn: boolean;
    /** What `ssh -v` printed on the way, its jump host's before it: the keys that were shown, and why it ended. */
    said: string;
}

/** Logs in to a host once, and out again. To one with another key than the pinned one nobody logs in. */
export async function dial(host: NamedHost): Promise<Dialled> {
    const talk = ["-v", "-o", "FingerprintHash=sha256"];
    const options = [...talk, ...["BatchMode=yes", `ConnectTimeout=${DIAL_SECONDS}`].flatMap((o) => ["-o", o])];
    const [ssh = "", ...words] = sshWords({ ...host, options: host.options.map(loud) }, options);
    const { exitCode, all } = await execute(ssh, [...words, "true"], { timeout: TIMEOUT });
    return { host, letsIn: exitCode === 0, said: printable(all) };
}

/** The jump host's own ssh says what it is shown, too. */
const loud = (option: string) => option.replace(/^(ProxyCommand=ssh) /, "$1 -v -o FingerprintHash=sha256 ");
