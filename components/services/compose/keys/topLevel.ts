import { type KeyTable } from "./keyTable";
import { serviceKeys } from "./service";

const SWARM = "it is for Swarm; Berth runs containers on one host";
const ONE_FILE = "Berth reads one file; write its services here, or `docker compose config` merges several into one";

const name = { supported: "Name on the engine. Default: `PROJECT-STACK_KEY`", example: "shared" };
const external = {
    supported: "It exists already: Berth neither makes nor removes it.",
    example: "true",
    keys: { name: { supported: "The old form of `name` beside `external: true`.", example: "shared" } },
};
const labels = { supported: "Labels, as a map or a list.", example: "{ team: web }" };
const driver = { supported: "Driver of the engine.", example: "local" };
const driver_opts = { supported: "Options of the driver.", example: "{ type: tmpfs, device: tmpfs }" };
const file = { supported: "File of this computer, relative to the Compose file.", example: "./site.conf" };
const environment = { supported: "Variable of your shell or `.env` that holds the content.", example: "SITE" };

/** Every key of a network. */
export const networkKeys = {
    name,
    external,
    driver: { supported: "Driver of the engine. Default: bridge", example: "bridge" },
    driver_opts: { supported: "Options of the driver.", example: "{ com.docker.network.bridge.name: br-web }" },
    internal: { supported: "`true`: nothing in it reaches the outside.", example: "true" },
    attachable: { supported: "`true`: containers outside of the stack may join.", example: "true" },
    enable_ipv6: { supported: "`true`: its containers have IPv6 addresses too.", example: "true" },
    enable_ipv4: { supported: "`true`, as ever: the Docker provider cannot turn it off.", example: "true" },
    labels,
    ipam: {
        supported: "Its addresses.",
        example: "{ config: [{ subnet: 172.28.0.0/16 }] }",
        keys: {
            driver: { supported: "Driver that gives out addresses.", example: "default" },
            options: { supported: "Options of that driver.", example: "{ a: b }" },
            config: {
                supported: "One or more subnets.",
                example: "[{ subnet: 172.28.0.0/16 }]",
                each: {
                    subnet: { supported: "Addresses of the network.", example: "172.28.0.0/16" },
                    ip_range: { supported: "Addresses that are given out.", example: "172.28.5.0/24" },
                    gateway: { supported: "Address of the host in it.", example: "172.28.5.254" },
                    aux_addresses: {
                        supported: "Addresses that are not given out.",
                        example: "{ router: 172.28.1.5 }",
                    },
                },
            },
        },
    },
} satisfies KeyTable;

/** Every key of a volume. */
export const volumeKeys = { name, external, driver, driver_opts, labels } satisfies KeyTable;

/** Every key of a config. */
export const configKeys = {
    file,
    content: { supported: "The content itself; variables in it are filled in.", example: '"server { listen 80; }"' },
    environment,
    name: { supported: "Accepted. A file has no name on the engine.", example: "site" },
    labels: { supported: "Accepted. A file has no labels on the engine.", example: "{ team: web }" },
    external: { refused: `${SWARM}: only Swarm keeps configs. Name a file` },
    template_driver: { refused: SWARM },
} satisfies KeyTable;

/** Every key of a secret. */
export const secretKeys = {
    file,
    environment,
    external: {
        supported: "The secret is the entry of `berth:secrets` of this name.",
        example: "true",
        keys: { name: { supported: "The old form of `name` beside `external: true`.", example: "db_password" } },
    },
    name: { supported: "Name in `berth:secrets`. Default: its key here", example: "db_password" },
    labels: { supported: "Accepted. A file has no labels on the engine.", example: "{ team: web }" },
    driver: { refused: SWARM },
    driver_opts: { refused: SWARM },
    template_driver: { refused: SWARM },
} satisfies KeyTable;

/** Every key of a Compose file. */
export const fileKeys = {
    services: { supported: "The services, by name.", example: "{ web: { image: nginx:1.30 } }", each: serviceKeys },
    networks: { supported: "Networks, by key.", example: "{ back: { internal: true } }", each: networkKeys },
    volumes: { supported: "Named volumes, by key.", example: "{ data: {} }", each: volumeKeys },
    configs: {
        supported: "Files for containers, by key.",
        example: "{ site: { file: ./site.conf } }",
        each: configKeys,
    },
    secrets: {
        supported: "Secret files for containers, by key.",
        example: "{ key: { external: true } }",
        each: secretKeys,
    },
    name: { supported: "Accepted. Berth names things after the stack.", example: "shop" },
    version: { supported: "Accepted. Compose does not read it any more.", example: '"3.9"' },
    include: { refused: ONE_FILE },
    models: { refused: "Berth runs no AI models; run a model server as a service" },
} satisfies KeyTable;
