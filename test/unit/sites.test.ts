import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseConfig } from "../../components/config";

let directory: string;
beforeAll(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "berth-sites-"));
    fs.mkdirSync(path.join(directory, "www"));
});
afterAll(() => fs.rmSync(directory, { recursive: true }));

const services = {
    app: { image: "busybox:1.37", expose: ["8080"] },
    both: { image: "busybox:1.37", ports: ["9000:9000", "9001:9001"] },
    silent: { image: "busybox:1.37" },
    host: { image: "busybox:1.37", network_mode: "host" },
};

function read(sites: unknown, more: Record<string, unknown> = {}) {
    const values = { host: { kind: "local" }, services, ...(sites === undefined ? {} : { sites }), ...more };
    const raw = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]));
    return parseConfig(raw, {
        directory,
        environment: {},
        secretKeys: ["berth:secrets"],
        projectName: "berth-test",
    });
}

function configOf(sites: unknown, more?: Record<string, unknown>) {
    const result = read(sites, more);
    if ("errors" in result) throw new Error(result.errors.join("\n"));
    return result.config;
}

const errorsOf = (sites: unknown, more?: Record<string, unknown>) => {
    const result = read(sites, more);
    return "errors" in result ? result.errors : [];
};
const siteOf = (site: unknown, more?: Record<string, unknown>) => configOf({ default: site }, more).proxy?.sites[0];

test("a site leads to a service at its only port, for its key's name", () => {
    const { proxy } = configOf({ "example.com": { service: "app" } });
    expect(proxy?.sites).toEqual([
        {
            key: "example.com",
            names: ["example.com"],
            gzip: true,
            securityHeaders: true,
            maintenance: false,
            directives: undefined,
            locations: [
                {
                    path: "/",
                    target: { kind: "service", service: "app", port: 8080 },
                    websocket: false,
                    timeout: 60,
                    maxBody: "1m",
                    rateLimit: undefined,
                    passwords: undefined,
                },
            ],
        },
    ]);
});

test("a path is as its site where it says nothing else", () => {
    const site = siteOf({
        service: "app",
        timeout: "5m",
        rateLimit: { perSecond: 3 },
        paths: {
            "/ws/": { service: "app", websocket: true },
            "/up/": { service: "app", maxBody: "2g", timeout: "90s" },
        },
    });
    const said = site?.locations.map(({ timeout, maxBody, websocket, rateLimit }) => [
        timeout,
        maxBody,
        websocket,
        rateLimit?.perSecond,
    ]);
    expect(said).toEqual([
        [300, "1m", false, 3],
        [300, "1m", true, 3],
        [90, "2g", false, 3],
    ]);
});

test("who may enter a site may enter its paths, and nobody else", () => {
    const site = siteOf(
        { service: "app", basicAuth: { me: "PW" }, paths: { "/api/": { service: "app" } } },
        { secrets: { PW: "hunter2" } },
    );
    expect(site?.locations.map(({ passwords }) => passwords)).toEqual([{ me: "hunter2" }, { me: "hunter2" }]);
});

test("nginx comes as a service of its own, with a network in which services have addresses", () => {
    const { project, published } = configOf({ default: { service: "app" } }, { proxy: { port: 8080 } });
    expect(project.services.proxy).toMatchObject({
        image: "nginx:1.30",
        ports: [{ published: 8080, target: 80 }],
        restart: { condition: "unless-stopped" },
    });
    expect(Object.keys(project.services.app?.networks ?? {})).toEqual(["default", "berth-proxy"]);
    expect(project.services.app?.serves_at).toBe(8080);
    expect(Object.keys(project.services.silent?.networks ?? {})).toEqual(["default"]);
    expect(project.networks["berth-proxy"]).toMatchObject({ internal: true, fixed_addresses: true });
    expect(project.networks["berth-proxy"]?.ipam?.config[0]?.subnet).toMatch(/^10\.213\.\d+\.0\/24$/);
    expect(published).toContainEqual({ port: 8080, service: "proxy", place: "berth:proxy.port" });
});

test("without sites and proxy, there is no nginx; with a proxy alone, or files alone, there is", () => {
    expect(configOf(undefined).project.services.proxy).toBeUndefined();
    expect(configOf(undefined, { proxy: {} }).project.services.proxy).toBeDefined();
    const files = configOf({ default: { files: "./www" } }, { services: undefined });
    expect(Object.keys(files.project.services)).toEqual(["proxy"]);
    expect(files.proxy?.sites[0]?.locations[0]?.target).toEqual({ kind: "files", folder: path.join(directory, "www") });
});

test("a redirect keeps the request's path unless it has one", () => {
    const target = (redirect: string) => siteOf({ redirect })?.locations[0]?.target;
    expect(target("https://example.com")).toEqual({ kind: "redirect", url: "https://example.com", keepsUri: true });
    expect(target("https://example.com/new/")).toMatchObject({ keepsUri: false });
    expect(target("https://example.com/")).toMatchObject({ keepsUri: false });
});

