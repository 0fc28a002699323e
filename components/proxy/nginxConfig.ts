import { createHash } from "node:crypto";
import type { Location, Site } from "./sites";
import type { ProxyConfig } from "./sitesSchema";

/** Where nginx's container has the folder of the releases; `current` in it is the one that is served. */
export const RELEASES = "/etc/nginx/berth";

/** Stands for the folder of a release, wherever the host puts it. */
export const RELEASE = "@release";

/** Port in nginx's container at which it answers whatever the sites are, to itself alone. */
export const HEALTH_PORT = 8099;

/** A version since which nginx keeps idle connections of clients open through a reload. */
const KEEPS_CONNECTIONS = [1, 27, 4] as const;

/**
 * Whether no request of a client that keeps its connection is lost at a switch, as far as the image's tag tells.
 *
 * @returns undefined where the tag is no version
 */
export function keepsConnections(image: string): boolean | undefined {
    const [, ...numbers] = /:(\d+)\.(\d+)(?:\.(\d+))?(?:[-@].*)?$/.exec(image) ?? [];
    if (numbers.length === 0) return undefined;
    // 1.27 is the newest of its branch.
    const version = [0, 1, 2].map((i) => Number(numbers[i] ?? Infinity));
    const differs = KEEPS_CONNECTIONS.findIndex((number, i) => version[i] !== number);
    return differs === -1 || (version[differs] ?? 0) > (KEEPS_CONNECTIONS[differs] ?? 0);
}

/** What nginx starts with. It never changes: all that does is in the release. Without one, only the health port answers. */
export const NGINX_CONF = `user nginx;
worker_processes auto;
worker_rlimit_nofile 65536;
pid /run/nginx.pid;
error_log /dev/stderr notice;
include ${RELEASES}/current/main*.conf;

events {
    worker_connections 4096;
}

http {
    server {
        listen 127.0.0.1:${HEALTH_PORT};
        access_log off;
        location / { return 204; }
    }
    include ${RELEASES}/current/http*.conf;
}
`;

/** How long the processes with the old sites may go on. */
export const mainConf = ({ drain }: ProxyConfig) => `worker_shutdown_timeout ${drain}s;\n`;

/** What the sites' config is made from, besides the sites. */
export interface HttpConfArgs {
    sites: Site[];
    config: ProxyConfig;
    /** Addresses of a service's containers. */
    addressesOf: (service: string) => string[];
    /** Where nginx's container has a folder that is served. */
    filesAt: (folder: string) => string;
}

/** The config of all sites, for nginx's `http` block. */
export function httpConf(args: HttpConfArgs): string {
    const { sites, config } = args;
    return [
        common(config),
        ...upstreams(args),
        ...sites.flatMap(rateZones),
        ...(sites.some(({ names }) => names.length === 0) ? [] : [sites.length > 0 ? NOBODY : DEPLOYED]),
        ...sites.map((site) => server(site, args)),
    ].join("\n");
}

function common({ realIpFrom }: ProxyConfig): string {
    const behind = realIpFrom.flatMap((range) => [`set_real_ip_from ${range};`]);
    const believed = realIpFrom.map((range) => `    ${range} 1;\n`).join("");
    return `include /etc/nginx/mime.types;
default_type application/octet-stream;

# A line of JSON for each request. What a client sends is escaped.
log_format berth escape=json '{"time":"$time_iso8601","client":"$remote_addr","host":"$host","request":"$request",'
    '"status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"upstream":"$upstream_addr",'
    '"upstreamSeconds":"$upstream_response_time","referrer":"$http_referer","agent":"$http_user_agent"}';
access_log /dev/stdout berth;

sendfile on;
tcp_nopush on;
server_tokens off;
server_names_hash_bucket_size 512;
keepalive_timeout 65s;
keepalive_min_timeout 5s;
gzip_vary on;
gzip_proxied any;
gzip_types text/plain text/css text/xml text/javascript application/javascript application/json application/xml
    application/wasm image/svg+xml;
limit_req_status 429;
${behind.length > 0 ? [...behind, "real_ip_header X-Forwarded-For;", "real_ip_recursive on;"].join("\n") + "\n" : ""}
# Only where the service sends none itself: an empty value is not sent.
map $upstream_http_x_content_type_options $berth_content_type_options { "" nosniff; }
map $upstream_http_x_frame_options $berth_frame_options { "" SAMEORIGIN; }
map $upstream_http_referrer_policy $berth_referrer_policy { "" strict-origin-when-cross-origin; }
map $http_upgrade $berth_connection { default upgrade; "" ""; }
# What a load balancer in front says of the client's own connection, where it is believed.
geo $realip_remote_addr $berth_believed {
    default 0;
${believed}}
map "$berth_believed $http_x_forwarded_proto" $berth_scheme { default $scheme; "1 https" https; "1 http" http; }
`;
}

const nameOf = (service: string, port: number) => `${service}_${port}`;

