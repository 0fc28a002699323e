import { buildKeys } from "./build";
import { deployKeys } from "./deploy";
import { type KeyTable } from "./keyTable";
import { kernelKeys } from "./serviceKernel";
import { networkingKeys } from "./serviceNetworking";
import { storageKeys } from "./serviceStorage";

const NO_HOOKS = "the Docker provider cannot run something in a container; make it a part of the image's command";

/** What runs. */
const runKeys = {
    image: { supported: "Image that the container runs, with a tag, a digest or both.", example: "nginx:1.30" },
    build: {
        supported: "Builds the image on the host, from a folder of this computer.",
        example: "./app",
        keys: buildKeys,
    },
    pull_policy: {
        supported: "`missing` (default), `always` (a moved tag is seen at the next run), `never`, `build`.",
        example: "always",
    },
    pull_refresh_after: {
        refused: "a plan must not depend on the time of day; use `pull_policy: always`",
    },
    platform: { supported: "Platform of the image.", example: "linux/amd64" },
    command: { supported: "Words that replace the image's command.", example: '["nginx", "-g", "daemon off;"]' },
    entrypoint: { supported: "Words that replace the image's entrypoint.", example: "/docker-entrypoint.sh" },
    environment: {
        supported: "Environment variables, as a map or a list. A name alone takes the value of your shell or `.env`.",
        example: "{ TZ: Europe/Berlin }",
    },
    env_file: {
        supported: "Files of environment variables.",
        example: "./app.env",
        each: {
            path: { supported: "Path, relative to the Compose file.", example: "./app.env" },
            required: { supported: "Whether a missing file is a mistake. Default: true", example: "false" },
            format: { supported: "`raw`: values are taken as they stand.", example: "raw" },
        },
    },
    working_dir: { supported: "Folder in which the command starts.", example: "/srv" },
    user: { supported: "User, or user and group, of the command.", example: "1000:1000" },
    group_add: { supported: "More groups of that user.", example: "[video]" },
    init: { supported: "Puts an init process before the command, which reaps zombies.", example: "true" },
    tty: { supported: "Gives the command a terminal.", example: "true" },
    stdin_open: { supported: "Keeps the command's input open.", example: "true" },
    labels: { supported: "Labels of the container, as a map or a list.", example: "{ team: web }" },
    label_file: { supported: "Files of labels.", example: "./app.labels" },
    container_name: {
        supported: "Name of the container. Default: `PROJECT-STACK-SERVICE`",
        example: "my-web",
    },
    annotations: { refused: "the Docker provider has no such setting; use labels" },
    extends: { refused: "Berth does not merge services; write the keys out, or share them by a YAML anchor and `<<`" },
    provider: { refused: "Berth makes containers only; make other things with Pulumi" },
    models: { refused: "Berth runs no AI models; run a model server as a service" },
    use_api_socket: { refused: "mount the engine's socket by `volumes: [/var/run/docker.sock:/var/run/docker.sock]`" },
} satisfies KeyTable;

/** When it runs, how often, and how it is watched. */
const lifeKeys = {
    depends_on: {
        supported:
            "Services that come first: started, healthy, or, as a job, ended well (`service_completed_successfully`).",
        example: "{ db: { condition: service_healthy } }",
        each: {
            condition: {
                supported: "`service_started`, `service_healthy` or `service_completed_successfully`.",
                example: "service_healthy",
            },
            restart: { supported: "Accepted. It is about `docker compose restart`.", example: "true" },
            required: { supported: "`false`: it may be of an inactive profile. Default: true", example: "false" },
        },
    },
    restart: {
        supported: 'When the engine starts it again: "no" (default), always, unless-stopped, on-failure[:COUNT].',
        example: "unless-stopped",
    },
    healthcheck: {
        supported: "The command that tells whether it serves. What depends on the service waits for it.",
        example: '{ test: ["CMD", "curl", "-f", "http://localhost"], interval: 5s }',
        keys: {
            test: {
                supported: 'Words after "CMD", or a text for the shell, or "NONE".',
                example: "curl -f http://localhost",
            },
            interval: { supported: "Time between two checks.", example: "10s" },
            timeout: { supported: "Time that a check may take.", example: "5s" },
            retries: { supported: "Failures in a row until it counts as unhealthy.", example: "3" },
            start_period: { supported: "Time at the start in which failures do not count.", example: "30s" },
            start_interval: { supported: "Time between two checks in the start period.", example: "1s" },
            disable: { supported: "`true`: the image's own check is turned off.", example: "true" },
        },
    },
    stop_signal: { supported: "Signal that asks it to end. Default: the image's, else SIGTERM", example: "SIGQUIT" },
    stop_grace_period: { supported: "Time until it is killed. Default: 10s", example: "1m30s" },
    scale: { supported: "How many containers. Default: 1", example: "2" },
    deploy: {
        supported: "Limits, restarts and the order of an update.",
        example: "{ replicas: 2, resources: { limits: { memory: 512M } } }",
        keys: deployKeys,
    },
    profiles: {
        supported: "The service runs only where one of these is named by `berth:profiles` or `COMPOSE_PROFILES`.",
        example: "[debug]",
    },
    logging: {
        supported: "Log driver and its options. Default: as `berth:engine.logs` says",
        example: "{ driver: local, options: { max-size: 10m } }",
        keys: {
            driver: { supported: "Name of the driver.", example: "json-file" },
            options: { supported: "Options of the driver.", example: "{ max-size: 10m }" },
        },
    },
    attach: {
        supported: "Accepted. It says what `docker compose up` prints on the terminal; nothing is printed here.",
        example: "false",
    },
    develop: {
        supported: "Accepted. It is for `docker compose watch`; an update brings changed files to the host.",
        example: "{ watch: [{ path: ., action: rebuild }] }",
    },
    post_start: { refused: NO_HOOKS },
    pre_stop: { refused: NO_HOOKS },
} satisfies KeyTable;

/** Every key of a service. */
export const serviceKeys = {
    ...runKeys,
    ...lifeKeys,
    ...networkingKeys,
    ...storageKeys,
    ...kernelKeys,
} satisfies KeyTable;