test("every mistake is named at once, with its place and the remedy", () => {
    const errors = errorsOf(
        {
            "a.example": { service: "ap" },
            "b.example": { service: "both" },
            "c.example": { service: "silent" },
            "d.example": { service: "host" },
            "e.example": {},
            "f.example": { files: "./nowhere", redirect: "https://example.com" },
            "g.example": { files: "./nowhere" },
            "h.example": { service: "app", paths: { "/files": { files: "./www" } } },
            "i.example": { service: "app", basicAuth: { me: "GONE" } },
            "j.example": { service: "app", names: ["a.example"] },
            "k.example": { service: "app", names: [] },
            "l.example": { service: "app", paths: { "/": { service: "app" } } },
            "m.example": { files: "./www", port: 80 },
        },
        { services: { ...services, proxy: { image: "busybox:1.37" } } },
    );
    expect(errors).toEqual([
        `berth:sites["a.example"].service: there is no service ap; the services are: app, both, silent, host, proxy`,
        `berth:sites["b.example"].port: it is one of 9000, 9001; write the port at which both answers in its container`,
        `berth:sites["c.example"].port: it is missing; write the port at which silent answers in its container`,
        `berth:sites["d.example"].service: host has network_mode host: nginx reaches services in networks only`,
        `berth:sites["e.example"]: it leads nowhere; write one of service, files, redirect`,
        `berth:sites["f.example"]: it has files and redirect; write one of service, files, redirect`,
        `berth:sites["g.example"].files: there is no folder ./nowhere`,
        `berth:sites["h.example"].paths["/files"]: a folder is served below a path that ends with /; write /files/`,
        `berth:sites["i.example"].basicAuth.me: there is no secret GONE; ./scripts/pulumi config set -s STACK --secret --path berth:secrets.GONE`,
        `berth:sites["l.example"].paths["/"]: the site itself says what / is; keep one`,
        `berth:sites["m.example"].port: only a service has a port`,
        `berth:sites["j.example"].names[0]: the site a.example has the name a.example`,
        `berth:sites["k.example"].names: no name; write at least one`,
        `berth:services.proxy: nginx has this name, by berth:sites; choose another`,
    ]);
});

test.each([
    ["names", ["Example.com"], /small letters/],
    ["names", ["a b; return 200"], /small letters/],
    ["timeout", "1h", /write it as "30s" or "5m"/],
    ["maxBody", "2 GB", /write it as "512k" or "10m"/],
    ["rateLimit", { perSecond: 0 }, /from 1 to/],
    ["redirect", "https://x/;evil", /not a URL/],
    ["basicAuth", { "a:b": "PW" }, /not a user's name/],
    ["paths", { "/a;b": { service: "app" } }, /not a path/],
    ["websocket", "yes", /write true or false/],
])("%s: %j is refused, by what is allowed", (key, value, message) => {
    const errors = errorsOf({ default: { service: "app", [key]: value } });
    expect(errors).toEqual([expect.stringMatching(message)]);
});

test("ACME wants an account, names, and a certificate that vouches for a server of one's own", () => {
    fs.writeFileSync(path.join(directory, "no.pem"), "nothing");
    const sites = {
        default: { service: "app", tls: { acme: true } },
        "a.example": { service: "app", tls: { acme: true, key: "KEY" } },
        "b.example": { service: "app", names: ["*.b.example"], tls: { acme: true } },
        "c.example": { service: "app", tls: { key: "KEY" } },
        "d.example": { service: "app", tls: { key: "KEY", certificate: "GONE" } },
    };
    expect(errorsOf(sites, { secrets: { KEY: "x" } })).toEqual([
        "berth:sites.default.tls: a certificate is for names; write the site's names",
        `berth:sites["a.example"].tls: it has acme and a certificate; keep one of the two`,
        `berth:sites["b.example"].tls: *.b.example: ACME over HTTP has no certificates for all below a name; write each`,
        `berth:sites["c.example"].tls: write certificate and key, the names of entries of berth:secrets, or acme: true`,
        expect.stringMatching(/^berth:sites\["d.example"\].tls.certificate: there is no secret GONE; .*config set/),
        "berth:sites.default.tls.acme: the account is missing; write berth:proxy.acme.email",
    ]);
    const site = { "a.example": { service: "app", tls: { acme: true } } };
    const caError = (ca: string) => errorsOf(site, { proxy: { acme: { email: "me@a.example", ca } } });
    expect(caError("no.pem")).toEqual([expect.stringMatching(/^berth:proxy.acme.ca: no.pem is no certificate/)]);
    expect(caError("gone.pem")).toEqual(["berth:proxy.acme.ca: there is no readable file gone.pem"]);
    expect(errorsOf(site, { proxy: { acme: { email: "me", server: "http://x" } } })).toHaveLength(2);
});

test.each(["10.0.0.5/24", "10.9.0.0/30", "10.9.0.0", "0.0.0.0/0", "fd00::/64", "10.9/16"])(
    "the range %s is refused: it is none, or has no room",
    (subnet) => {
        const errors = errorsOf({ default: { service: "app" } }, { proxy: { subnet } });
        expect(errors).toEqual([expect.stringMatching(/^berth:proxy\.subnet: .*write one such as 10\.213\.7\.0\/24$/)]);
    },
);

test("ports that meet are called as a person has written them", () => {
    const tls = { certificate: "X", key: "X" };
    expect(errorsOf({ default: { service: "app" } }, { proxy: { port: 9000 } })).toEqual([
        "berth:services.both.ports[0]: port 9000 of the host is used by berth:proxy.port too; choose another",
    ]);
    const both = errorsOf(
        { default: { service: "app", tls } },
        { proxy: { port: 81, httpsPort: 81 }, secrets: { X: "x" } },
    );
    expect(both).toContain(
        "berth:proxy.httpsPort: port 81 of the host is used by berth:proxy.port too; choose another",
    );
});

test("an nginx that loses requests at a switch is warned of in the plan", () => {
    const warnings = (image: string) => configOf({ default: { service: "app" } }, { proxy: { image } }).warnings;
    for (const image of ["nginx:1.26", "nginx:1.27.3-alpine", "registry.example/nginx:1.20.1"])
        expect(warnings(image)).toEqual([expect.stringContaining("nginx 1.27.4 and newer does not")]);
    for (const image of ["nginx:1.30", "nginx:1.27.4", "nginx:1.28-alpine", "nginx:latest", "nginx:stable"])
        expect(warnings(image)).toEqual([]);
});
