import type { z } from "zod";
import type { Mistake, Report } from "./document";
import type { Variables } from "./interpolation";
import { joinedServices } from "./joined";
import { own } from "./own";
import type { ComposeProject, NetworkSpec, ServiceSpec, VolumeSpec } from "./project";
import { ProjectFiles } from "./projectFiles";
import { checkReferences, missingService } from "./references";
import { type ServiceContext, buildService } from "./buildService";
import type { networkSchema } from "./schema/networks";
import type { WrittenService } from "./schema/service";
import type { configFileSchema, secretSchema, volumeSchema } from "./schema/topLevel";

/** The sections of a file, each value read by its schema. */
export interface WrittenProject {
    services: Record<string, WrittenService>;
    networks: Record<string, z.output<typeof networkSchema>>;
    volumes: Record<string, z.output<typeof volumeSchema>>;
    configs: Record<string, z.output<typeof configFileSchema>>;
    secrets: Record<string, z.output<typeof secretSchema>>;
}

export interface ProjectContext {
    /** Folder that relative paths begin at, absolute. */
    directory: string;
    /** `berth:secrets` */
    secrets: Record<string, string>;
    variables: Variables;
    /** Active profiles; `*` is all of them. */
    profiles: string[];
    /** Names in a service's `environment` whose values came from secrets or from outside of the file. */
    privateNames(service: string): string[];
}

/** Puts the sections together, and checks them against each other and against the files beside them. */
export function buildProject(
    written: WrittenProject,
    context: ProjectContext,
): { project: ComposeProject; mistakes: Mistake[]; warnings: string[] } {
    const mistakes: Mistake[] = [];
    const warnings = new Set<string>();
    const report: Report = (path, message) => void mistakes.push({ path, message });
    const active = activeServices(written, context.profiles, report);
    const shared: Omit<ServiceContext, "name"> = {
        ...context,
        written,
        files: new ProjectFiles(context.directory),
        report,
        warn: (message) => void warnings.add(message),
    };
    const services = Object.fromEntries(
        Object.entries(active).map(([name, service]) => [name, buildService(service, { ...shared, name })]),
    );
    linkServices(services, written, report);
    addJoined(services);
    checkReferences(services, written, report);
    return {
        project: { services, networks: usedNetworks(services, written), volumes: usedVolumes(written) },
        mistakes,
        warnings: [...warnings, ...dropPorts(services)],
    };
}

/** The services that no profile holds back. What depends on one that is held back is a mistake. */
function activeServices(written: WrittenProject, profiles: string[], report: Report): WrittenProject["services"] {
    const all = written.services;
    const isActive = (service: WrittenService | undefined) =>
        service !== undefined &&
        (service.profiles.length === 0 || profiles.includes("*") || service.profiles.some((p) => profiles.includes(p)));
    const active = Object.fromEntries(Object.entries(all).filter(([, service]) => isActive(service)));
    return Object.fromEntries(
        Object.entries(active).map(([name, service]) => {
            const kept = Object.entries(service.depends_on).filter(([other, { required }]) => {
                const service = own(all, other);
                if (!service || isActive(service)) return true; // an unknown name is a mistake of its own
                if (required) {
                    const why = missingService(other, written);
                    report(["services", name, "depends_on", other], `${why}, or write required: false`);
                }
                return false;
            });
            return [name, { ...service, depends_on: Object.fromEntries(kept) }];
        }),
    );
}

/** A link is a name by which the linked service is found in the networks that both are in. */
function linkServices(services: Record<string, ServiceSpec>, written: WrittenProject, report: Report): void {
    for (const [name, spec] of Object.entries(services)) {
        spec.links.forEach(({ service, alias }, i) => {
            const linked = own(services, service);
            if (!linked) return report(["services", name, "links", i], missingService(service, written));
            const both = Object.keys(spec.networks).filter((key) => own(linked.networks, key));
            if (both.length === 0) {
                report(["services", name, "links", i], `${name} and ${service} share no network; put both into one`);
            }
            for (const key of both) {
                const attachment = own(linked.networks, key);
                if (attachment && alias !== service && !attachment.aliases.includes(alias))
                    attachment.aliases.push(alias);
            }
            addDependency(spec, service, true);
        });
    }
}

/** A service comes after those whose namespaces or volumes it shares, as in Compose. */
function addJoined(services: Record<string, ServiceSpec>): void {
    for (const spec of Object.values(services)) {
        const { modes, volumes } = joinedServices(spec);
        for (const other of [...modes, ...volumes].filter((name) => Object.hasOwn(services, name))) {
            addDependency(spec, other, modes.includes(other));
        }
    }
}

function addDependency({ depends_on }: ServiceSpec, service: string, restart: boolean): void {
    if (own(depends_on, service)) return;
    depends_on[service] = { condition: "service_started", restart, required: true };
}

/** The engine publishes nothing of a container that has no network of its own: neither does the plan. */
function dropPorts(services: Record<string, ServiceSpec>): string[] {
    return Object.entries(services).flatMap(([name, spec]) => {
        if (spec.ports.length === 0 || !["host", "none"].includes(spec.network_mode ?? "")) return [];
        spec.ports = [];
        const why = spec.network_mode === "host" ? "its ports are the host's own" : "nothing reaches it";
        return [`The ports of ${name} have no effect: with network_mode ${spec.network_mode}, ${why}.`];
    });
}

/** A network of which nothing is written. */
export const PLAIN_NETWORK: NetworkSpec = {
    external: false,
    driver_opts: {},
    internal: false,
    attachable: false,
    enable_ipv6: false,
    labels: {},
};

function usedNetworks(
    services: Record<string, ServiceSpec>,
    { networks }: WrittenProject,
): Record<string, NetworkSpec> {
    const used = new Set(Object.values(services).flatMap((spec) => Object.keys(spec.networks)));
    return Object.fromEntries([...used].map((key) => [key, own(networks, key) ?? PLAIN_NETWORK]));
}

/** Those that any service uses, whatever profiles are active: a profile that is left out loses no data. */
function usedVolumes({ services, volumes }: WrittenProject): Record<string, VolumeSpec> {
    const used = Object.values(services).flatMap((service) =>
        service.volumes.flatMap(({ type, source }) => (type === "volume" && source !== undefined ? [source] : [])),
    );
    return Object.fromEntries(Object.entries(volumes).filter(([key]) => used.includes(key)));
}
