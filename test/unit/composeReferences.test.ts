import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();

test.each([
    ["a network", "networks: [nope]", /services\.web\.networks.*no network nope.*top level/],
    ["a volume", "volumes: [nope:/x]", /services\.web\.volumes.*no volume nope.*top level/],
    ["a config", "configs: [nope]", /services\.web\.configs\[0\].*no config nope/],
    ["a secret", "secrets: [nope]", /services\.web\.secrets\[0\].*no secret nope.*config set/],
    ["a service that it waits for", "depends_on: [nope]", /services\.web\.depends_on.*no service nope/],
    [
        "a service that it need not wait for",
        "depends_on: { nope: { condition: service_started, required: false } }",
        /depends_on.*no service nope/,
    ],
    ["a linked service", "links: [nope]", /links.*no service nope/],
    ["a service with volumes", "volumes_from: [nope]", /volumes_from.*no service nope/],
    ["a service with a network", "network_mode: service:nope", /network_mode.*no service nope/],
    ["a service with processes", "pid: service:nope", /services\.web\.pid.*no service nope/],
    ["a service with shared memory", "ipc: service:nope", /services\.web\.ipc.*no service nope/],
])("%s that is not there is named", (_what, keys, message) => {
    const errors = folder.webErrors(keys);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
});

test("a link to a service that is called like what every object has is followed", () => {
    const { project } = folder.read("services: { web: { image: a, links: [constructor] }, constructor: { image: b } }");
    expect(project.services.web?.depends_on).toHaveProperty("constructor.condition", "service_started");
});

test.each([
    ["neither image nor build", "services: { web: { command: x } }", /services\.web: .*image/],
    [
        "host network and networks",
        "services: { web: { image: a, network_mode: host, networks: [n] } }\nnetworks: { n: }",
        /network_mode: .*networks/,
    ],
    [
        "ports of a container without a network of its own",
        "services: { web: { image: a, network_mode: 'service:db', ports: [80] }, db: { image: b } }",
        /ports: .*write them there/,
    ],
    [
        "one name for several containers",
        "services: { web: { image: a, container_name: web, scale: 2 } }",
        /container_name: 2 containers/,
    ],
    [
        "one port for several containers",
        "services: { web: { image: a, ports: ['80:80'], scale: 2 } }",
        /ports.*: 2 containers/,
    ],
    [
        "one name for two services",
        "services: { web: { image: a, container_name: x1 }, db: { image: b, container_name: x1 } }",
        /db\.container_name: .*web has the name x1/,
    ],
    [
        "waiting for a health that is never checked",
        "services: { web: { image: a, depends_on: { db: { condition: service_healthy } } }, db: { image: b, healthcheck: { disable: true } } }",
        /depends_on.*never healthy/,
    ],
    [
        "two mounts at one place",
        "services: { web: { image: a, volumes: [data:/x, /srv:/x] } }\nvolumes: { data: }",
        /\/x/,
    ],
    [
        "links without a network in common",
        "services: { web: { image: a, links: [db], networks: [n] }, db: { image: b } }\nnetworks: { n: }",
        /links\[0\]: web and db share no network/,
    ],
    ["a name that Docker does not take", "services: { 'a b': { image: a } }", /services\["a b"\]: .*name/],
    [
        "a driver for a volume that is made elsewhere",
        "services: { web: { image: a, volumes: [data:/x] } }\nvolumes: { data: { external: true, driver: local } }",
        /volumes\.data.*external/,
    ],
    [
        "IPv4 turned off",
        "services: { web: { image: a, networks: [n] } }\nnetworks: { n: { enable_ipv4: false } }",
        /networks\.n\.enable_ipv4: .*cannot turn IPv4 off/,
    ],
])("%s: it is refused", (_what, text, message) => {
    const errors = folder.errors(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
});

test.each([
    ["depends_on", "a: { image: x, depends_on: [b] }, b: { image: x, depends_on: [a] }", "a → b → a"],
    ["itself", "a: { image: x, depends_on: [a] }", "a → a"],
    ["links", "a: { image: x, links: [b] }, b: { image: x, depends_on: [a] }", "a → b → a"],
    ["volumes_from", "a: { image: x, volumes_from: [b] }, b: { image: x, depends_on: [a] }", "a → b → a"],
    ["a shared network", "a: { image: x, network_mode: 'service:b' }, b: { image: x, depends_on: [a] }", "a → b → a"],
    [
        "three",
        "a: { image: x, depends_on: [b] }, b: { image: x, depends_on: [c] }, c: { image: x, depends_on: [a] }",
        "a → b → c → a",
    ],
])("services that wait for each other are shown: by %s", (_by, services, circle) => {
    expect(folder.errors(`services: { ${services} }`)).toEqual([
        expect.stringContaining(`they wait for each other: ${circle}`),
    ]);
});

test("a link is a name of the linked service in the network that both are in, and comes first", () => {
    const { web, db } = folder.read(`
services:
  web: { image: a, links: [db, "db:database"], networks: [front, back] }
  db: { image: b, networks: { back: { aliases: [sql] } } }
networks: { front: , back: }
`).project.services;
    expect(db?.networks.back?.aliases).toEqual(["sql", "database"]);
    expect(web?.links).toEqual([
        { service: "db", alias: "db" },
        { service: "db", alias: "database" },
    ]);
    expect(web?.depends_on.db?.condition).toBe("service_started");
});

test("a service comes after those whose network, processes or volumes it shares", () => {
    const { web } = folder.read(`
services:
  web: { image: a, network_mode: "service:n", pid: "service:p", ipc: "service:i", volumes_from: [v, "container:c"] }
  n: { image: b }
  p: { image: b }
  i: { image: b, ipc: shareable }
  v: { image: b }
`).project.services;
    expect(Object.keys(web?.depends_on ?? {}).sort()).toEqual(["i", "n", "p", "v"]);
});

test("ports of a container that has the host's network open nothing, and it is said", () => {
    const { project, warnings } = folder.read("services: { web: { image: a, network_mode: host, ports: ['80:80'] } }");
    expect(project.services.web?.ports).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining("ports of web have no effect")]);
});

