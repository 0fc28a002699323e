import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();
const MIB = 1024 * 1024;
const more = "networks: { front: { ipam: { config: [{ subnet: 10.0.0.0/24 }] } }, back: }\nvolumes: { data: }";

test.each([
    // What runs
    ["command: echo hi", { command: ["echo", "hi"] }],
    ["command: [echo, hi there]", { command: ["echo", "hi there"] }],
    ["command: []", { command: [] }],
    ['command: ""', { command: [] }],
    ["command: ", { command: undefined }],
    ["entrypoint: /run it", { entrypoint: ["/run", "it"] }],
    ["environment: { A: 1, B: true, C: x, D: '' }", { environment: { A: "1", B: "true", C: "x", D: "" } }],
    ['environment: ["A=1", "B=a=b", "C="]', { environment: { A: "1", B: "a=b", C: "" } }],
    ["labels: [a=1, b]", { labels: { a: "1", b: "" } }],
    ["labels: { a: 1, b: }", { labels: { a: "1", b: "" } }],
    ["user: 1000", { user: "1000" }],
    ["init: 'yes'", { init: true }],
    ["read_only: on", { read_only: true }],
    ["tty: off", { tty: false }],
    ["group_add: [video, 5]", { group_add: ["video", "5"] }],
    ["pull_policy: if_not_present", { pull_policy: "missing" }],
    // When it runs
    ["restart: always", { restart: { condition: "always" } }],
    ["restart: no", { restart: { condition: "no" } }],
    ['restart: ""', { restart: { condition: "no" } }],
    ["restart: on-failure:3", { restart: { condition: "on-failure", max_attempts: 3 } }],
    ["deploy: { restart_policy: { condition: none } }, restart: always", { restart: { condition: "no" } }],
    ["deploy: { restart_policy: { } }", { restart: { condition: "always" } }],
    ["deploy: { restart_policy: { condition: unless-stopped } }", { restart: { condition: "unless-stopped" } }],
    ["deploy: { replicas: 2 }", { scale: 2 }],
    ["deploy: { replicas: 2 }, scale: 2", { scale: 2 }],
    ["scale: 0", { scale: 0 }],
    ["stop_grace_period: 1m30s", { stop_grace_period: 90_000 }],
    ["depends_on: [db]", { depends_on: { db: { condition: "service_started", restart: false, required: true } } }],
    [
        "depends_on: { db: { condition: service_healthy, restart: true } }",
        { depends_on: { db: { condition: "service_healthy", restart: true, required: true } } },
    ],
    ["healthcheck: { test: curl x }", { healthcheck: { test: ["CMD-SHELL", "curl x"] } }],
    ["healthcheck: { test: [CMD, a, b], retries: 2 }", { healthcheck: { test: ["CMD", "a", "b"], retries: 2 } }],
    ["healthcheck: { test: [CMD-SHELL, a b] }", { healthcheck: { test: ["CMD-SHELL", "a b"] } }],
    ["healthcheck: { test: [NONE] }", { healthcheck: { test: ["NONE"] } }],
    ["healthcheck: { disable: true, test: x }", { healthcheck: { test: ["NONE"] } }],
    [
        "healthcheck: { interval: 1m, timeout: 500ms, start_period: 1h, start_interval: 2s }",
        { healthcheck: { interval: 60_000, timeout: 500, start_period: 3600_000, start_interval: 2000 } },
    ],
    ["logging: { driver: none }", { logging: { driver: "none", options: {} } }],
    ["logging: { options: { max-file: 3 } }", { logging: { options: { "max-file": "3" } } }],
    // How it is reached
    ["ports: [80]", { ports: [{ target: 80, protocol: "tcp", entry: 0 }] }],
    ['ports: ["80:80", "80:80"]', { ports: [{ published: 80, target: 80, protocol: "tcp", entry: 0 }] }],
    [
        'ports: [{ target: 80, published: 8080, host_ip: "::1", protocol: udp }]',
        { ports: [{ hostIp: "::1", published: 8080, target: 80, protocol: "udp", entry: 0 }] },
    ],
    ['expose: [80, "81-82", 53/udp]', { expose: ["80/tcp", "81/tcp", "82/tcp", "53/udp"] }],
    [
        "networks: [front, back]",
        {
            networks: {
                front: { aliases: [], link_local_ips: [], driver_opts: {} },
                back: { aliases: [], link_local_ips: [], driver_opts: {} },
            },
        },
    ],
    [
        "networks: { front: { aliases: [a], ipv4_address: 10.0.0.5, priority: 9 }, back: }",
        { networks: { front: { aliases: ["a"], ipv4_address: "10.0.0.5" }, back: { aliases: [] } } },
    ],
    ["networks: []", { networks: { default: { aliases: [] } } }],
    ["network_mode: host", { network_mode: "host", networks: {} }],
    ["network_mode: container:other", { network_mode: "container:other", networks: {} }],
    ["dns: 1.1.1.1", { dns: ["1.1.1.1"] }],
    ["dns: [1.1.1.1, 1.1.1.1]", { dns: ["1.1.1.1"] }],
    [
        'extra_hosts: ["a:1.2.3.4", "b=1.2.3.4", "c:host-gateway"]',
        {
            extra_hosts: [
                { host: "a", ip: "1.2.3.4" },
                { host: "b", ip: "1.2.3.4" },
                { host: "c", ip: "host-gateway" },
            ],
        },
    ],
    [
        "extra_hosts: { a: [1.1.1.1, 1.0.0.1] }",
        { extra_hosts: ["1.1.1.1", "1.0.0.1"].map((ip) => ({ host: "a", ip })) },
    ],
    // What it may do
    [
        "ulimits: { nproc: 5, nofile: { soft: 1, hard: 2 } }",
        { ulimits: { nproc: { soft: 5, hard: 5 }, nofile: { soft: 1, hard: 2 } } },
    ],
    ["sysctls: [net.core.somaxconn=5]", { sysctls: { "net.core.somaxconn": "5" } }],
    ["devices: [/dev/null]", { devices: [{ host: "/dev/null", container: "/dev/null", permissions: "rwm" }] }],
    ["devices: ['/dev/null:/dev/x:r']", { devices: [{ host: "/dev/null", container: "/dev/x", permissions: "r" }] }],
    ["gpus: all", { device_requests: [{ count: -1, capabilities: ["gpu"], device_ids: [] }] }],
    ["gpus: [{ device_ids: ['1'] }]", { device_requests: [{ device_ids: ["1"], capabilities: ["gpu"] }] }],
    [
        "deploy: { resources: { reservations: { devices: [{ capabilities: [gpu], count: all }] } } }",
        { device_requests: [{ count: -1, capabilities: ["gpu"] }] },
    ],
    [
        "blkio_config: { device_read_bps: [{ path: /dev/sda, rate: 1mb }], device_write_iops: [{ path: /dev/sda, rate: 5 }] }",
        {
            device_rates: [
                { kind: "read_bps", path: "/dev/sda", rate: MIB },
                { kind: "write_iops", path: "/dev/sda", rate: 5 },
            ],
        },
    ],
    // What it may use
    ["mem_limit: 1.5g, memswap_limit: -1", { mem_limit: 1536 * MIB, memswap_limit: -1 }],
    ["mem_limit: 0, shm_size: 67108864", { mem_limit: undefined, shm_size: 64 * MIB }],
    ["cpus: .5", { cpus: "0.5" }],
    ["cpus: 0", { cpus: undefined }],
    [
        "deploy: { resources: { limits: { cpus: '0.50', memory: 50M }, reservations: { memory: 20M } } }, cpus: 0.5",
        { cpus: "0.5", mem_limit: 50 * MIB, mem_reservation: 20 * MIB },
    ],
])("%s", (keys, expected) => {
    expect(folder.web(keys, more)).toMatchObject(expected);
});

