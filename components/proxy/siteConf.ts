import { createHash } from "node:crypto";
import { RELEASE, RELEASES } from "./nginxConf";
import type { Location, Site, Target } from "./sites";

export interface SiteConfArgs {
    /** Where nginx's container has a folder that is served. */
    filesAt: (folder: string) => string;
    /** The host's port for HTTPS. */
    httpsPort: number;
}

const keyOf = (...parts: string[]) => createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 12);

export const upstreamName = ({ service, port }: { service: string; port: number }) => `${service}_${port}`;
export const zoneOf = (site: Site, { path }: Location) => `rate_${keyOf(site.key, path)}`;

/** Who may enter there: the file's path in the release. */
export const usersFile = (site: Site, { path }: Location) => `secret/users-${keyOf(site.key, path)}`;

/** Paths in the release, without their ends: `.crt` and `.key`. */
export const certificateFile = ({ key }: Site) => `secret/tls-${keyOf(key)}`;

/** Name of the files that ACME brings, without their ends: `.crt` and `.key`. */
export const acmeName = ({ key }: Site) => keyOf(key);

/** The `server` blocks of a site: for HTTP, and for HTTPS where it has a certificate. */
export function siteConf(site: Site, args: SiteConfArgs): string[] {
    const { tls } = site;
    const what = [...behaviour(site), ...served(site, args)];
    if (!tls) return [server(site, ["listen 80DEFAULT;"], what)];
    const plain = plainLines(site, args, what);
    const hsts = tls.hsts ? ['add_header Strict-Transport-Security "max-age=31536000" always;'] : [];
    const base = tls.source === "acme" ? `$berth_acme/${acmeName(site)}` : `${RELEASE}/${certificateFile(site)}`;
    const listen = [
        "listen 443 sslDEFAULT;",
        "http2 on;",
        `ssl_certificate ${base}.crt;`,
        `ssl_certificate_key ${base}.key;`,
    ];
    return [server(site, ["listen 80DEFAULT;"], plain), server(site, listen, [...hsts, ...what])];
}

function server({ names }: Site, listen: string[], lines: string[]): string {
    const isDefault = names.length === 0;
    const own = listen.map((line) => line.replace("DEFAULT", isDefault ? " default_server" : ""));
    const all = [...own, `server_name ${isDefault ? "_" : names.join(" ")};`, ...lines];
    return `server {\n${all.map((line) => `    ${line}\n`).join("")}}\n`;
}

/** What a site with a certificate says without encryption. */
function plainLines(site: Site, args: SiteConfArgs, what: string[]): string[] {
    const port = args.httpsPort === 443 ? "" : `:${args.httpsPort}`;
    const redirect = `return 301 https://$host${port}$request_uri;`;
    if (site.tls?.source !== "acme") return site.tls?.redirect ? [`location / { ${redirect} }`] : what;
    if (!site.tls.redirect) return [...CHALLENGES, ...what];
    // Nobody is sent to where no certificate is yet.
    const once = [`if (-f $berth_acme/${acmeName(site)}.crt) { ${redirect} }`];
    return [...CHALLENGES, ...behaviour(site), ...served(site, args, once)];
}

/** What the issuer of a certificate asks for. */
const CHALLENGES = [
    "location ^~ /.well-known/acme-challenge/ {",
    `    root ${RELEASES}/acme/challenges;`,
    "    default_type text/plain;",
    "    auth_basic off;",
    "}",
];

/** What holds for all paths of the site. */
function behaviour({ gzip, securityHeaders, directives }: Site): string[] {
    return [
        `gzip ${gzip ? "on" : "off"};`,
        ...(securityHeaders
            ? [
                  "add_header X-Content-Type-Options $berth_content_type_options always;",
                  "add_header X-Frame-Options $berth_frame_options always;",
                  "add_header Referrer-Policy $berth_referrer_policy always;",
              ]
            : []),
        ...UNAVAILABLE,
        ...(directives === undefined ? [] : directives.trimEnd().split("\n")),
    ];
}

/** A service that takes no connection is down, however it is found out; one that does not answer in time is not. */
const UNAVAILABLE = [
    "recursive_error_pages on;",
    "error_page 502 /.berth/unavailable.html;",
    "error_page 504 = @berth_late;",
    "location @berth_late {",
    "    error_page 502 504 /.berth/unavailable.html;",
    '    if ($upstream_connect_time ~ "^[-, ]+$") { return 502; }',
    "    return 504;",
    "}",
    `location = /.berth/unavailable.html { internal; alias ${RELEASE}/pages/unavailable.html; }`,
];

/** @param first begins each path */
function served(site: Site, args: SiteConfArgs, first: string[] = []): string[] {
    if (site.maintenance) return MAINTENANCE;
    return site.locations.flatMap((location) => locationBlock(site, location, args, first));
}

const MAINTENANCE = [
    "error_page 503 /.berth/maintenance.html;",
    "location = /.berth/maintenance.html {",
    "    internal;",
    "    add_header Retry-After 60 always;",
    `    alias ${RELEASE}/pages/maintenance.html;`,
    "}",
    "location / { return 503; }",
];

function locationBlock(site: Site, location: Location, { filesAt }: SiteConfArgs, first: string[]): string[] {
    const { path, passwords, rateLimit, maxBody } = location;
    const lines = [
        ...first,
        `client_max_body_size ${maxBody};`,
        ...(passwords
            ? [`auth_basic "${site.key}";`, `auth_basic_user_file ${RELEASE}/${usersFile(site, location)};`]
            : []),
        ...(rateLimit ? [`limit_req zone=${zoneOf(site, location)} burst=${rateLimit.burst} nodelay;`] : []),
        ...targetLines(location.target, location, filesAt),
    ];
    return [`location ${path} {`, ...lines.map((line) => `    ${line}`), "}"];
}

function targetLines(
    target: Target,
    { path, timeout, websocket }: Location,
    filesAt: (folder: string) => string,
): string[] {
    switch (target.kind) {
        case "redirect":
            return [`return 301 ${target.url}${target.keepsUri ? "$request_uri" : ""};`];
        case "files":
            return [`${path === "/" ? "root" : "alias"} ${filesAt(target.folder)}${path === "/" ? "" : "/"};`];
        case "service":
            return [
                `proxy_pass http://${upstreamName(target)};`,
                "proxy_http_version 1.1;",
                `proxy_set_header Connection ${websocket ? "$berth_connection" : '""'};`,
                ...(websocket ? ["proxy_set_header Upgrade $http_upgrade;"] : []),
                "proxy_set_header Host $http_host;",
                "proxy_set_header X-Real-IP $remote_addr;",
                "proxy_set_header X-Forwarded-For $remote_addr;",
                "proxy_set_header X-Forwarded-Host $http_host;",
                "proxy_set_header X-Forwarded-Proto $berth_scheme;",
                "proxy_connect_timeout 3s;",
                `proxy_read_timeout ${timeout}s;`,
                `proxy_send_timeout ${timeout}s;`,
            ];
    }
}
