import { stringify } from "yaml";

/** What a new machine is told at its first boot. */
export interface CloudConfigArgs {
    /** The login that gets the client's key and `sudo` without a password. */
    user: string;
    /** `ssh-ed25519 AAAA…` of the person who logs in. */
    authorizedKey: string;
    /** The machine's own private key, OpenSSH format. */
    hostPrivateKey: string;
    /** Its public half. */
    hostPublicKey: string;
}

/**
 * The user data from which every host boots, on EC2 and embedded alike: a user, its key, and the host key that was
 * made before the machine and is pinned by all who connect.
 *
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html (users, ssh)
 */
export function cloudConfig(args: CloudConfigArgs): string {
    const document = {
        users: [
            {
                name: args.user,
                shell: "/bin/bash",
                sudo: "ALL=(ALL) NOPASSWD:ALL",
                lock_passwd: true,
                ssh_authorized_keys: [args.authorizedKey],
            },
        ],
        disable_root: true,
        ssh_pwauth: false,
        manage_etc_hosts: true, // else sudo cannot resolve the host's own name
        ssh_deletekeys: true,
        ssh_genkeytypes: ["ed25519"],
        ssh_keys: { ed25519_private: args.hostPrivateKey, ed25519_public: args.hostPublicKey },
    };
    return `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
}