test.each([
    ["image: 'no image'", "image", /not an image reference/],
    ["pull_policy: every_12h", "pull_policy", /keeps no clock.*write always/],
    ["command: a | b", "command", /no shell reads it/],
    ["environment: x", "environment", /write a map .* or a list/],
    ["restart: always:3", "restart", /one of "no", always/],
    ["deploy: { restart_policy: { max_attempts: 3 } }", "deploy.restart_policy.max_attempts", /on-failure only/],
    ["deploy: { replicas: 2 }, scale: 3", "scale", /something else than deploy\.replicas/],
    ["deploy: { resources: { limits: { cpus: 1 } } }, cpus: 2", "cpus", /deploy\.resources\.limits\.cpus/],
    ["deploy: { resources: { limits: { memory: 1g } } }, mem_limit: 2g", "mem_limit", /keep one/],
    ["deploy: { mode: global }", "deploy.mode", /write replicated/],
    [
        "deploy: { resources: { reservations: { devices: [{ count: 1 }] } } }",
        "deploy.resources.reservations.devices[0]",
        /capabilities are missing/,
    ],
    ["gpus: [{ count: 1, device_ids: ['0'] }]", "gpus[0]", /count or device_ids/],
    ["mem_limit: 1000000", "mem_limit", /whole MiB; write "1m"/],
    ["mem_limit: lots", "mem_limit", /"lots": write a size/],
    ["memswap_limit: -2", "memswap_limit", /or -1 for no limit/],
    ["cpus: -1", "cpus", /number of CPUs/],
    ["stop_grace_period: 5", "stop_grace_period", /write a duration/],
    ["healthcheck: { test: [curl, x] }", "healthcheck.test", /begins with "CMD"/],
    ["depends_on: { db: { condition: healthy } }", "depends_on.db.condition", /service_healthy/],
    ["ports: ['80:80:80:80']", "ports[0]", /such as "8080:80"/],
    ["ports: ['8000-8002:80']", "ports[0]", /choose one of 8000-8002|choose it here/],
    ["ports: [{ published: '80' }]", "ports[0].target", /write the container's port/],
    ["ports: [{ target: 80, protocol: http }]", "ports[0].protocol", /one of tcp, udp, sctp/],
    ["ports: '80:80'", "ports", /write a list/],
    ["expose: [http]", "expose[0]", /PORT/],
    ["networks: [[front]]", "networks", /list of names/],
    ["networks: { front: { ipv4_address: x } }", "networks.front.ipv4_address", /not an IPv4 address/],
    ["network_mode: front", "network_mode", /one of none, host/],
    ["links: ['db:']", "links[0]", /SERVICE:ALIAS/],
    ["extra_hosts: [a]", "extra_hosts[0]", /HOST:IP/],
    ["ulimits: { nofile: many }", "ulimits.nofile", /write a number/],
    ["devices: [vendor.com/gpu=0]", "devices[0]", /CDI/],
    ["volumes: ['./a:b']", "volumes[0]", /absolute/],
    ["volumes: ['data:/x:fast']", "volumes[0]", /"fast" is not an option/],
    ["volumes: [{ type: npipe, source: a, target: /b }]", "volumes[0].type", /one of volume, bind, tmpfs/],
    ["volumes: [{ type: bind, target: /b }]", "volumes[0].source", /has a source/],
    ["tmpfs: run", "tmpfs", /such as \/run/],
    ["configs: [{ target: /x }]", "configs[0].source", /write a text/],
    ["container_name: 'a b'", "container_name", /letters, digits/],
    ["tty: maybe", "tty", /true or false/],
])("%s is refused with its place", (keys, place, message) => {
    const text = keys.startsWith("image") ? `services: { web: { ${keys} } }` : undefined;
    const errors = text === undefined ? folder.webErrors(keys, more) : folder.errors(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^compose\.yaml:1:\d+: /);
    expect(errors[0]?.replace(/^\S+: /, "")).toMatch(
        new RegExp(`^services\\.web\\.${place.replace(/[[\].]/g, "\\$&")}: `),
    );
    expect(errors[0]).toMatch(message);
});
