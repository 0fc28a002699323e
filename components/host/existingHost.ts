import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { jsonOf, recordOf, textOf } from "../readings";
import { type HostCommandArgs, hostCommand } from "../remote";
import type { Exposure, Protocol } from "./exposure";
import { asRoot } from "./asRoot";
import { type Host, type SshConnection, type SshProxy, commandConnection } from "./host";
import type { Placement } from "./placement";
import { type GivenKey, SshKey, identityFile } from "./sshIdentity";

const SCRIPTS = path.join(__dirname, "../../scripts");
const SURVEY_SCRIPT = path.join(SCRIPTS, "survey-host.sh");
const PORTS_SCRIPT = path.join(SCRIPTS, "check-ports.sh");
const REMOVE_SCRIPT = path.join(SCRIPTS, "remove-docker.sh");

/** The server has booted long ago: one that refuses for 12 s, or is silent for three minutes, is given up. */
const DIAL_ERROR_LIMIT = 10;

/** A port of the server that a service shall have, or, without `published`, any that is free. */
export interface PortBinding {
    /** IPv4 or IPv6 address of the server, without brackets. Default: all of them */
    hostIp?: string;
    published?: number;
    /** Default: tcp */
    protocol?: Protocol;
}

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
    /** What services publish: refused where something else on the server has it. */
    ports: PortBinding[];
    /** Labels of the stack's own containers, which may pass ports to each other. */
    labels: Record<string, string>;
    /** Whether Docker, and all that is in it, goes with the stack. */
    removeOnDestroy: boolean;
}

/** What scripts/survey-host.sh says of a server. */
interface Survey {
    /** /etc/machine-id: another one is another system. */
    machineId: string;
    /** `ufw`, `firewalld`, or nothing. */
    firewall: string;
}

/** What scripts/survey-host.sh printed; empty where an update leaves it out (`--target`): nothing is made with it. */
function surveyOf(output: unknown): Survey {
    const { machineId, firewall } = recordOf(jsonOf(output));
    return { machineId: textOf(machineId) ?? "", firewall: textOf(firewall) ?? "" };
}

/**
 * An Ubuntu or Debian server that is there already. It is looked at, and refused with a reason, before anything is
 * installed; the stack's end takes away what Berth put on it and nothing else.
 */
export class ExistingHost extends pulumi.ComponentResource implements Host {
    readonly dedicated = false;
    readonly connection: SshConnection;
    readonly address: pulumi.Output<string>;
    readonly machineId: pulumi.Output<string>;
    readonly dataId: pulumi.Output<string>;
    /** The server's own firewall when it was first seen: `ufw`, `firewalld`, or nothing. */
    readonly firewall: pulumi.Output<string>;
    readonly ready: pulumi.Resource[];

    constructor(name: string, args: ExistingHostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:ExistingHost", name, {}, opts);
        const { clientKey } = args;
        const key = new SshKey(`${name}-client-key`, { privateKey: clientKey.privateKey }, { parent: this });
        this.address = pulumi.output(args.address);
        this.connection = {
            host: args.address,
            port: args.port,
            user: args.user,
            privateKey: key.privateKey,
            identityFile: identityFile(`${name}-client-key-file`, key, clientKey.file, { parent: this }),
            hostKey: pulumi.output(args.hostKey),
            proxy: args.proxy,
            dialErrorLimit: DIAL_ERROR_LIMIT,
        };
        const survey = this.survey(`${name}-survey`, args);
        const seen = survey.stdout.apply(surveyOf);
        this.machineId = seen.machineId;
        this.dataId = seen.machineId;
        this.firewall = seen.firewall;
        const ports = this.checkPorts(`${name}-ports`, args, survey);
        // After the ports: a server that was refused keeps its Docker, whatever happens to the stack.
        this.ready = [this.removal(`${name}-removal`, args, ports)];
        const { address, port, hostKey } = args;
        const placement: Placement = { kind: "existing", address, port, hostKey };
        this.registerOutputs({ address: this.address, machineId: this.machineId, placement });
    }

    /**
     * Another server or login has a survey of its own, by its name. One that was made stays as it is: run again for a
     * new key or a newer script, it would make the machine's id unknown in the plan, and every container show a change.
     */
    private survey(name: string, { address, port, user, hostKey }: ExistingHostArgs) {
        const whose = createHash("sha256").update([address, port, user, hostKey].join(" ")).digest("hex").slice(0, 8);
        return this.command(
            `${name}-${whose}`,
            { create: "bash -s", stdin: fs.readFileSync(SURVEY_SCRIPT, "utf8") },
            [],
            { ignoreChanges: ["connection", "create", "stdin"] },
        );
    }

    /** A command of its own: were it the survey, a new list of ports would make the machine's id unknown in the plan. */
    private checkPorts(name: string, { ports, labels, user }: ExistingHostArgs, survey: pulumi.Resource) {
        const wanted = ports.flatMap(portWord);
        const own = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
        return this.command(
            name,
            {
                create: asRoot(user, ["bash", "-s", "--", ...own, "--", ...wanted]),
                stdin: fs.readFileSync(PORTS_SCRIPT, "utf8"),
                triggers: wanted,
            },
            [survey],
        );
    }

    /**
     * Does nothing until the stack ends. It is there in either case and never replaced, since a replaced or removed
     * command runs its `delete`: so neither another install nor a changed mind takes Docker off a server in use.
     */
    private removal(name: string, { removeOnDestroy, user, labels }: ExistingHostArgs, ports: pulumi.Resource) {
        const own = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
        const remove = {
            delete: asRoot(user, ["bash", "-s", "--", ...own]),
            stdin: fs.readFileSync(REMOVE_SCRIPT, "utf8"),
        };
        const logging = remote.Logging.Stderr; // why Docker stays, where it does
        return this.command(name, removeOnDestroy ? { ...remove, logging } : { logging }, [ports]);
    }

    private command(
        name: string,
        args: Omit<HostCommandArgs, "connection">,
        dependsOn: pulumi.Resource[],
        options: pulumi.CustomResourceOptions = {},
    ) {
        return hostCommand(
            name,
            {
                connection: commandConnection(this.connection),
                logging: remote.Logging.None, // on failure what it printed is the error's text
                ...args,
            },
            { ...options, parent: this, dependsOn },
        );
    }
}

/** A port as scripts/check-ports.sh takes it, `80`, `127.0.0.1:80`, `[::1]:53/udp`; none where the engine chooses one. */
function portWord({ hostIp, published, protocol = "tcp" }: PortBinding): string[] {
    if (published === undefined) return [];
    const address = hostIp === undefined ? "" : hostIp.includes(":") ? `[${hostIp}]:` : `${hostIp}:`;
    return [`${address}${published}${protocol === "tcp" ? "" : `/${protocol}`}`];
}

/**
 * The exposure of a server that has a firewall of its own. Docker's rules come before it for published ports: it
 * decides only about the server's own, SSH among them.
 */
export function behindFirewall(rows: Exposure[], sshPort: number, firewall: string): Exposure[] {
    if (firewall === "") return rows;
    return rows.map((row) => ({
        ...row,
        why:
            row.port === sshPort && row.protocol === undefined
                ? `${row.why}; ${firewall} on it decides`
                : `${row.why}; ${firewall} does not keep it closed, as Docker publishes past it`,
    }));
}
