import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();
const webErrors = (keys: string, more = "") =>
    folder.webErrors(keys, more).map((line) => line.replace(/^\S+ services\.web\./, ""));

test.each([
    ["depends_on: [tool]", "or write required: false"],
    ["links: [tool]", "set berth:profiles"],
    ["network_mode: service:tool", "set berth:profiles"],
    ["pid: service:tool", "set berth:profiles"],
    ["volumes_from: [tool]", "set berth:profiles"],
])("%s: the profile that a service lacks is named, not said to be unknown", (keys, remedy) => {
    const file = `services: { web: { image: a, ${keys} }, tool: { image: b, profiles: [debug] } }`;
    const errors = folder.errors(file);
    expect(errors).toEqual([expect.stringContaining("tool has the profile debug, which is not active")]);
    expect(errors[0]).toContain(remedy);
    for (const profiles of [["debug"], ["*"]]) expect(folder.errors(file, { profiles })).toEqual([]);
});

test("a service of an inactive profile is checked, and does not run", () => {
    const file = "services: { web: { image: a }, tool: { image: b, profiles: [debug], tty: maybe } }";
    expect(folder.errors(file)).toEqual([expect.stringContaining("services.tool.tty")]);
    const { project } = folder.read(file.replace("maybe", "true"));
    expect(Object.keys(project.services)).toEqual(["web"]);
});

test("a dependency that need not be there goes with its profile", () => {
    const { project } = folder.read(`
services:
  web: { image: a, depends_on: { tool: { condition: service_started, required: "false" } } }
  tool: { image: b, profiles: [debug] }
`);
    expect(project.services.web?.depends_on).toEqual({});
});

test("env files count in their order, and environment before them", () => {
    folder.write("a.env", "A=a\nB=a\nC=a\nD=$A-$SHELL\n");
    folder.write("b.env", "B=b\nC=b\nQUOTED='$A # x'\n");
    folder.write("raw.env", "RAW='$A'\n");
    const { environment, secret_environment } = folder.web(
        "env_file: [a.env, b.env, { path: raw.env, format: raw }, { path: none.env, required: false }], environment: { C: c }",
        "",
        { environment: { SHELL: "sh" } },
    );
    expect(environment).toEqual({ A: "a", B: "b", C: "c", D: "a-sh", QUOTED: "$A # x", RAW: "'$A'" });
    expect(secret_environment).toEqual(["A", "B", "D", "QUOTED", "RAW"]);
});

test("a name alone in environment takes the shell's value, then that of .env, and is not there without one", () => {
    folder.write(".env", "A=file\nB=file\n");
    folder.write("c.env", "C=env_file\n");
    const keys = "env_file: c.env, environment: [A, B, C, D]";
    expect(folder.web(keys, "", { environment: { A: "shell" } }).environment).toEqual({
        A: "shell",
        B: "file",
        C: "env_file",
    });
});

test("a .env that cannot be read is a mistake, and none that is not there", () => {
    folder.write(".env/file");
    expect(folder.webErrors("")).toEqual([expect.stringMatching(/^\.env: it cannot be read \(EISDIR\)/)]);
});

test("mistakes in env files are all named with their lines, and show no value", () => {
    folder.write("a.env", "GOOD=1\nBAD=hunter2${ter3}x${hun ter4}\nno line hunter5\nOPEN='hunter6\n");
    folder.write("b.env", "X=${MISSING:?hunter7}${");
    const errors = folder.webErrors("env_file: [a.env, b.env, c.env]");
    expect(errors).toHaveLength(3);
    expect(errors.join("\n")).toMatch(/env_file\[0\]: a\.env:2: .*a\.env:3: .*a\.env:4: /);
    expect(errors.join("\n")).toMatch(/env_file\[2\]: there is no file c\.env/);
    expect(errors.join("\n")).not.toMatch(/hunter|ter\d/);
});

test("a dollar in a value of an env file that means no variable is warned of", () => {
    folder.write("a.env", "PASSWORD=pa$word\nOTHER='pa$word'\n");
    const { warnings } = folder.read("services: { web: { image: a, env_file: a.env } }");
    expect(warnings).toEqual([expect.stringMatching(/^The variable word is not set.* a\.env\. .*single quotes/)]);
});

