import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { dockerLabels } from "../dockerLabels";
import type { Host, SshConnection } from "./host";
import type { Placement } from "./placement";
import { type ForwardedPort, createForwarder } from "./portForwarder";
import { SshIdentity, userDataOf } from "./sshIdentity";

/** The login of every host that Berth makes, as on Ubuntu's cloud images. */
const USER = "ubuntu";
/** All that a machine publishes is on this address: nothing is reachable from outside the computer it runs on. */
const LOOPBACK = "127.0.0.1";
const SEED = "/var/lib/cloud/seed/nocloud";

export interface LocalHostArgs {
    /** Name of the container, its volumes and network, and (shortened) host name. */
    machineName: string;
    /** The local Docker engine. Default: `unix:///var/run/docker.sock` */
    dockerHost?: string;
    /** Image with systemd, sshd, sudo and cloud-init, already on the local engine (components/host/image). */
    image: string;
    /** TCP port on 127.0.0.1 that leads to the machine's sshd. */
    sshPort: number;
    /** Ports that services publish; each is reachable on 127.0.0.1 under the same number. */
    publishedPorts: ForwardedPort[];
    /** Existing Docker networks that the machine joins besides its own. Default: none */
    networks?: string[];
    /** Capabilities that the local engine itself lacks and cannot give away, such as `CAP_SYS_RESOURCE`. Default: none */
    missingCapabilities?: string[];
    /** Labels on everything that is made, so that it is found again. */
    labels: Record<string, string>;
    /** Folder of the project that makes the machine: its label says so where another clone's is in the way. Default: none */
    clone?: string;
}

/**
 * The embedded host: a container on the local Docker engine that boots systemd, sshd and its own Docker from the same
 * user data as an EC2 instance. Its Docker data lies in volumes; each published port is a forwarder of its own, so
 * that neither a new container nor a changed port touches what runs on it.
 */
export class LocalHost extends pulumi.ComponentResource implements Host {
    readonly dedicated = true;
    readonly connection: SshConnection;
    readonly address = pulumi.output(LOOPBACK);
    readonly machineId: pulumi.Output<string>;
    readonly dataId: pulumi.Output<string>;
    readonly dataResource: pulumi.Resource;

    constructor(name: string, args: LocalHostArgs, opts?: pulumi.ComponentResourceOptions) {
        // The same state may be used from another folder.
        super("berth:index:LocalHost", name, { ...args, clone: undefined }, opts);
        const identity = new SshIdentity(`${name}-ssh`, {}, { parent: this });
        const engine = new docker.Provider(
            `${name}-local-engine`,
            { host: args.dockerHost ?? "unix:///var/run/docker.sock" },
            { parent: this },
        );
        const options = { parent: this, provider: engine };
        const labels = dockerLabels(args.labels);

        const network = new docker.Network(`${name}-network`, { name: args.machineName, labels }, options);
        const volume = (use: string) =>
            new docker.Volume(`${name}-${use}`, { name: `${args.machineName}-${use}`, labels }, options);
        const data = volume("docker");
        const containerd = volume("containerd");
        const machine = createMachine(name, args, identity, network, { data, containerd, labels }, options);
        for (const port of args.publishedPorts) {
            createForwarder(
                `${name}-port`,
                { ...args, port, address: LOOPBACK, network, labels },
                { ...options, dependsOn: [machine] },
            );
        }

        this.connection = {
            host: LOOPBACK,
            port: args.sshPort,
            user: USER,
            privateKey: identity.client.privateKey,
            identityFile: identity.identityFile,
            hostKey: identity.host.publicKey,
        };
        this.machineId = machine.id;
        this.dataId = data.id;
        this.dataResource = data;
        const placement: Placement = { kind: "local", machine: args.machineName, dockerHost: args.dockerHost };
        this.registerOutputs({ address: this.address, machineId: this.machineId, placement });
    }
}

type Labels = { label: string; value: string }[];
type Storage = { data: docker.Volume; containerd: docker.Volume; labels: Labels };

function createMachine(
    name: string,
    args: LocalHostArgs,
    identity: SshIdentity,
    network: docker.Network,
    storage: Storage,
    options: pulumi.CustomResourceOptions,
) {
    const hostname = hostNameOf(args.machineName);
    const seed = (file: string, content: pulumi.Input<string>) => ({
        file: `${SEED}/${file}`,
        content,
        permissions: "0600",
    });
    return new docker.Container(
        `${name}-machine`,
        {
            name: args.machineName,
            hostname,
            image: args.image,
            // On cgroup v1 systemd refuses to boot without the second argument; elsewhere it means nothing.
            command: ["--unit=multi-user.target", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"],
            cgroupnsMode: "host",
            // What `--privileged` would give, but for what the engine lacks (it fails there) and the devices.
            capabilities: { adds: ["ALL"], drops: args.missingCapabilities ?? [] },
            securityOpts: ["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"],
            tmpfs: { "/run": "", "/tmp": "" },
            volumes: [
                { hostPath: "/sys/fs/cgroup", containerPath: "/sys/fs/cgroup" },
                { volumeName: storage.data.name, containerPath: "/var/lib/docker" },
                { volumeName: storage.containerd.name, containerPath: "/var/lib/containerd" },
            ],
            networksAdvanced: [network.name, ...(args.networks ?? [])].map((n) => ({ name: n })),
            ports: [{ internal: 22, external: args.sshPort, ip: LOOPBACK }],
            uploads: [
                seed("user-data", userDataOf(USER, identity)),
                seed("meta-data", `instance-id: ${hostname}\nlocal-hostname: ${hostname}\n`),
            ],
            stopSignal: "SIGRTMIN+3",
            destroyGraceSeconds: 10,
            restart: "unless-stopped",
            labels: [...storage.labels, ...dockerLabels(args.clone === undefined ? {} : { "berth.clone": args.clone })],
        },
        {
            ...options,
            deleteBeforeReplace: true,
            // securityOpts: the provider reads `systempaths` back as missing. The others: neither new user data nor
            // another computer's engine, nor another folder, may replace a machine that runs.
            ignoreChanges: ["securityOpts", "uploads", "capabilities", "labels"],
        },
    );
}

/** A host name of at most 63 letters, digits and hyphens. */
export function hostNameOf(machineName: string): string {
    return machineName
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .slice(0, 63)
        .replace(/^-+|-+$/g, "");
}
