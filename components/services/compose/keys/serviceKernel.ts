import { type KeyTable } from "./keyTable";

const NO_SETTING = "the Docker provider has no such setting";
const WINDOWS = "it is for Windows containers only";
const NO_WEIGHTS = `${NO_SETTING}; limit rates by device_read_bps and the like, or CPU time by cpu_shares`;

const rateKeys: KeyTable = {
    path: { supported: "The device.", example: "/dev/sda" },
    rate: { supported: "Bytes or operations a second.", example: "12mb" },
};

/** How much a service may have of the machine, and how far it is shut in. */
export const kernelKeys = {
    cpus: { supported: "CPUs, at most.", example: "0.5" },
    cpu_shares: { supported: "Its share where CPUs are short. Others have 1024.", example: "512" },
    cpu_period: { supported: "Length of a period of the scheduler, in microseconds.", example: "100000" },
    cpu_quota: { supported: "CPU time in each period, in microseconds.", example: "50000" },
    cpuset: { supported: "CPUs that it may use.", example: '"0-1"' },
    mem_limit: { supported: "Memory, at most. Whole MiB.", example: "512m" },
    mem_reservation: { supported: "Memory that it should have. Whole MiB.", example: "256m" },
    memswap_limit: { supported: "Memory and swap together; -1: unlimited. Default: twice mem_limit", example: "1g" },
    blkio_config: {
        supported: "Limits of reading and writing, by device.",
        example: "{ device_write_bps: [{ path: /dev/sda, rate: 12mb }] }",
        keys: {
            device_read_bps: {
                supported: "Bytes read a second.",
                example: "[{ path: /dev/sda, rate: 12mb }]",
                each: rateKeys,
            },
            device_write_bps: {
                supported: "Bytes written a second.",
                example: "[{ path: /dev/sda, rate: 12mb }]",
                each: rateKeys,
            },
            device_read_iops: {
                supported: "Reads a second.",
                example: "[{ path: /dev/sda, rate: 120 }]",
                each: rateKeys,
            },
            device_write_iops: {
                supported: "Writes a second.",
                example: "[{ path: /dev/sda, rate: 120 }]",
                each: rateKeys,
            },
            weight: { refused: NO_WEIGHTS },
            weight_device: { refused: NO_WEIGHTS },
        },
    },
    ulimits: {
        supported: "Limits of the kernel for its processes.",
        example: "{ nofile: { soft: 1024, hard: 65536 } }",
        each: {
            soft: { supported: "Limit that counts.", example: "1024" },
            hard: { supported: "Limit up to which a process may raise it.", example: "65536" },
        },
    },
    sysctls: { supported: "Settings of the kernel in its namespaces.", example: "{ net.core.somaxconn: 1024 }" },
    devices: {
        supported: "Devices of the host: `HOST[:CONTAINER[:PERMISSIONS]]`.",
        example: '["/dev/ttyUSB0:/dev/ttyUSB0:rw"]',
        each: {
            source: { supported: "Device of the host.", example: "/dev/ttyUSB0" },
            target: { supported: "Its path in the container.", example: "/dev/ttyUSB0" },
            permissions: { supported: "`r`, `w`, `m` or several. Default: rwm", example: "rw" },
        },
    },
    device_cgroup_rules: { supported: "Rules for devices that come and go.", example: '["c 13:* rmw"]' },
    gpus: {
        supported: "`all`, or a list of GPUs.",
        example: "all",
        each: {
            driver: { supported: "Driver of the device.", example: "nvidia" },
            count: { supported: "How many, or `all`.", example: "1" },
            device_ids: { supported: "Which ones.", example: '["0"]' },
            capabilities: { supported: "What it must be able to do. Default: gpu", example: "[gpu]" },
            options: { supported: "Options of the driver.", example: "{ virtualization: false }" },
        },
    },
    privileged: { supported: "Lets it do nearly all that root of the host can.", example: "true" },
    cap_add: { supported: "Rights of root that it gets.", example: "[NET_ADMIN]" },
    cap_drop: { supported: "Rights of root that it loses.", example: "[ALL]" },
    security_opt: { supported: "Options of AppArmor, seccomp and SELinux.", example: '["no-new-privileges:true"]' },
    userns_mode: { supported: "`host`: the host's user ids.", example: "host" },
    pid: { supported: "Whose processes it sees: `host`, `service:NAME` or `container:NAME`.", example: "host" },
    ipc: { supported: "Whose shared memory it has: `host`, `shareable`, `service:NAME` …", example: "shareable" },
    cgroup: { supported: "`host` or `private`: whose control groups it sees.", example: "private" },
    cgroup_parent: { supported: "Control group that it is put below.", example: "my-group" },
    runtime: { supported: "Runtime of the engine that runs it.", example: "runc" },
    uts: { refused: `${NO_SETTING}; set hostname` },
    pids_limit: { refused: `${NO_SETTING}; limit processes by \`ulimits: { nproc: N }\`` },
    mem_swappiness: { refused: `${NO_SETTING}; set mem_limit and memswap_limit to the same size to forbid swapping` },
    oom_kill_disable: { refused: `${NO_SETTING}; limit memory by mem_limit` },
    oom_score_adj: { refused: `${NO_SETTING}; limit memory by mem_limit` },
    cpu_rt_period: { refused: `${NO_SETTING}; use cpu_period` },
    cpu_rt_runtime: { refused: `${NO_SETTING}; use cpu_quota` },
    cpu_count: { refused: `${WINDOWS}; use cpus` },
    cpu_percent: { refused: `${WINDOWS}; use cpus` },
    isolation: { refused: WINDOWS },
    credential_spec: { refused: WINDOWS },
} satisfies KeyTable;
