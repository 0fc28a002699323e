import { shellQuote } from "../shellQuote";

/** What the OpenSSH client is told of one machine. */
export interface SshTarget {
    identityFile: string;
    hostKey: string;
    proxy?: { host: string; port: number; user: string; hostKey: string; identityFile: string };
}

/**
 * Options of the OpenSSH client that accept the pinned host key and no other, and offer the host's own key and no
 * other. They need no known_hosts file, so that destroy and refresh work where the program never ran.
 * `KnownHostsCommand` wants OpenSSH 8.5. A jump host is reached by ProxyCommand: `-J` would not inherit them.
 */
export function sshOptions({ identityFile, hostKey, proxy }: SshTarget): string[] {
    const options = [
        `IdentityFile=${identityFile}`,
        "IdentitiesOnly=yes",
        "UserKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=yes",
        `KnownHostsCommand=/bin/echo %H ${hostKey}`,
        "ConnectTimeout=15",
        "ServerAliveInterval=15",
    ];
    return proxy ? [...options, `ProxyCommand=${proxyCommand(proxy)}`] : options;
}

function proxyCommand({ host, port, user, ...target }: NonNullable<SshTarget["proxy"]>): string {
    const options = sshOptions(target).flatMap((option) => ["-o", option]);
    const words = ["ssh", ...options, "-p", String(port)].map(shellQuote);
    // The outer ssh expands %h and %p here; any other % is the inner one's.
    return [...words.map((word) => word.replaceAll("%", "%%")), "-W", "'[%h]:%p'", shellQuote(`${user}@${host}`)].join(
        " ",
    );
}

/** A command line for people: opens a shell on the host as pasted, from any folder. */
export function sshCommand(c: SshTarget & { host: string; port: number; user: string }): string {
    const options = sshOptions(c)
        .filter((o) => !/^(ConnectTimeout|ServerAliveInterval)=/.test(o))
        .map((o) => `-o ${shellQuote(o)}`);
    return ["ssh", `-p ${c.port}`, ...options, `${c.user}@${c.host}`].join(" ");
}
