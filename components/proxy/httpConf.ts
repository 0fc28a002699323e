import { RELEASE, RELEASES } from "./nginxConf";
import { type SiteConfArgs, siteConf, upstreamName, zoneOf } from "./siteConf";
import type { Site } from "./sites";
import type { ProxyConfig } from "./sitesSchema";

/** What the sites' config is made from, besides the sites. */
export interface HttpConfArgs extends Pick<SiteConfArgs, "filesAt"> {
    sites: Site[];
    config: ProxyConfig;
    /** Addresses of a service's containers. */
    addressesOf: (service: string) => string[];
}

/** The config of all sites, for nginx's `http` block. */
export function httpConf(args: HttpConfArgs): string {
    const { sites, config, filesAt } = args;
    const encrypted = sites.filter(({ tls }) => tls);
    const isDefault = ({ names }: Site) => names.length === 0;
    return [
        common(config),
        ...(encrypted.length > 0 ? [TLS] : []),
        ...upstreams(args),
        ...sites.flatMap(rateZones),
        ...(sites.some(isDefault) ? [] : [sites.length > 0 ? NOBODY : DEPLOYED]),
        ...(encrypted.length === 0 || encrypted.some(isDefault) ? [] : [NO_CERTIFICATE]),
        ...sites.flatMap((site) => siteConf(site, { filesAt, httpsPort: config.httpsPort })),
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

/** Idle connections to a service end before it ends them: a request on one would be lost. */
function upstreams({ sites, addressesOf }: HttpConfArgs): string[] {
    const targets = sites.flatMap(({ locations }) =>
        locations.flatMap(({ target }) => (target.kind === "service" ? [target] : [])),
    );
    const named = new Map(targets.map((target) => [upstreamName(target), target]));
    return [...named].map(([name, { service, port }]) => {
        const servers = addressesOf(service).map(
            (address) => `    server ${address}:${port} max_fails=2 fail_timeout=5s;\n`,
        );
        // Without a container there must be a server all the same, for nginx to say that none answers.
        if (servers.length === 0) servers.push(`    server 127.0.0.1:${port} down;\n`);
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

/** For browsers of the last years. A certificate by ACME is read when a client comes: nginx starts without it. */
const TLS = `ssl_protocols TLSv1.2 TLSv1.3;
ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305;
ssl_prefer_server_ciphers off;
ssl_session_cache shared:berth:10m;
ssl_session_timeout 1d;
ssl_session_tickets off;
map "" $berth_acme { default ${RELEASES}/acme; }
`;

/** A name that has no certificate here gets no answer that is encrypted. */
const NO_CERTIFICATE = `server {
    listen 443 ssl default_server;
    server_name _;
    ssl_reject_handshake on;
}
`;

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
