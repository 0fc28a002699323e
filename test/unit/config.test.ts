import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { configJsonSchema, schemaFile } from "../../scripts/lib/configSchema";
import { serviceDocs, serviceDocsFile } from "../../scripts/lib/serviceDocs";
import { siteDocs, siteDocsFile } from "../../scripts/lib/siteDocs";
import { errorsOf, parse } from "./stackConfig";

const host = { kind: "local", sshPort: 20022, image: "berth/host:debian-13" };
const web = { image: "nginx:1.30", ports: ["8080:80"] };
const serviceErrors = (service: unknown) => errorsOf({ host, services: { web: service } });
const secretKeys = ["berth:secrets"];

/** The config that is read; a failure shows what is wrong with it. */
function read(...args: Parameters<typeof parse>) {
    const result = parse(...args);
    if ("errors" in result) throw new Error(result.errors.join("\n"));
    return result.config;
}

/** A folder with files, which goes after the test. */
function folder(files: Record<string, string>): string {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), "berth-config-"));
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(directory, name), text);
    folders.push(directory);
    return directory;
}
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((directory) => fs.rmSync(directory, { recursive: true })));

test("the smallest config gets the defaults", () => {
    const { project, written, ...config } = read({ host, services: { web: { image: "nginx" } } });
    expect(written).toEqual({ web: { image: "nginx" } });
    expect(config).toEqual({
        host: { ...host, dockerHost: "unix:///var/run/docker.sock" },
        engine: { users: [], registryMirrors: [] },
        registries: {},
        protectVolumes: true,
        secretServices: false,
        published: [],
        warnings: [],
    });
    expect(Object.keys(project.services)).toEqual(["web"]);
    expect(Object.keys(project.networks)).toEqual(["default"]);
});

test("a Compose file says the same as services in the config", () => {
    const services = { web: { ...web, volumes: ["data:/srv"] } };
    const compose = JSON.stringify({ services, volumes: { data: { labels: { a: "b" } } } });
    const fromFile = read({ host, composeFile: "./compose.yaml" }, { directory: folder({ "compose.yaml": compose }) });
    const inline = read({ host, services, volumes: { data: { labels: { a: "b" } } } });
    expect(fromFile.project).toEqual(inline.project);
});

test.each([
    ["no host", { services: { web } }, /^berth:host: it is missing/],
    ["nothing to run", { host }, /^berth:services: it is missing; .*berth:composeFile/],
    ["empty services", { host, services: {} }, /^berth:services: no service/],
    ["services that are no map", { host, services: [web] }, /^berth:services: write a map/],
    [
        "an unknown section",
        { host, services: { web }, zone: {} },
        /^berth:zone: unknown key; the keys are: host, engine, services/,
    ],
    ["a misspelt section", { host, services: { web }, compose_fil: "x" }, /compose_fil: .*did you mean composeFile\?$/],
    [
        "an unknown kind of host",
        { host: { ...host, kind: "gcp" }, services: { web } },
        /^berth:host\.kind: "gcp": .*one of: local, ec2, existing/,
    ],
    [
        "a TCP engine",
        { host: { ...host, dockerHost: "tcp://1.2.3.4" }, services: { web } },
        /dockerHost: .*unix:\/\/\/PATH/,
    ],
    [
        "a user for a shell",
        { host, engine: { users: ["$(touch x)"] }, services: { web } },
        /^berth:engine\.users\[0\]: "\$\(touch x\)": not a user name/,
    ],
    ["a user like an option", { host, engine: { users: ["--help"] }, services: { web } }, /not a user name/],
    [
        "a short fingerprint",
        { host, engine: { apt: { url: "https://x.y", fingerprint: "ABCD" } }, services: { web } },
        /40 hexadecimal/,
    ],
    ["a version that is a number", { host, engine: { version: 28.5 }, services: { web } }, /in quotes/],
    ["a service's name with a slash", { host, services: { "a/b": web } }, /^berth:services\["a\/b"\]: .*name/],
    [
        "a Compose file that is not there",
        { host, composeFile: "./docker.yaml" },
        /^docker\.yaml: there is no such file/,
    ],
    [
        "a secret's name with a dash",
        { host, services: { web }, secrets: { "db-password": "x" } },
        /^berth:secrets\.db-password: not a name/,
    ],
    [
        "a port used twice",
        { host, services: { a: web, b: web } },
        /^berth:services\.b\.ports.*: port 8080 .*services\.a\.ports/,
    ],
    [
        "the SSH port used by a service",
        { host, services: { a: { ...web, ports: ["20022:80"] } } },
        /ports.*: .*20022.*berth:host\.sshPort/,
    ],
    [
        "a password without a user",
        { host, services: { web }, registries: { "ghcr.io": { password: "x" } } },
        /^berth:registries/,
    ],
])("%s is refused", (_what, values, message) => {
    const errors = errorsOf(values, { secretKeys });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
});

test("a Compose file and services in the config exclude each other, each section by name", () => {
    const directory = folder({ "compose.yaml": JSON.stringify({ services: { web } }) });
    expect(errorsOf({ host, composeFile: "compose.yaml", services: { web }, volumes: {} }, { directory })).toEqual([
        "berth:services: berth:composeFile has them; keep one of the two",
        "berth:volumes: berth:composeFile has them; keep one of the two",
    ]);
});

