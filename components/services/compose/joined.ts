import type { ServiceSpec } from "./project";

const SERVICE = "service:";

/** The service in a mode `service:NAME`, whose container is joined. */
export function joinedService(mode: string | undefined): string | undefined {
    return mode?.startsWith(SERVICE) ? mode.slice(SERVICE.length) : undefined;
}

/** The services whose containers a service shares something with: those of its modes, and those of `volumes_from`. */
export function joinedServices(spec: ServiceSpec): { modes: string[]; volumes: string[] } {
    return {
        modes: [spec.network_mode, spec.ipc, spec.pid].flatMap((mode) => joinedService(mode) ?? []),
        volumes: spec.volumes_from.flatMap(({ from, container }) => (container ? [] : [from])),
    };
}
