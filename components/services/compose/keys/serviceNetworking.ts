import { type KeyTable } from "./keyTable";

const NO_MAC =
    "the engine takes it only with the first network of a new container, which the Docker provider cannot say; " +
    "tell containers apart by ipv4_address";

/** How a service is reached, and what it reaches. */
export const networkingKeys = {
    ports: {
        supported:
            "Ports of the host that lead into the container: `[HOST_IP:][PUBLISHED:]TARGET[/PROTOCOL]`, or ranges.",
        example: '["8080:80", "127.0.0.1:53:53/udp"]',
        each: {
            target: { supported: "Port in the container.", example: "80" },
            published: { supported: "Port, or range of ports, on the host.", example: '"8080"' },
            host_ip: { supported: "Address of the host that is listened on.", example: "127.0.0.1" },
            protocol: { supported: "`tcp` (default), `udp` or `sctp`.", example: "udp" },
            mode: { supported: "Accepted: `host` and `ingress` are the same without Swarm.", example: "host" },
            name: { supported: "Accepted: it is for people.", example: "web" },
            app_protocol: { supported: "Accepted: it is for people.", example: "http" },
        },
    },
    expose: { supported: "Ports that the container listens on. It opens nothing.", example: '["3000"]' },
    networks: {
        supported: "Networks that it is in. Default: `default`",
        example: "[front, back]",
        each: {
            aliases: { supported: "More names by which it is found there.", example: "[database]" },
            ipv4_address: { supported: "Its address there.", example: "172.28.0.5" },
            ipv6_address: { supported: "Its IPv6 address there.", example: '"2001:db8::5"' },
            link_local_ips: { supported: "Its link-local addresses there.", example: "[169.254.8.8]" },
            mac_address: { refused: NO_MAC },
            driver_opts: { supported: "Options of the network's driver.", example: "{ a: b }" },
            gw_priority: { supported: "Of several networks, the highest is the default route.", example: "1" },
            priority: { supported: "Accepted. It orders how Compose joins networks.", example: "1000" },
            interface_name: { refused: "the Docker provider has no such setting" },
        },
    },
    network_mode: {
        supported: "`host`, `none`, `bridge`, `service:NAME` or `container:NAME`, in place of networks.",
        example: "host",
    },
    links: {
        supported: "Services, and other names by which this one finds them: `SERVICE[:ALIAS]`.",
        example: '["db:database"]',
    },
    external_links: {
        refused: "Docker has no links between containers any more; put both into one external network",
    },
    hostname: { supported: "Host name in the container.", example: "web" },
    domainname: { supported: "Domain name in the container.", example: "example.com" },
    mac_address: { refused: NO_MAC },
    dns: { supported: "Name servers. Of several, the Docker provider chooses the order.", example: "[9.9.9.9]" },
    dns_opt: { supported: "Options of the resolver.", example: "[use-vc]" },
    dns_search: {
        supported: "Domains that are searched. Of several, the Docker provider chooses the order.",
        example: "example.com",
    },
    extra_hosts: {
        supported: "More lines of /etc/hosts; `host-gateway` is the host.",
        example: '["host.internal:host-gateway"]',
    },
} satisfies KeyTable;