test.each([
    ["mem_limit: 64m, memswap_limit: 32m", "memswap_limit: it is memory and swap together"],
    ["memswap_limit: 1g", "memswap_limit: it counts with mem_limit only"],
    ["mem_limit: 64m, mem_reservation: 128m", "mem_reservation: more than mem_limit"],
    ["mem_limit: 4m", "mem_limit: too little"],
    ["cpus: 1, cpu_quota: 5000", "cpu_quota: cpus says the same"],
    ["network_mode: host, networks: [default]", "network_mode: it has networks too"],
    ["network_mode: service:db, ports: ['80:80']", "ports: the container whose network it joins has the ports"],
    ["scale: 2, container_name: web", "container_name: 2 containers cannot have one name"],
    ["scale: 2, ports: ['80:80']", "ports: 2 containers cannot have one port"],
    ["scale: 2, networks: { a: { ipv4_address: 10.0.0.9 } }", "networks.a.ipv4_address: 2 containers cannot have one"],
    [
        "networks: { a: { ipv4_address: 10.9.0.9 } }",
        "networks.a.ipv4_address: the network a has no subnet with 10.9.0.9",
    ],
    ["networks: { b: { ipv6_address: '2001:db8::5' } }", "networks.b.ipv6_address: the network b has no subnet"],
    ["networks: { none: { ipv4_address: 10.0.0.9 } }", "networks.none"],
    [
        "build: { additional_contexts: { base: 'service:db' }, dockerfile_inline: FROM a }",
        "build.additional_contexts.base: ",
    ],
])("%s is refused before anything is changed", (keys, start) => {
    const networks = "networks: { a: { ipam: { config: [{ subnet: 10.0.0.0/24 }] } }, b: , c: { external: true } }";
    const errors = webErrors(keys, networks);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors[0]).toContain(start);
});

test.each([
    "mem_limit: 64m, memswap_limit: -1",
    "mem_limit: 64m, memswap_limit: 64m, mem_reservation: 64m",
    "networks: { a: { ipv4_address: 10.0.0.9 } }",
    "networks: { c: { ipv4_address: 10.9.0.9 } }",
    "scale: 2, ports: [80]",
    "scale: 0, container_name: web",
    "build: { additional_contexts: { base: 'docker-image://alpine' }, dockerfile_inline: FROM a }",
])("%s is all right", (keys) => {
    const networks = "networks: { a: { ipam: { config: [{ subnet: 10.0.0.0/24 }] } }, c: { external: true } }";
    expect(webErrors(keys, networks)).toEqual([]);
});

test("two services cannot have one container's name", () => {
    expect(
        folder.errors("services: { a: { image: a, container_name: app }, b: { image: b, container_name: app } }"),
    ).toEqual([expect.stringMatching(/services\.b\.container_name: a has the name app too/)]);
});

test("a link is an alias on the networks that both are in, and an order", () => {
    const { project } = folder.read(`
services:
  web: { image: a, links: ["db:database", db], networks: [front, back] }
  db: { image: b, networks: [back] }
networks: { front: , back: }
`);
    expect(project.services.db?.networks.back?.aliases).toEqual(["database"]);
    expect(project.services.web?.depends_on).toHaveProperty("db");
});

test("circles are named, those of links and shared namespaces too", () => {
    const errors = folder.errors(`
services:
  a: { image: a, depends_on: [b] }
  b: { image: b, links: [c] }
  c: { image: c, ipc: service:a }
  d: { image: d, depends_on: [d] }
`);
    expect(errors).toEqual([expect.stringContaining("a → b → c → a"), expect.stringContaining("d → d")]);
});

test.each([
    ["networks: { n: { external: true, driver: overlay } }", "networks.n: external: it is made elsewhere"],
    ["networks: { n: { name: 'a b' } }", 'networks.n.name: "a b": a name has letters'],
    ["networks: { n: { ipam: { config: [{ subnet: 10.0.0.0/33 }] } } }", "networks.n.ipam.config[0].subnet: "],
    ["networks: { n: { enable_ipv4: false } }", "networks.n.enable_ipv4: "],
    ["volumes: { v: { external: true, driver: local } }", "volumes.v: external: it is made elsewhere"],
    ["volumes: { v: { name: ./v } }", 'volumes.v.name: "./v": a name has letters'],
    ["secrets: { s: { file: a, environment: B } }", "secrets.s: write one of file, environment"],
    ["configs: { c: {} }", "configs.c: write one of file, content, environment"],
    ["configs: { c: { external: true } }", "configs.c.external: "],
])("%s is refused", (more, start) => {
    expect(folder.webErrors("", more)).toEqual([expect.stringContaining(`: ${start}`)]);
});
