import { type KeyTable } from "./keyTable";

const NO_KEYS_OF_YOURS = "the image is built on the host, where your SSH agent is not; use a secret, or clone before";
const NOT_PUSHED = "the image stays on the host, and nothing is pushed with it";

/** Every key of a service's `build`. */
export const buildKeys = {
    context: { supported: "Folder, or URL of a Git repository. `.dockerignore` counts.", example: "./app" },
    dockerfile: { supported: "Dockerfile, relative to the context. Default: Dockerfile", example: "Dockerfile.prod" },
    dockerfile_inline: { supported: "Text of the Dockerfile.", example: '"FROM nginx:1.30\\n"' },
    args: {
        supported: "Build arguments. A name alone takes the value of your shell or `.env`.",
        example: "{ VERSION: '1.2' }",
    },
    target: { supported: "Stage of the Dockerfile.", example: "prod" },
    secrets: {
        supported: "Secrets of the top level for the build, which do not get into the image.",
        example: "[token]",
        each: {
            source: { supported: "Its key below the top level's `secrets`.", example: "token" },
            target: { supported: "Its id in the build. Default: the source", example: "npm_token" },
            uid: { refused: "the Dockerfile says it: `RUN --mount=type=secret,uid=…`" },
            gid: { refused: "the Dockerfile says it: `RUN --mount=type=secret,gid=…`" },
            mode: { refused: "the Dockerfile says it: `RUN --mount=type=secret,mode=…`" },
        },
    },
    additional_contexts: { supported: "More folders or URLs, by name.", example: "{ shared: ../shared }" },
    labels: { supported: "Labels of the image.", example: "{ team: web }" },
    tags: { supported: "More names of the image.", example: '["my-app:latest"]' },
    network: { supported: "Network of the build: `host`, `none` or `default`.", example: "host" },
    extra_hosts: { supported: "More lines of /etc/hosts in the build.", example: '["host.internal:host-gateway"]' },
    shm_size: { supported: "Size of /dev/shm in the build.", example: "256m" },
    ulimits: {
        supported: "Limits of the kernel in the build.",
        example: "{ nofile: 1024 }",
        each: {
            soft: { supported: "Limit that counts.", example: "1024" },
            hard: { supported: "Limit up to which a process may raise it.", example: "65536" },
        },
    },
    cache_from: { supported: "Images whose layers are taken.", example: '["my-app:cache"]' },
    no_cache: { supported: "`true`: no layer is taken from an earlier build.", example: "true" },
    pull: { supported: "`true`: base images are asked for anew.", example: "true" },
    platforms: { supported: "Platform of the image; one.", example: "[linux/amd64]" },
    cache_to: { refused: `${NOT_PUSHED}; the host keeps its layers by itself` },
    provenance: { refused: NOT_PUSHED },
    sbom: { refused: NOT_PUSHED },
    ssh: { refused: NO_KEYS_OF_YOURS },
    entitlements: { refused: "BuildKit of an engine allows no more than it does by default" },
    privileged: { refused: "BuildKit knows no privileged builds" },
    isolation: { refused: "it is for Windows containers only" },
} satisfies KeyTable;
