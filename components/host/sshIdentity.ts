import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { cloudConfig } from "./cloudConfig";
import { textOf } from "../readings";
import { keyFileName, publicKeyOf } from "./publicKey";

/** Prints a new ed25519 private key and leaves no file behind. No text of the user's is part of it. */
const GENERATE = `set -eu
umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ssh-keygen -q -t ed25519 -N '' -C berth -f "$folder/key"
cat "$folder/key"`;

/**
 * Stores a private key, given on stdin, where the OpenSSH client finds it. The folder is below $HOME on every machine;
 * the file's name is the key's fingerprint, so that stacks never share one.
 */
const storeAs = (name: string) => `set -eu
umask 077
mkdir -p "$HOME/.berth/ssh"
cat > "$HOME/.berth/ssh/${name}.new"
mv -f "$HOME/.berth/ssh/${name}.new" "$HOME/.berth/ssh/${name}"`;

export interface SshKeyArgs {
    /** A private key that exists, OpenSSH format without a passphrase. Default: an ed25519 key of the stack's own */
    privateKey?: string;
}

/** A key pair that lives in the stack's state, the private half as a secret. */
export class SshKey extends pulumi.ComponentResource {
    readonly privateKey: pulumi.Output<string>;
    /** `ssh-ed25519 AAAA…` */
    readonly publicKey: pulumi.Output<string>;

    constructor(name: string, args: SshKeyArgs = {}, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:SshKey", name, {}, opts);
        this.privateKey = args.privateKey === undefined ? this.generate(name) : pulumi.secret(args.privateKey);
        this.publicKey = pulumi.unsecret(this.privateKey.apply((key) => (key === "" ? "" : publicKeyOf(key))));
        this.registerOutputs({ publicKey: this.publicKey });
    }

    private generate(name: string): pulumi.Output<string> {
        const generate = new local.Command(
            name,
            { create: GENERATE, logging: local.Logging.None, addPreviousOutputInEnv: false },
            { parent: this, additionalSecretOutputs: ["stdout"], ignoreChanges: ["create"] },
        );
        return pulumi.secret(generate.stdout.apply(keyTextOf));
    }
}

/** A key as ssh-keygen printed it; empty where an update leaves the command out (`--target`): nothing is made with it. */
function keyTextOf(output: unknown): string {
    const text = textOf(output);
    return text === undefined ? "" : `${text.trimEnd()}\n`;
}

/** A private key that the person has already. */
export interface GivenKey {
    /** OpenSSH format, without a passphrase. */
    privateKey: string;
    /** Where it lies on every computer that runs Pulumi, as OpenSSH expands it: `${HOME}/.ssh/id_ed25519`. Default: Berth stores it */
    file?: string;
}

export interface SshIdentityArgs {
    /** The key of the person who logs in. Default: one that is made */
    client?: GivenKey;
}

/**
 * What a host is known by, and how it is logged in to: its own key, made before the machine exists and pinned on every
 * connection, and the key of the person who runs Pulumi.
 */
export class SshIdentity extends pulumi.ComponentResource {
    readonly host: SshKey;
    readonly client: SshKey;
    /** The client's key on the machine that runs Pulumi, as OpenSSH expands it: `${HOME}/.berth/ssh/<name>`. It is there for all who depend on this output. */
    readonly identityFile: pulumi.Output<string>;

    constructor(name: string, args: SshIdentityArgs = {}, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:SshIdentity", name, {}, opts);
        this.host = new SshKey(`${name}-host-key`, {}, { parent: this });
        this.client = new SshKey(`${name}-client-key`, { privateKey: args.client?.privateKey }, { parent: this });
        this.identityFile = identityFile(`${name}-client-key-file`, this.client, args.client?.file, { parent: this });
        this.registerOutputs({ identityFile: this.identityFile });
    }
}

/** The user data of a machine with this identity, a secret: the host's private key is in it. */
export function userDataOf(user: string, { client, host }: SshIdentity): pulumi.Output<string> {
    const text = pulumi
        .all([client.publicKey, host.privateKey, host.publicKey])
        .apply(([authorizedKey, hostPrivateKey, hostPublicKey]) =>
            cloudConfig({ user, authorizedKey, hostPrivateKey, hostPublicKey }),
        );
    return pulumi.secret(text);
}

/**
 * Where the docker plugin's OpenSSH finds a client's key, as OpenSSH expands it. Where the person has no such file,
 * `${HOME}/.berth/ssh/<name>` holds it as long as the stack exists; it is there for all who depend on this output.
 */
export function identityFile(
    name: string,
    key: SshKey,
    file: string | undefined,
    options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
    if (file !== undefined) return pulumi.output(file);
    const fileName = key.publicKey.apply(keyFileName);
    const stored = new local.Command(
        name,
        {
            create: fileName.apply(storeAs),
            delete: pulumi.interpolate`rm -f "$HOME/.berth/ssh/${fileName}"`,
            stdin: key.privateKey,
            logging: local.Logging.None,
            addPreviousOutputInEnv: false,
        },
        options,
    );
    return pulumi.all([fileName, stored.urn]).apply(([file]) => `\${HOME}/.berth/ssh/${file}`);
}
