import type { ServiceSpec } from "./compose";

/** How a changed service is exchanged, and why not the other way. */
export interface UpdateOrder {
    order: "start-first" | "stop-first";
    /** What two containers of this service could not share. Empty where nothing is in the way, or the file decides. */
    because: string[];
}

/**
 * A service that holds nothing of its own is exchanged start-first: the old container goes when the new one is healthy.
 * Two containers on one volume would corrupt its data, and two cannot have one name, port or address.
 * `deploy.update_config.order` decides where it can: a name, a port or an address cannot be had twice whatever it says.
 *
 * @param isJob whether the service runs once, to its end
 */
export function updateOrder(spec: ServiceSpec, isJob: boolean): UpdateOrder {
    const single = singleThings(spec);
    if (isJob) return { order: "stop-first", because: ["it runs to its end"] };
    if (single.length > 0) return { order: "stop-first", because: single };
    if (spec.update_order) return { order: spec.update_order, because: [] };
    const data = spec.mounts.flatMap((mount) => {
        if (mount.read_only) return [];
        if (mount.volume !== undefined) return [`it writes to the volume ${mount.volume}`];
        if (mount.bind === undefined) return [];
        return [`it writes to ${mount.bind.at === "kept" ? mount.bind.name : mount.bind.path}`];
    });
    if (spec.volumes_from.length > 0) data.push("it uses volumes of other containers");
    return { order: data.length > 0 ? "stop-first" : "start-first", because: data };
}

/** What only one container can have at a time. */
function singleThings(spec: ServiceSpec): string[] {
    const things = spec.ports.flatMap((p) => (p.published === undefined ? [] : [`it has port ${p.published}`]));
    if (spec.container_name !== undefined) things.push("it has a name of its own");
    if (spec.network_mode === "host") things.push("it uses the host's network");
    for (const [network, { ipv4_address, ipv6_address }] of Object.entries(spec.networks)) {
        if (ipv4_address !== undefined || ipv6_address !== undefined) {
            things.push(`it has an address of its own in the network ${network}`);
        }
    }
    return things;
}