test("all mistakes come at once, of the host, of services, and of ports on the host", () => {
    const errors = errorsOf({
        host: { ...host, sshPort: "x" },
        engine: { users: ["a b"], colour: "blue" },
        services: {
            a: { ...web, image: "" },
            b: { ...web, ports: ["8080:80"], uts: "host" },
            c: { ...web, ports: ["1:2:3:4:5"] },
        },
        more: 1,
    });
    expect(errors.map((line) => line.split(": ")[0]).sort()).toEqual([
        "berth:engine.colour",
        "berth:engine.users[0]",
        "berth:host.sshPort",
        "berth:more",
        "berth:services.a.image",
        expect.stringMatching(/^berth:services\.b\.ports/),
        "berth:services.b.uts",
        "berth:services.c.ports[0]",
    ]);
});

test("the same port on two addresses of the host is no collision, nor with another protocol", () => {
    const a = { ...web, ports: ["127.0.0.1:80:80"] };
    expect(errorsOf({ host, services: { a, b: { ...web, ports: ["127.0.0.2:80:80"] } } })).toEqual([]);
    expect(errorsOf({ host, services: { a, b: { ...web, ports: ["80:80/udp"] } } })).toEqual([]);
    expect(errorsOf({ host, services: { a, b: { ...web, ports: ["80:80"] } } })).toHaveLength(1);
});

test("what services publish beyond the host is known with its place", () => {
    const ports = ["8080:80", "127.0.0.1:81:81", "53:53/udp", "[::1]:82:82", "3000"];
    const directory = folder({
        "c.yaml": `services:\n  web:\n    image: nginx\n    ports: ${JSON.stringify(ports)}\n`,
    });
    expect(read({ host, composeFile: "c.yaml" }, { directory }).published).toEqual([
        { port: 8080, service: "web", place: expect.stringMatching(/^c\.yaml:4:\d+: services\.web\.ports/) as string },
        { port: 53, protocol: "udp", service: "web", place: expect.stringMatching(/^c\.yaml:4:/) as string },
    ]);
});

test("a database that a Compose file would open to the internet is refused with the file's line", () => {
    const directory = folder({ "c.yaml": `services:\n  db:\n    image: postgres\n    ports: ["5432:5432"]\n` });
    const existing = {
        kind: "existing",
        address: "x.org",
        hostKey: `ssh-ed25519 ${"A".repeat(68)}`,
        privateKeyFile: "~/k",
    };
    const errors = errorsOf({ host: existing, composeFile: "c.yaml" }, { directory });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^c\.yaml:4:\d+: services\.db\.ports.*: the internet would reach port 5432/);
});

test("secrets in the clear are refused with the command that keeps them", () => {
    const values = { host, services: { web }, secrets: { KEY: "hunter2" } };
    const errors = errorsOf(values, { secretKeys: [] });
    expect(errors).toEqual([
        expect.stringMatching(/^berth:secrets: .*config set .*--secret --path berth:secrets\.NAME$/),
    ]);
    expect(errors.join()).not.toContain("hunter2");
    expect(errorsOf(values, { secretKeys })).toEqual([]);
});

test("a secret reaches the environment, and is marked as one", () => {
    const services = { web: { ...web, environment: { PASSWORD: "${KEY}", PLAIN: "1" } } };
    const { project } = read({ host, services, secrets: { KEY: "hunter2" } }, { secretKeys });
    expect(project.services.web).toMatchObject({
        environment: { PASSWORD: "hunter2", PLAIN: "1" },
        secret_environment: ["PASSWORD"],
    });
});

test("where the services are secret themselves, so is the whole environment", () => {
    const services = { web: { ...web, environment: { A: "1", B: "2" } } };
    const { project } = read({ host, services }, { secretKeys: ["berth:services"] });
    expect(project.services.web?.secret_environment).toEqual(["A", "B"]);
});

test("profiles come from the config, else from COMPOSE_PROFILES", () => {
    const services = {
        web,
        debug: { image: "busybox", profiles: ["debug"] },
        more: { image: "busybox", profiles: ["more"] },
    };
    const names = (values: object, COMPOSE_PROFILES?: string) =>
        Object.keys(read({ host, services, ...values }, { environment: { COMPOSE_PROFILES } }).project.services);
    expect(names({})).toEqual(["web"]);
    expect(names({ profiles: ["debug"] }, "more")).toEqual(["web", "debug"]);
    expect(names({}, "debug, more")).toEqual(["web", "debug", "more"]);
});

test("a variable without a value is blank, and said", () => {
    const { warnings, project } = read({ host, services: { web: { ...web, environment: { A: "$NOBODY" } } } });
    expect(project.services.web?.environment).toEqual({ A: "" });
    expect(warnings).toEqual([expect.stringContaining("NOBODY")]);
});

test("values of the environment never appear in an error", () => {
    const errors = serviceErrors({ ...web, environment: { "BAD NAME": "hunter2", LIST: ["hunter2"] } });
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.join("\n")).not.toContain("hunter2");
});

test("the JSON schema in docs is that of the code", () => {
    const written: unknown = JSON.parse(fs.readFileSync(schemaFile, "utf8"));
    // npm run schema writes it anew
    expect(written).toEqual(JSON.parse(configJsonSchema()));
});

test.each([
    ["services.md", serviceDocsFile, serviceDocs],
    ["sites.md", siteDocsFile, siteDocs],
])("the tables in docs/%s are those of the code", (_name, file, docs) => {
    const plain = (text: string) => text.replace(/[ -]+/g, " ").replace(/\n+/g, "\n").split("\n");
    // npm run schema writes them anew; prettier aligns them
    expect(plain(fs.readFileSync(file, "utf8"))).toEqual(plain(docs()));
});
