import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Host, type SshConnection, type SshProxy, commandConnection } from "./host";
import { type GivenKey, SshKey, identityFile } from "./sshIdentity";

const SURVEY_SCRIPT = path.join(__dirname, "../../scripts/survey-host.sh");

export interface ExistingHostArgs {
    /** Host name or IP address. */
    address: string;
    /** TCP port of sshd. */
    port: number;
    /** Login with sudo and without a password, or root. */
    user: string;
    /** The server's public key. */
    hostKey: string;
    clientKey: GivenKey;
    /** A jump host. Default: none */
    proxy?: SshProxy;
}

/** What scripts/survey-host.sh says of a server. */
interface Survey {
    /** /etc/machine-id: another one is another system. */
    machineId: string;
    /** Device and inode of Docker's data root, or nothing where there is none yet. */
    firewall: string;
}

/**
 * An Ubuntu or Debian server that is there already. It is looked at, and refused with a reason, before anything is
 * installed; the stack's end takes away what Berth put on it and nothing else.
 */
export class ExistingHost extends pulumi.ComponentResource implements Host {
    readonly connection: SshConnection;
    readonly address: pulumi.Output<string>;
    readonly machineId: pulumi.Output<string>;
    readonly dataId: pulumi.Output<string>;
    /** What the server's own firewall does to published ports, in words; empty where it has none. */
    readonly firewall: pulumi.Output<string>;

    constructor(name: string, args: ExistingHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:ExistingHost", name, {}, opts);
        const { clientKey, ...login } = args;
        const key = new SshKey(`${name}-client-key`, { privateKey: clientKey.privateKey }, { parent: this });
        this.address = pulumi.output(args.address);
        this.connection = {
            host: login.address,
            port: login.port,
            user: login.user,
            privateKey: key.privateKey,
            identityFile: identityFile(`${name}-client-key-file`, key, clientKey.file, { parent: this }),
            hostKey: pulumi.output(login.hostKey),
            proxy: login.proxy,
        };
        const survey = new remote.Command(
            `${name}-survey`,
            {
                connection: commandConnection(this.connection),
                create: "bash -s",
                stdin: fs.readFileSync(SURVEY_SCRIPT, "utf8"),
                triggers: [login.address, login.port, login.hostKey],
                logging: remote.Logging.Stderr,
                addPreviousOutputInEnv: false,
            },
            { parent: this },
        );
        const seen = survey.stdout.apply((json) => JSON.parse(json) as Survey);
        this.machineId = seen.machineId;
        this.dataId = seen.machineId;
        this.firewall = seen.firewall;
        this.registerOutputs({ address: this.address, machineId: this.machineId });
    }
}
