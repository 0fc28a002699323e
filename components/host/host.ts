import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SshTarget } from "./sshOptions";

/** How one machine is reached over SSH. Every value that the plan needs is known before the machine exists. */
export interface SshConnection {
    /** Host name or IP address. */
    host: pulumi.Input<string>;
    /** TCP port of sshd. */
    port: pulumi.Input<number>;
    /** Login name; may use `sudo` without a password. */
    user: string;
    /** The client's private key in OpenSSH format, always a secret. */
    privateKey: pulumi.Output<string>;
    /** Path of a file with that key on the machine that runs Pulumi, in words that OpenSSH expands (`${HOME}/…`). */
    identityFile: pulumi.Output<string>;
    /** The host's public key, `ssh-ed25519 AAAA…`: pinned on every connection. */
    hostKey: pulumi.Output<string>;
    /** A jump host through which every connection goes. Default: none */
    proxy?: SshProxy;
    /** Failed dials before a command gives up. Default: as many as a machine that boots needs */
    dialErrorLimit?: number;
}

/** A jump host. Its user, address and key come from the config and are known in the plan. */
export interface SshProxy {
    host: string;
    port: number;
    user: string;
    hostKey: string;
    privateKey: pulumi.Output<string>;
    identityFile: pulumi.Output<string>;
}

/** An Ubuntu or Debian machine reached over SSH. */
export interface Host {
    readonly connection: SshConnection;
    /** Where people reach the services: host name or IP address, without a port. */
    readonly address: pulumi.Output<string>;
    /** Changes when the root file system is new: what is installed on the host must be installed again. */
    readonly machineId: pulumi.Output<string>;
    /** Changes when /var/lib/docker is new: containers, images and networks are gone with the old one. */
    readonly dataId: pulumi.Output<string>;
    /** What holds the containers: where it is deleted, they need no deletion of their own. Absent where nothing does. */
    readonly dataResource?: pulumi.Resource;
    /** Whether the machine was made for this stack, so that all on it is the stack's. */
    readonly dedicated: boolean;
    /** What is done before anything is installed, and undone after all that was is gone. Default: nothing */
    readonly ready?: pulumi.Resource[];
}

/**
 * Failed dials before `remote.Command` gives up. The delays are 0.1 s, half as long again after each, at most 5 s:
 * 50 of them cover 200 s, in which a machine boots (the plugin's default of 10 covers 11 s).
 */
const DIAL_ERROR_LIMIT = 50;
/** Seconds for one dial. A firewall that drops packets costs this much each time; the plugin's default is 15. */
const DIAL_TIMEOUT = 5;

/** The arguments of `remote.Command.connection` for a host. */
export function commandConnection(c: SshConnection): types.input.remote.ConnectionArgs {
    const dialErrorLimit = c.dialErrorLimit ?? DIAL_ERROR_LIMIT;
    return {
        host: c.host,
        port: c.port,
        user: c.user,
        privateKey: c.privateKey,
        hostKey: c.hostKey,
        dialErrorLimit,
        perDialTimeout: DIAL_TIMEOUT,
        ...(c.proxy && {
            proxy: {
                host: c.proxy.host,
                port: c.proxy.port,
                user: c.proxy.user,
                privateKey: c.proxy.privateKey,
                hostKey: c.proxy.hostKey,
                dialErrorLimit,
                perDialTimeout: DIAL_TIMEOUT,
            },
        }),
    };
}

/** What `sshOptions` and `sshCommand` want to know, without the private keys. */
export function sshTarget(c: SshConnection): pulumi.Output<SshTarget & { host: string; port: number; user: string }> {
    const { host, port, user, identityFile, hostKey, proxy } = c;
    const jump = proxy && {
        host: proxy.host,
        port: proxy.port,
        user: proxy.user,
        hostKey: proxy.hostKey,
        identityFile: proxy.identityFile,
    };
    return pulumi.output({ host, port, user, identityFile, hostKey, ...(jump && { proxy: jump }) });
}
