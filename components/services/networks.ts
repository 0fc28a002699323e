import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { dockerLabels } from "../dockerLabels";
import type { NetworkSpec } from "./compose";

/** The name of a network or volume on the engine: as written, or the stack's, like Compose with a project of this name. */
export function objectName(prefix: string, key: string, spec?: { name?: string; external: boolean }): string {
    return spec?.name ?? (spec?.external ? key : `${prefix}_${key}`);
}

/**
 * A network of the stack.
 *
 * Nothing of it can change while it lives, and it cannot go before its containers: all are made anew, the containers
 * removed first (`container.ts`).
 */
export function createNetwork(
    resourceName: string,
    name: string,
    spec: NetworkSpec,
    labels: Record<string, string>,
    options: pulumi.CustomResourceOptions,
): docker.Network {
    return new docker.Network(
        resourceName,
        {
            name,
            driver: spec.driver ?? "bridge",
            options: spec.driver_opts,
            internal: spec.internal,
            attachable: spec.attachable,
            ipv6: spec.enable_ipv6,
            labels: dockerLabels({ ...spec.labels, ...labels }),
            ...(spec.ipam && {
                ipamDriver: spec.ipam.driver ?? "default",
                ipamOptions: spec.ipam.options,
                ipamConfigs: spec.ipam.config.map(({ subnet, ip_range, gateway, aux_addresses }) => ({
                    subnet,
                    ipRange: ip_range,
                    gateway,
                    auxAddress: aux_addresses,
                })),
            }),
        },
        { ...options, deleteBeforeReplace: true },
    );
}
