import * as fs from "node:fs";
import * as path from "node:path";
import { type ComposeProject, own } from "../services";
import { keepsConnections } from "./nginxConf";
import { PROXY, PROXY_NETWORK, withProxy } from "./proxyService";
import { type Site, readSites } from "./sites";
import { type ProxyConfig, type SiteConfig, proxySchema, siteSchema, sitesSchema } from "./sitesSchema";

/** Keys of the config about nginx in front. Either of them has it made. */
export const proxyKeys = { sites: sitesSchema.optional(), proxy: proxySchema.optional() };

/** A mistake, and its place: in the config, or in the project. */
export interface ProxyMistake {
    at: "config" | "project";
    path: (string | number)[];
    message: string;
}

/** nginx in front, as the config has it. */
export interface ConfiguredProxy {
    sites: Site[];
    config: ProxyConfig;
    /** PEM: what vouches for the ACME server itself. Default: what the host's system believes */
    acmeRoot?: string;
}

export interface ProxyContext {
    /** `berth:secrets` */
    secrets: Record<string, string>;
    /** Folder that relative paths begin at, absolute. */
    directory: string;
    /** `PROJECT-STACK` */
    prefix: string;
}

/** Whether the config asks for nginx in front. */
export function wantsProxy({ sites, proxy }: Record<string, unknown>): boolean {
    return sites !== undefined || proxy !== undefined;
}

/**
 * Reads what the config says of nginx in front, and holds it against the project.
 *
 * @param values of the config. What breaks their schema is left to whoever checks the whole config
 * @returns the project with nginx in it; `proxy` is undefined where none is asked for, or not in words that can be read
 */
export function configuredProxy(
    values: Record<string, unknown>,
    project: ComposeProject,
    { prefix, ...context }: ProxyContext,
): { project: ComposeProject; proxy?: ConfiguredProxy; mistakes: ProxyMistake[]; warnings: string[] } {
    const config = proxySchema.safeParse(values.proxy ?? {}).data;
    if (!config || !wantsProxy(values)) return { project, mistakes: [], warnings: [] };
    const { sites, mistakes } = readSites(readable(values.sites), {
        ...context,
        services: project.services,
        now: new Date(),
    });
    const acme = acmeRoot(sites, config, context.directory);
    const all: ProxyMistake[] = [
        ...mistakes.map(({ path, message }) => ({ at: "config" as const, path: ["sites", ...path], message })),
        ...acme.mistakes,
        ...collisions(project),
    ];
    const warnings = keepsConnections(config.image) === false ? [olderNginx(config.image)] : [];
    return {
        project: withProxy(project, sites, config, prefix),
        proxy: { sites, config, acmeRoot: acme.root },
        mistakes: all,
        warnings,
    };
}

/** The sites that are right by themselves. */
function readable(sites: unknown): Record<string, SiteConfig> {
    if (typeof sites !== "object" || sites === null) return {};
    const read = Object.entries(sites).flatMap(([key, value]): [string, SiteConfig][] => {
        const { data } = siteSchema.safeParse(value);
        return data ? [[key, data]] : [];
    });
    return Object.fromEntries(read);
}

/** The file that vouches for the ACME server; and what is missing for sites that want a certificate from it. */
function acmeRoot(
    sites: Site[],
    { acme }: ProxyConfig,
    directory: string,
): { root?: string; mistakes: ProxyMistake[] } {
    const wrong = (path: string[], message: string) => ({ mistakes: [{ at: "config" as const, path, message }] });
    if (!acme) {
        const [first] = sites.filter(({ tls }) => tls?.source === "acme");
        if (!first) return { mistakes: [] };
        return wrong(["sites", first.key, "tls", "acme"], "the account is missing; write berth:proxy.acme.email");
    }
    if (acme.ca === undefined) return { mistakes: [] };
    try {
        const root = fs.readFileSync(path.resolve(directory, acme.ca), "utf8");
        if (root.includes("-----BEGIN CERTIFICATE-----")) return { root, mistakes: [] };
        return wrong(
            ["proxy", "acme", "ca"],
            `${acme.ca} is no certificate; it begins with -----BEGIN CERTIFICATE-----`,
        );
    } catch {
        return wrong(["proxy", "acme", "ca"], `there is no readable file ${acme.ca}`);
    }
}

/** Names of the project that nginx needs for itself. */
function collisions({ services, networks }: ComposeProject): ProxyMistake[] {
    const taken: [string, string][] = [
        ...(own(services, PROXY) ? [["services", PROXY] as [string, string]] : []),
        ...(own(networks, PROXY_NETWORK) ? [["networks", PROXY_NETWORK] as [string, string]] : []),
    ];
    return taken.map((path) => ({
        at: "project",
        path,
        message: "nginx has this name, by berth:sites; choose another",
    }));
}

const olderNginx = (image: string) =>
    `${image} closes idle connections when sites or services change: a request that a client sends on one at that ` +
    "moment is lost. nginx 1.27.4 and newer does not; set berth:proxy.image.";
