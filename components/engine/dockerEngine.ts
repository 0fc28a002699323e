import { remote } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import type { types as dockerTypes } from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Host, commandConnection, sshOptions, sshTarget } from "../host";
import { jsonOf, textMapOf } from "../readings";
import { hostCommand } from "../remote";
import { clearCommand } from "./clearCommand";
import { type EngineSpec, installCommand } from "./installCommand";

const INSTALL_SCRIPT = path.join(__dirname, "../../scripts/install-docker.sh");

/** Versions of what is installed, such as `{ engine: "28.5.2", compose: "2.40.3", … }`. */
export type EngineVersions = Partial<Record<"engine" | "compose" | "buildx" | "containerd", string>>;

export interface DockerEngineArgs extends EngineSpec {
    /** The machine to install on. */
    host: Host;
    /** What all that the stack makes on this engine carries. At least one. */
    labels: Record<string, string>;
    /** Credentials of registries, the same at each run. Default: none */
    registryAuth?: dockerTypes.input.ProviderRegistryAuth[];
}

/** Docker CE with Compose and Buildx on a host, its `daemon.json`, and who is in the `docker` group. */
export class DockerEngine extends pulumi.ComponentResource {
    /** Talks to the engine over SSH with the pinned host key. Known in the plan; it never dials before `ready`. */
    readonly provider: docker.Provider;
    /** Done when the engine answers for every user. All that runs on the engine depends on it. */
    readonly ready: pulumi.Resource;
    readonly versions: pulumi.Output<EngineVersions>;
    readonly host: Host;

    constructor(name: string, args: DockerEngineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:DockerEngine", name, {}, opts);
        const { host, labels, registryAuth, ...spec } = args;
        const ssh = host.connection;
        const install = hostCommand(
            `${name}-install`,
            {
                connection: commandConnection(ssh),
                create: installCommand(spec, ssh.user),
                stdin: fs.readFileSync(INSTALL_SCRIPT, "utf8"),
                triggers: [host.machineId],
                logging: remote.Logging.Stderr, // stdout is for us: the versions
            },
            { parent: this, deletedWith: host.dataResource, dependsOn: host.ready },
        );
        this.host = host;
        this.ready = host.dedicated ? this.clear(`${name}-clear`, labels, install) : install;
        this.versions = install.stdout.apply((json) => textMapOf(jsonOf(json)));
        this.provider = new docker.Provider(
            `${name}-engine`,
            {
                host: pulumi.interpolate`ssh://${ssh.user}@${ssh.host}:${ssh.port}`,
                sshOpts: sshTarget(ssh).apply((target) => sshOptions(target).flatMap((o) => ["-o", o])),
                ...(registryAuth && registryAuth.length > 0 && { registryAuth }),
            },
            { parent: this, dependsOn: [install] },
        );
        this.registerOutputs({ versions: this.versions });
    }

    /**
     * Removes containers that an earlier server of the stack left on a disk. It enters and leaves the state together
     * with the containers, so none that it removes is in use. On a server that others use too, a taken name is an error.
     */
    private clear(name: string, labels: Record<string, string>, install: pulumi.Resource) {
        const { host } = this;
        return hostCommand(
            name,
            {
                connection: commandConnection(host.connection),
                create: clearCommand(labels),
                triggers: [host.dataId],
                logging: remote.Logging.None,
            },
            {
                parent: this,
                deletedWith: host.dataResource,
                dependsOn: install,
                ignoreChanges: ["connection", "create"],
            },
        );
    }
}
