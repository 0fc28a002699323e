import * as fs from "node:fs";
import * as path from "node:path";
import { type ComposeProject, type ServiceSpec, own } from "../services";
import { type Tls, tlsOf } from "./siteTls";
import { DEFAULTS, type PathConfig, type SiteConfig } from "./sitesSchema";

/** Where requests go. */
export type Target =
    | { kind: "service"; service: string; port: number }
    /** `folder` is absolute, on this computer. */
    | { kind: "files"; folder: string }
    /** `keepsUri`: the request's own path follows. */
    | { kind: "redirect"; url: string; keepsUri: boolean };

/** What happens to requests whose path begins so. */
export interface Location extends Required<Pick<PathConfig, "websocket" | "timeout" | "maxBody">> {
    path: string;
    rateLimit?: PathConfig["rateLimit"];
    target: Target;
    /** Who may enter, by name. Default: everyone */
    passwords?: Record<string, string>;
}

/** A site as nginx is to serve it. */
export interface Site extends Pick<SiteConfig, "gzip" | "securityHeaders" | "maintenance" | "directives"> {
    key: string;
    /** Host names; none for the default site. */
    names: string[];
    locations: Location[];
    /** Default: HTTP only */
    tls?: Tls;
}

export interface SitesContext {
    services: ComposeProject["services"];
    /** `berth:secrets` */
    secrets: Record<string, string>;
    /** Folder that relative paths begin at, absolute. */
    directory: string;
    now: Date;
}

/** What is wrong, and its place below `berth:sites`. */
export interface SiteMistake {
    path: (string | number)[];
    message: string;
}

export type Report = (path: (string | number)[], message: string) => void;

/** The key of the site that answers for every name that no other site has. */
export const DEFAULT_SITE = "default";

/**
 * Holds the sites against the services and against each other.
 *
 * @returns the sites, and every mistake
 */
export function readSites(
    config: Record<string, SiteConfig>,
    context: SitesContext,
): { sites: Site[]; mistakes: SiteMistake[] } {
    const mistakes: SiteMistake[] = [];
    const report: Report = (path, message) => void mistakes.push({ path, message });
    const sites = Object.entries(config).map(([key, site]) => readSite(key, site, context, report));
    reportTwice(sites, report);
    return { sites, mistakes };
}

function readSite(key: string, config: SiteConfig, context: SitesContext, report: Report): Site {
    const { gzip, securityHeaders, maintenance, directives } = config;
    const names = config.names ?? (key === DEFAULT_SITE ? [] : [key]);
    const hasTarget = [config.service, config.files, config.redirect].some((one) => one !== undefined);
    const atRoot = hasTarget || !own(config.paths, "/") ? [locationAt("/", config, [key], context, report)] : [];
    const below = Object.entries(config.paths).map(([path, inner]) =>
        locationAt(path, { ...behaviourOf(config), ...inner }, [key, "paths", path], context, report),
    );
    if (hasTarget && own(config.paths, "/")) report([key, "paths", "/"], "the site itself says what / is; keep one");
    const locations = [...atRoot, ...below].filter((location) => location !== undefined);
    return {
        key,
        names,
        locations,
        tls: tlsOf(config, names, [key, "tls"], context, report),
        gzip,
        securityHeaders,
        maintenance,
        directives,
    };
}

/** What a path has of its site, unless it says otherwise. */
function behaviourOf({ websocket, timeout, maxBody, basicAuth, rateLimit }: SiteConfig): PathConfig {
    return { websocket, timeout, maxBody, basicAuth, rateLimit };
}

function locationAt(
    path: string,
    config: PathConfig,
    at: string[],
    context: SitesContext,
    report: Report,
): Location | undefined {
    const passwords = passwordsOf(config, at, context, report);
    const target = targetOf(path, config, at, context, report);
    if (!target) return undefined;
    const { websocket, timeout, maxBody, rateLimit } = config;
    return {
        path,
        target,
        websocket: websocket ?? DEFAULTS.websocket,
        timeout: timeout ?? DEFAULTS.timeout,
        maxBody: maxBody ?? DEFAULTS.maxBody,
        rateLimit,
        passwords,
    };
}

function targetOf(
    place: string,
    { service, port, files, redirect }: PathConfig,
    at: string[],
    { services, directory }: SitesContext,
    report: Report,
): Target | undefined {
    const said = Object.entries({ service, files, redirect }).flatMap(([key, value]) =>
        value === undefined ? [] : key,
    );
    if (said.length !== 1) {
        const wrong = said.length === 0 ? "it leads nowhere" : `it has ${said.join(" and ")}`;
        return void report(at, `${wrong}; write one of service, files, redirect`);
    }
    if (port !== undefined && service === undefined) report([...at, "port"], "only a service has a port");
    if (redirect !== undefined) {
        return {
            kind: "redirect",
            url: redirect,
            keepsUri: new URL(redirect).pathname === "/" && !redirect.endsWith("/"),
        };
    }
    if (files !== undefined) {
        const folder = path.resolve(directory, files);
        if (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
            return void report([...at, "files"], `there is no folder ${files}`);
        }
        if (place.endsWith("/")) return { kind: "files", folder };
        return void report(at, `a folder is served below a path that ends with /; write ${place}/`);
    }
    const spec = own(services, service ?? "");
    if (!spec) {
        const names = Object.keys(services).join(", ");
        return void report([...at, "service"], `there is no service ${service}; the services are: ${names}`);
    }
    return serviceTarget(service ?? "", spec, port, at, report);
}

function serviceTarget(
    service: string,
    spec: ServiceSpec,
    port: number | undefined,
    at: string[],
    report: Report,
): Target | undefined {
    if (spec.network_mode !== undefined) {
        const why = `${service} has network_mode ${spec.network_mode}: nginx reaches services in networks only`;
        return void report([...at, "service"], why);
    }
    const known = [
        ...new Set([
            ...spec.ports.flatMap(({ target, protocol }) => (protocol === "tcp" ? [target] : [])),
            ...spec.expose.flatMap((text) => (/^\d+(\/tcp)?$/.test(text) ? [Number.parseInt(text)] : [])),
        ]),
    ];
    const [only] = known;
    if (port !== undefined) return { kind: "service", service, port };
    if (only !== undefined && known.length === 1) return { kind: "service", service, port: only };
    const why = known.length === 0 ? "it is missing" : `it is one of ${known.join(", ")}`;
    return void report([...at, "port"], `${why}; write the port at which ${service} answers in its container`);
}

function passwordsOf(
    { basicAuth }: PathConfig,
    at: string[],
    { secrets }: SitesContext,
    report: Report,
): Record<string, string> | undefined {
    if (!basicAuth) return undefined;
    const known = Object.entries(basicAuth).flatMap(([user, name]) => {
        const password = own(secrets, name);
        if (password !== undefined) return [[user, password] as const];
        report(
            [...at, "basicAuth", user],
            `there is no secret ${name}; ./scripts/pulumi config set -s STACK --secret --path berth:secrets.${name}`,
        );
        return [];
    });
    return Object.fromEntries(known);
}

/** Two sites of one name: nginx would take the first without a word. */
function reportTwice(sites: Site[], report: Report): void {
    const owners = new Map<string, string>();
    for (const { key, names } of sites) {
        if (names.length === 0 && key !== DEFAULT_SITE) report([key, "names"], "no name; write at least one");
        names.forEach((name, i) => {
            const owner = owners.get(name);
            if (owner !== undefined) report([key, "names", i], `the site ${owner} has the name ${name}`);
            owners.set(name, owner ?? key);
        });
    }
}