/** Idle connections to a service end before it ends them: a request on one would be lost. */
function upstreams({ sites, addressesOf }: HttpConfArgs): string[] {
    const targets = sites.flatMap(({ locations }) =>
        locations.flatMap(({ target }) => (target.kind === "service" ? [target] : [])),
    );
    const named = new Map(targets.map((target) => [nameOf(target.service, target.port), target]));
    return [...named].map(([name, { service, port }]) => {
        const servers = addressesOf(service).map(
            (address) => `    server ${address}:${port} max_fails=2 fail_timeout=5s;\n`,
        );
        return `upstream ${name} {\n${servers.join("")}    keepalive 32;\n    keepalive_timeout 4s;\n}\n`;
    });
}

/** The address of a client counts once for each place that has a limit. */
function rateZones(site: Site): string[] {
    return site.locations.flatMap((location) => {
        if (!location.rateLimit) return [];
        const { perSecond } = location.rateLimit;
        return [`limit_req_zone $binary_remote_addr zone=${zoneOf(site, location)}:10m rate=${perSecond}r/s;\n`];
    });
}

const keyOf = (site: Site, { path }: Location) =>
    createHash("sha256")
        .update(JSON.stringify([site.key, path]))
        .digest("hex")
        .slice(0, 12);
const zoneOf = (site: Site, location: Location) => `rate_${keyOf(site, location)}`;

/** Who may enter there: the file's path in the release. */
export const usersFile = (site: Site, location: Location) => `secret/users-${keyOf(site, location)}`;

/** A name that no site has is answered, but with nothing. */
const NOBODY = `server {
    listen 80 default_server;
    server_name _;
    return 404;
}
`;

/** Without any site: what is deployed here. */
const DEPLOYED = `server {
    listen 80 default_server;
    server_name _;
    location = / { root ${RELEASE}/pages; try_files /deployed.html =404; }
    location / { return 404; }
}
`;

function server(site: Site, args: HttpConfArgs): string {
    const isDefault = site.names.length === 0;
    const lines = [
        `listen 80${isDefault ? " default_server" : ""};`,
        `server_name ${isDefault ? "_" : site.names.join(" ")};`,
        `gzip ${site.gzip ? "on" : "off"};`,
        ...(site.securityHeaders
            ? [
                  "add_header X-Content-Type-Options $berth_content_type_options always;",
                  "add_header X-Frame-Options $berth_frame_options always;",
                  "add_header Referrer-Policy $berth_referrer_policy always;",
              ]
            : []),
        "error_page 502 504 /.berth/unavailable.html;",
        `location = /.berth/unavailable.html { internal; alias ${RELEASE}/pages/unavailable.html; }`,
        ...(site.directives === undefined ? [] : site.directives.trimEnd().split("\n")),
        ...(site.maintenance ? MAINTENANCE : site.locations.flatMap((location) => locationBlock(site, location, args))),
    ];
    return `server {\n${indented(lines)}}\n`;
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

function locationBlock(site: Site, location: Location, args: HttpConfArgs): string[] {
    const { path, passwords, rateLimit, maxBody } = location;
    const lines = [
        `client_max_body_size ${maxBody};`,
        ...(passwords
            ? [`auth_basic "${site.key}";`, `auth_basic_user_file ${RELEASE}/${usersFile(site, location)};`]
            : []),
        ...(rateLimit ? [`limit_req zone=${zoneOf(site, location)} burst=${rateLimit.burst} nodelay;`] : []),
        ...targetLines(location, args),
    ];
    return [`location ${path} {`, ...lines.map((line) => `    ${line}`), "}"];
}

function targetLines({ path, target, timeout, websocket }: Location, { filesAt }: HttpConfArgs): string[] {
    switch (target.kind) {
        case "redirect":
            return [`return 301 ${target.url}${target.keepsUri ? "$request_uri" : ""};`];
        case "files":
            return [`${path === "/" ? "root" : "alias"} ${filesAt(target.folder)}${path === "/" ? "" : "/"};`];
        case "service":
            return [
                `proxy_pass http://${nameOf(target.service, target.port)};`,
                "proxy_http_version 1.1;",
                `proxy_set_header Connection ${websocket ? "$berth_connection" : '""'};`,
                ...(websocket ? ["proxy_set_header Upgrade $http_upgrade;"] : []),
                "proxy_set_header Host $http_host;",
                "proxy_set_header X-Real-IP $remote_addr;",
                "proxy_set_header X-Forwarded-For $remote_addr;",
                "proxy_set_header X-Forwarded-Host $http_host;",
                "proxy_set_header X-Forwarded-Proto $berth_scheme;",
                "proxy_connect_timeout 5s;",
                `proxy_read_timeout ${timeout}s;`,
                `proxy_send_timeout ${timeout}s;`,
            ];
    }
}

const indented = (lines: string[]) => lines.map((line) => `    ${line}\n`).join("");
