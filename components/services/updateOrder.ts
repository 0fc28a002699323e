import type { ServiceSpec } from "./compose";

/** How a changed service is exchanged, and why not the other way. */
export interface UpdateOrder {
    order: "start-first" | "stop-first";
    /** Why it is stop-first. Empty where it is start-first, or the file says stop-first. */
    because: string[];
}

/**
 * Stop-first is the default, as in Compose: the old container is removed before the new one starts, under the same name.
 * Start-first gives the new one another address, which only nginx of `berth:sites` is told; whoever else resolved the
 * name once would talk to nobody. So it is for services that a site leads to, unless two containers would write to the
 * same data, and for those whose `deploy.update_config.order` says so. A name, a port or an address cannot be had twice
 * whatever it says.
 *
 * @param isJob whether the service runs once, to its end
 */
export function updateOrder(spec: ServiceSpec, isJob: boolean): UpdateOrder {
    const single = singleThings(spec);
    if (isJob) return { order: "stop-first", because: ["it runs to its end"] };
    if (single.length > 0) return { order: "stop-first", because: single };
    if (spec.update_order) return { order: spec.update_order, because: [] };
    const data = sharedData(spec);
    if (data.length > 0) return { order: "stop-first", because: data };
    if (spec.serves_at === undefined) return { order: "stop-first", because: ["no site leads to it"] };
    return { order: "start-first", because: [] };
}

/** What two containers of the service would both write to. */
function sharedData(spec: ServiceSpec): string[] {
    const data = spec.mounts.flatMap((mount) => {
        if (mount.read_only || mount.type === "tmpfs") return [];
        if (mount.bind) return [`it writes to ${mount.bind.at === "kept" ? mount.bind.name : mount.bind.path}`];
        return [
            `it writes to ${mount.volume === undefined ? "its volume at" : "the volume"} ${mount.volume ?? mount.target}`,
        ];
    });
    return spec.volumes_from.length > 0 ? [...data, "it uses volumes of other containers"] : data;
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
