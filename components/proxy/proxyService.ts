import { type ComposeProject, hostFolder, readProject } from "../services";
import { HEALTH_PORT, NGINX_CONF, RELEASES } from "./nginxConf";
import type { Site } from "./sites";
import type { ProxyConfig } from "./sitesSchema";

/** The service that nginx is, and the network in which it reaches others. */
export const PROXY = "proxy";
export const PROXY_NETWORK = "berth-proxy";

const HEALTH = `http://127.0.0.1:${HEALTH_PORT}/`;

/** Where a stack's sites lie on the host. */
export const releasesFolder = (prefix: string) => hostFolder(prefix, "proxy");

/**
 * Adds nginx to a project, and a network in which it reaches the services that sites lead to. Each of them has an
 * address there that the plan knows: nginx needs no name, and no site waits for another one's service.
 *
 * @param prefix `PROJECT-STACK`
 */
export function withProxy(project: ComposeProject, sites: Site[], config: ProxyConfig, prefix: string): ComposeProject {
    const nginx = nginxProject(
        config,
        prefix,
        sites.some(({ tls }) => tls !== undefined),
    );
    const ports = new Map(
        sites
            .flatMap(({ locations }) => locations.map(({ target }) => target))
            .flatMap((target) => (target.kind === "service" ? [[target.service, target.port] as const] : []))
            .reverse(), // the first one counts
    );
    const services = Object.entries(project.services).map(([name, spec]): [string, typeof spec] => {
        const port = ports.get(name);
        if (port === undefined) return [name, spec];
        const attachment = { aliases: [], link_local_ips: [], driver_opts: {} };
        return [name, { ...spec, serves_at: port, networks: { ...spec.networks, [PROXY_NETWORK]: attachment } }];
    });
    const network = nginx.networks[PROXY_NETWORK];
    return {
        services: { ...nginx.services, ...Object.fromEntries(services) },
        networks: {
            ...nginx.networks,
            ...project.networks,
            ...(network && { [PROXY_NETWORK]: { ...network, fixed_addresses: true } }),
        },
        volumes: project.volumes,
    };
}

/** nginx in the words of Compose. */
function nginxProject(
    { image, port, httpsPort, subnet }: ProxyConfig,
    prefix: string,
    encrypted: boolean,
): ComposeProject {
    const sections = {
        services: {
            [PROXY]: {
                image,
                ports: [`${port}:80`, ...(encrypted ? [`${httpsPort}:443`] : [])],
                restart: "unless-stopped",
                networks: ["default", PROXY_NETWORK],
                configs: [{ source: "nginx.conf", target: "/etc/nginx/nginx.conf" }],
                volumes: [{ type: "bind", source: releasesFolder(prefix), target: RELEASES, read_only: true }],
                healthcheck: {
                    test: `curl -sSf -o /dev/null ${HEALTH} || wget -q -O /dev/null ${HEALTH}`, // slim images have no curl
                    interval: "10s",
                    timeout: "5s",
                    retries: 3,
                    start_period: "30s",
                    start_interval: "1s",
                },
            },
        },
        networks: { [PROXY_NETWORK]: { internal: true, ipam: { config: [{ subnet: subnet ?? subnetOf(prefix) }] } } },
        configs: { "nginx.conf": { content: NGINX_CONF.replaceAll("$", "$$") } },
    };
    const read = readProject(
        { kind: "config", sections, directory: "/" },
        { secrets: {}, environment: {}, profiles: [], projectName: prefix },
    );
    if ("errors" in read) throw new Error(read.errors.join("\n"));
    return read.project;
}

/** A range for each stack: two on one host seldom meet, and the engine says so where they do. */
function subnetOf(prefix: string): string {
    const hash = [...Buffer.from(prefix)].reduce((sum, byte) => (sum * 31 + byte) % 65521, 7);
    return `10.213.${hash % 256}.0/24`;
}
