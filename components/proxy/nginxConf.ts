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
        location / { return 200 "ok\\n"; }
    }
    include ${RELEASES}/current/http*.conf;
}
`;

/** How long the processes with the old sites may go on. */
export const mainConf = ({ drain }: ProxyConfig) => `worker_shutdown_timeout ${drain}s;\n`;
