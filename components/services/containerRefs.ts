import * as pulumi from "@pulumi/pulumi";
import type { VolumesByPath } from "./anonymousVolumes";
import { type BindSource, type FileMount, type ServiceSpec, joinedService } from "./compose";

/** What the names in a service's words stand for on the engine. */
export interface ContainerRefs {
    /** Name of the container. */
    name: string;
    image: pulumi.Input<string>;
    /** Labels besides the service's own. */
    labels: Record<string, string>;
    /** A network's name, by its key. */
    network(key: string): pulumi.Input<string>;
    /** A volume's name, by its key. */
    volume(key: string): pulumi.Input<string>;
    /** Volumes that have no name in the file. Default: the engine makes new ones */
    anonymous?: pulumi.Input<VolumesByPath>;
    /** The container's own address in a network, by the network's key; undefined: the engine chooses. */
    address(key: string): string | undefined;
    /** Absolute path on the host. */
    bind(source: BindSource, readOnly: boolean): pulumi.Input<string>;
    /** Absolute path on the host. */
    file(file: FileMount): pulumi.Input<string>;
    /** Id of another service's container. */
    container(service: string): pulumi.Input<string>;
    /** Names by which it is found in each of its networks, besides its own and those that the service says. */
    aliases: string[];
}

/** A mode, `service:NAME` in it being another service's container. */
export function joined(mode: string | undefined, refs: ContainerRefs): pulumi.Input<string> | undefined {
    const service = joinedService(mode);
    return service === undefined ? mode : pulumi.interpolate`container:${refs.container(service)}`;
}

/** Names of the networks and volumes that a container is made with. */
export function usedObjects(spec: ServiceSpec, refs: ContainerRefs): pulumi.Input<string>[] {
    const volumes = spec.mounts.flatMap(({ volume }) => (volume === undefined ? [] : [refs.volume(volume)]));
    return [...Object.keys(spec.networks).map((key) => refs.network(key)), ...volumes];
}
