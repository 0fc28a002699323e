import * as fs from "node:fs";
import { parseConfig } from "../../components/config";
import { configJsonSchema, schemaFile } from "../../scripts/lib/configSchema";

const host = { kind: "local", sshPort: 20022, image: "berth/host:debian-13" };
const web = { image: "nginx:1.30", ports: ["8080:80"] };

/** As Pulumi hands config over: objects as JSON texts. */
function parse(values: Record<string, unknown>) {
    const raw = Object.entries(values).map(([key, v]) => [key, typeof v === "string" ? v : JSON.stringify(v)] as const);
    return parseConfig(Object.fromEntries(raw));
}
function errorsOf(values: Record<string, unknown>): string[] {
    const result = parse(values);
    return "errors" in result ? result.errors : [];
}
const serviceErrors = (service: unknown) => errorsOf({ host, services: { web: service } });

test("the smallest config gets Compose's defaults", () => {
    const result = parse({ host, services: { web: { image: "nginx" } } });
    expect(result).toEqual({
        config: {
            host: { ...host, dockerHost: "unix:///var/run/docker.sock" },
            engine: { users: [], registryMirrors: [] },
            protectVolumes: true,
            published: [],
            services: { web: { image: "nginx", ports: [], environment: {}, restart: "no" } },
        },
    });
});

test("environment is taken as a map and as a list", () => {
    const asMap = parse({ host, services: { web: { ...web, environment: { A: "1=2", N: 3, B: true } } } });
    const asList = parse({ host, services: { web: { ...web, environment: ["A=1=2", "N=3", "B=true"] } } });
    expect(asMap).toMatchObject({ config: { services: { web: { environment: { A: "1=2", N: "3", B: "true" } } } } });
    expect(asList).toEqual(asMap);
});

test.each([
    [
        "a bad host port",
        { ...web, ports: ["80:99999"] },
        /^berth:services\.web\.ports\[0\]: "80:99999": .*"99999".*1 to 65535/,
    ],
    ["a port of letters", { ...web, ports: ["http:80"] }, /ports\[0\]: "http:80": .*"http"/],
    ["port 0", { ...web, ports: ["0:80"] }, /"0"/],
    ["a number, which YAML may have made of 22:22", { ...web, ports: [1342] }, /ports\[0\]: 1342: .*quotes/],
    ["UDP", { ...web, ports: ["53:53/udp"] }, /UDP is not supported/],
    ["a range", { ...web, ports: ["8000-8010:80"] }, /ranges are not supported/],
    ["a port without the host's", { ...web, ports: ["80"] }, /port of the host is missing/],
    ["a bad address", { ...web, ports: ["1.2.3.400:80:80"] }, /"1\.2\.3\.400" is not an IPv4 address/],
    [
        "a bad image",
        { ...web, image: "NGINX:1.30" },
        /^berth:services\.web\.image: "NGINX:1\.30": not an image reference/,
    ],
    ["a shell in the image", { ...web, image: "nginx:$(touch x)" }, /not an image reference/],
    ["no image", { ports: ["80:80"] }, /^berth:services\.web\.image: the image is missing/],
    [
        "an unknown key",
        { ...web, volumes: [] },
        /^berth:services\.web\.volumes: Berth does not support this key; it supports: image, ports, environment, restart/,
    ],
    [
        "a bad restart policy",
        { ...web, restart: "sometimes" },
        /^berth:services\.web\.restart: "sometimes": .*unless-stopped/,
    ],
    ["restart: no without quotes", { ...web, restart: false }, /restart: false: .*"no"/],
    ["a variable of the own shell", { ...web, environment: ["HOME"] }, /environment\[0\]: write NAME=value/],
    ["a variable without a value", { ...web, environment: { HOME: null } }, /environment\.HOME: the value is missing/],
    ["something else than a map", "nginx", /^berth:services\.web: "nginx": write a map/],
])("%s is named with its place and what to do", (_what, service, message) => {
    const errors = serviceErrors(service);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
});

test.each([
    ["no host", { services: { web } }, /^berth:host: it is missing/],
    ["no services", { host }, /^berth:services: write a map/],
    ["empty services", { host, services: {} }, /^berth:services: no service/],
    [
        "an unknown section",
        { host, services: { web }, servises: {} },
        /^berth:servises: unknown key; the keys are: host, engine, services/,
    ],
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
        "a port used twice",
        { host, services: { a: web, b: web } },
        /^berth:services\.b\.ports\[0\]: .*8080.*a\.ports\[0\]/,
    ],
    [
        "the SSH port used by a service",
        { host, services: { a: { ...web, ports: ["20022:80"] } } },
        /ports\[0\]: .*20022.*berth:host\.sshPort/,
    ],
])("%s is refused", (_what, values, message) => {
    const errors = errorsOf(values);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
});

test("all mistakes come at once, collisions too", () => {
    const errors = errorsOf({
        host: { ...host, sshPort: "x" },
        engine: { users: ["a b"], colour: "blue" },
        services: { a: { ...web, image: "" }, b: { ...web, ports: ["8080:80", "1:2:3:4:5"], tty: true } },
        more: 1,
    });
    expect(errors.map((line) => line.split(": ")[0]).sort()).toEqual([
        "berth:engine.colour",
        "berth:engine.users[0]",
        "berth:host.sshPort",
        "berth:more",
        "berth:services.a.image",
        "berth:services.b.ports[0]",
        "berth:services.b.ports[1]",
        "berth:services.b.tty",
    ]);
});

test("the same port on two addresses of the host is no collision", () => {
    const a = { ...web, ports: ["127.0.0.1:80:80"] };
    expect(errorsOf({ host, services: { a, b: { ...web, ports: ["127.0.0.2:80:80"] } } })).toEqual([]);
    expect(errorsOf({ host, services: { a, b: { ...web, ports: ["80:80"] } } })).toHaveLength(1);
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
