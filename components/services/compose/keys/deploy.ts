import { type KeyTable } from "./keyTable";

const SWARM = "it is for Swarm; Berth runs containers on one host";
const ONE_AT_A_TIME = "each container is watched until it is healthy, and a failed update leaves the old one running";

const updateKeys: KeyTable = {
    order: {
        supported:
            "`start-first`: the old container goes when the new one is healthy. `stop-first`: before the new one comes. " +
            "Default: stop-first; start-first behind a site if it keeps no data",
        example: "start-first",
    },
    parallelism: { refused: ONE_AT_A_TIME },
    delay: { refused: ONE_AT_A_TIME },
    failure_action: { refused: ONE_AT_A_TIME },
    monitor: { refused: `${ONE_AT_A_TIME}; give it a healthcheck` },
    max_failure_ratio: { refused: ONE_AT_A_TIME },
};

/** Every key of a service's `deploy`. */
export const deployKeys = {
    mode: { supported: "`replicated`.", example: "replicated" },
    replicas: { supported: "How many containers; the same as `scale`.", example: "2" },
    labels: {
        supported: "Accepted. As in Compose, they are of the service and not of its containers.",
        example: "{ team: web }",
    },
    update_config: {
        supported: "How a changed container is exchanged.",
        example: "{ order: start-first }",
        keys: updateKeys,
    },
    restart_policy: {
        supported: "When the engine starts it again. It counts before `restart`.",
        example: "{ condition: on-failure, max_attempts: 3 }",
        keys: {
            condition: { supported: "`none`, `on-failure` or `any` (default).", example: "on-failure" },
            max_attempts: { supported: "How often, with `on-failure`.", example: "3" },
            delay: { refused: "the engine has times of its own: 100 ms at first, doubled each time" },
            window: { refused: "the engine has no such time" },
        },
    },
    resources: {
        supported: "Limits and reservations.",
        example: "{ limits: { cpus: '0.5', memory: 50M } }",
        keys: {
            limits: {
                supported: "What it may have at most.",
                example: "{ cpus: '0.5', memory: 50M }",
                keys: {
                    cpus: { supported: "The same as `cpus`.", example: "'0.5'" },
                    memory: { supported: "The same as `mem_limit`.", example: "50M" },
                    pids: {
                        refused: "the Docker provider has no such setting; limit processes by `ulimits: { nproc: N }`",
                    },
                },
            },
            reservations: {
                supported: "What it should have.",
                example: "{ memory: 20M }",
                keys: {
                    memory: { supported: "The same as `mem_reservation`.", example: "20M" },
                    devices: {
                        supported: "GPUs and the like; the same as `gpus`.",
                        example: "[{ capabilities: [gpu], count: 1 }]",
                        each: {
                            capabilities: { supported: "What it must be able to do.", example: "[gpu]" },
                            driver: { supported: "Driver of the device.", example: "nvidia" },
                            count: { supported: "How many, or `all`.", example: "1" },
                            device_ids: { supported: "Which ones.", example: '["0"]' },
                            options: { supported: "Options of the driver.", example: "{ virtualization: false }" },
                        },
                    },
                    cpus: { refused: "an engine by itself reserves no CPUs; give it a share by cpu_shares" },
                    generic_resources: { refused: SWARM },
                },
            },
        },
    },
    endpoint_mode: { refused: SWARM },
    placement: { refused: SWARM },
    rollback_config: { refused: ONE_AT_A_TIME },
} satisfies KeyTable;
