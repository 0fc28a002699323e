import { type CommandOptions, type CommandResult, execute } from "./commands";
import { printable } from "./printable";
import { type SshHost, sshWords } from "./state";

export interface OverSshOptions extends Pick<CommandOptions, "input" | "timeout"> {
    /** Seconds for the host to be dialled. Default: the host's own option */
    dialSeconds?: number;
}

/** The words before a command of the host's: ssh asks nobody anything, and says errors only. */
export function batchWords(host: SshHost, dialSeconds?: number): string[] {
    const dial = dialSeconds === undefined ? [] : [`ConnectTimeout=${dialSeconds}`];
    const options = ["BatchMode=yes", ...dial, "LogLevel=ERROR"];
    return sshWords(
        host,
        options.flatMap((option) => ["-o", option]),
    );
}

/**
 * Runs a command line on a host to its end, whatever that is; 255 is ssh's own failure.
 *
 * @returns what it printed is UTF-8 without control characters besides tab and newline
 */
export async function overSsh(host: SshHost, command: string, options: OverSshOptions = {}): Promise<CommandResult> {
    const { dialSeconds, ...rest } = options;
    const [ssh = "", ...words] = batchWords(host, dialSeconds);
    const { stdout, all, ...end } = await execute(ssh, [...words, command], rest);
    return { ...end, stdout: printable(stdout), all: printable(all) };
}
