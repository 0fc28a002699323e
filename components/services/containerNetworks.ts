import type * as docker from "@pulumi/docker";
import type { PortMapping, ServiceSpec } from "./compose";
import { type ContainerRefs, joined } from "./containerRefs";
import { sortedPorts } from "./readBack";
import { some } from "./said";

/**
 * Networks, ports and names of a container.
 *
 * The mode is never the name of a network: the provider would make the container in that network without its aliases and
 * addresses, and the engine takes them for none of a network that the container is in already. Without a mode, it is
 * made in the engine's own bridge, and moved before it starts.
 */
export function networkArgs(spec: ServiceSpec, refs: ContainerRefs): Partial<docker.ContainerArgs> {
    return {
        networkMode: joined(spec.network_mode, refs),
        networksAdvanced: some(
            Object.entries(spec.networks).map(([key, attachment]) => ({
                name: refs.network(key),
                aliases: [...new Set([refs.name, ...refs.aliases, ...attachment.aliases])],
                ipv4Address: attachment.ipv4_address ?? refs.address(key),
                ipv6Address: attachment.ipv6_address,
                linkLocalIps: some(attachment.link_local_ips),
                gwPriority: attachment.gw_priority,
                driverOpts: some(Object.entries(attachment.driver_opts).map(([name, value]) => `${name}=${value}`)),
            })),
        ),
        ports: some(portArgs(spec.ports)),
        dns: some(spec.dns),
        dnsOpts: some(spec.dns_opt),
        dnsSearches: some(spec.dns_search),
        hosts: some(spec.extra_hosts),
    };
}

/**
 * Ports as the provider reads them back. For it "all addresses" is those of IPv4, so IPv6 is an entry of its own, but
 * not where the engine chooses the port: it would choose two.
 */
function portArgs(ports: PortMapping[]): docker.types.input.ContainerPort[] {
    return sortedPorts(ports).flatMap(({ hostIp, published, target, protocol }) => {
        const port = { internal: target, external: published, protocol };
        if (hostIp !== undefined) return [{ ...port, ip: hostIp }];
        const ipv4 = { ...port, ip: "0.0.0.0" };
        return published === undefined ? [ipv4] : [ipv4, { ...port, ip: "::" }];
    });
}
