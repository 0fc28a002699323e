import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";

/** A port that leads to the same port of the embedded host. */
export interface ForwardedPort {
    port: number;
    /** Default: tcp */
    protocol?: "tcp" | "udp";
}

interface ForwarderArgs {
    port: ForwardedPort;
    /** Address of this computer that it is published on. */
    address: string;
    /** Name of the machine's container. */
    machineName: string;
    /** The machine's own image, which has the programs that forward. */
    image: string;
    /** The machine's own network. */
    network: docker.Network;
    labels: { label: string; value: string }[];
}

/**
 * Leads one port of this computer to the same port of the machine, as an unprivileged container of the machine's image.
 *
 * @param name of the kind of resource: the port is added, and the protocol where it is not TCP
 */
export function createForwarder(name: string, args: ForwarderArgs, options: pulumi.CustomResourceOptions) {
    const { port, protocol = "tcp" } = args.port;
    const suffix = protocol === "tcp" ? `${port}` : `${port}-${protocol}`;
    return new docker.Container(
        `${name}-${suffix}`,
        {
            name: `${args.machineName}-port-${suffix}`,
            image: args.image,
            ...program(port, protocol, args.machineName),
            user: "nobody",
            readOnly: true,
            capabilities: { drops: ["ALL"] },
            securityOpts: ["no-new-privileges:true"],
            networksAdvanced: [{ name: args.network.name }],
            ports: [{ internal: port, external: port, ip: args.address, ...(protocol !== "tcp" && { protocol }) }],
            restart: "unless-stopped",
            labels: args.labels,
        },
        { ...options, deleteBeforeReplace: true },
    );
}

function program(port: number, protocol: "tcp" | "udp", machine: string) {
    // components/host/image/forward-udp.py. The image's own signal to stop is systemd's.
    if (protocol === "udp")
        return { entrypoints: ["forward-udp"], command: [`${port}`, `${machine}:${port}`], stopSignal: "SIGTERM" };
    return {
        entrypoints: ["systemd-socket-activate"],
        command: [
            `--listen=${port}`,
            "/usr/lib/systemd/systemd-socket-proxyd",
            "--connections-max=4096", // its default is 256
            `${machine}:${port}`,
        ],
    };
}