describe("profiles", () => {
    const text = `
services:
  web: { image: a }
  debug: { image: a, profiles: [debug, all] }
  test: { image: a, profiles: [test], networks: [n], volumes: ["data:/x"] }
networks: { n: }
volumes: { data: }
`;
    test.each([
        [[], ["web"]],
        [["debug"], ["web", "debug"]],
        [
            ["test", "all"],
            ["web", "debug", "test"],
        ],
        [["*"], ["web", "debug", "test"]],
    ])("with %j there are %j", (profiles, names) => {
        expect(Object.keys(folder.read(text, { profiles }).project.services)).toEqual(names);
    });

    test("without any said, those of COMPOSE_PROFILES count, of the shell or of .env", () => {
        const names = (environment: Record<string, string>) =>
            Object.keys(folder.read(text, { profiles: undefined, environment }).project.services);
        folder.write(".env", "COMPOSE_PROFILES=test\n");
        expect(names({})).toEqual(["web", "test"]);
        expect(names({ COMPOSE_PROFILES: "debug, x" })).toEqual(["web", "debug"]);
    });

    test("a volume of an inactive service stays, since it holds data; its network does not", () => {
        const { project } = folder.read(text);
        expect(Object.keys(project.volumes)).toEqual(["data"]);
        expect(Object.keys(project.networks)).toEqual(["default"]);
    });

    test("who depends on an inactive service says so, unless it need not be there", () => {
        const depending = (more: string) =>
            `services: { a: { image: x, depends_on: { b: { condition: service_started ${more} } } }, b: { image: x, profiles: [p] } }`;
        expect(folder.errors(depending(""))).toEqual([expect.stringMatching(/depends_on\.b: b has the profile p/)]);
        expect(folder.read(depending(", required: false")).project.services.a?.depends_on).toEqual({});
    });
});

test("only networks and volumes that services use are made", () => {
    const { project } = folder.read(`
services: { web: { image: a, networks: [used], volumes: ["used:/x"] } }
networks: { used: , unused: }
volumes: { used: , unused: }
`);
    expect(Object.keys(project.networks)).toEqual(["used"]);
    expect(Object.keys(project.volumes)).toEqual(["used"]);
});

test("the network default can be said", () => {
    const { project } = folder.read(
        "services: { web: { image: a } }\nnetworks: { default: { name: web, external: true } }",
    );
    expect(project.networks.default).toMatchObject({ name: "web", external: true });
});

test("what exists already is named in the old form too", () => {
    const { project } = folder.read(
        `
services: { web: { image: a, networks: [n], volumes: ["vol:/x"], secrets: [s] } }
networks: { n: { external: { name: front } } }
volumes: { vol: { external: { name: data } } }
secrets: { s: { external: { name: KEY } } }
`,
        { secrets: { KEY: "k" } },
    );
    expect(project.networks.n).toMatchObject({ name: "front", external: true });
    expect(project.volumes.vol).toMatchObject({ name: "data", external: true });
    expect(String(project.services.web?.files[0]?.content)).toBe("k");
});
