import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseConfig } from "../../components/config";
import { NginxProxy } from "../../components/proxy";
import { passwordFile } from "../../components/proxy/passwords";
import { ServiceGroup } from "../../components/services";
import type { ContainerOutputs } from "../../components/services/addresses";
import { labels, localEngine } from "./engine";
import { inputsOf, isSecret, names, registered, reset, settle, unwrap } from "./mocks";

const services = {
    app: { image: "me/app:1", expose: ["8080"], deploy: { replicas: 2 } },
    api: { image: "me/api:1", expose: ["9000"] },
    db: { image: "redis" },
};
let directory: string;
beforeAll(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "berth-proxy-"));
    fs.mkdirSync(path.join(directory, "www"));
    fs.writeFileSync(path.join(directory, "www/index.html"), "<p>static</p>");
});
afterAll(() => fs.rmSync(directory, { recursive: true }));

interface Given {
    sites?: Record<string, unknown>;
    proxy?: Record<string, unknown>;
    services?: Record<string, unknown>;
    /** The containers in the state. */
    containers?: Map<string, ContainerOutputs>;
}

async function build(given: Given) {
    reset();
    const values = { host: { kind: "local" }, services, proxy: {}, secrets: { PW: "hunter2" }, ...given };
    const { containers, ...texts } = values;
    const raw = Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, JSON.stringify(value)]));
    const read = parseConfig(raw, {
        directory,
        environment: {},
        secretKeys: ["berth:secrets"],
        projectName: "berth-test",
    });
    if ("errors" in read) throw new Error(read.errors.join("\n"));
    const { project, proxy } = read.config;
    const engine = localEngine();
    const shared = { engine, prefix: "berth-test", project };
    const group = new ServiceGroup("services", { ...shared, labels, protectVolumes: true, containers });
    if (proxy) new NginxProxy("sites", { ...shared, services: group, ...proxy });
    await settle();
    return { project, sites: String(unwrap(inputsOf("sites").stdin)) };
}

const containerOf = (service: string) =>
    names().filter((name) => new RegExp(`^${service}(-2)?-[0-9a-f]{8}$`).test(name));
const addressOf = (name: string) =>
    (inputsOf(name).networksAdvanced as { name: string; ipv4Address?: string }[]).find(({ name: network }) =>
        network.endsWith("berth-proxy"),
    )?.ipv4Address;

test("a service behind nginx has an address that the plan knows, and nginx leads there", async () => {
    const { sites, project } = await build({ sites: { default: { service: "app" } } });
    const range = /^(.*)\.0\/24$/.exec(project.networks["berth-proxy"]?.ipam?.config[0]?.subnet ?? "")?.[1] ?? "";
    const [first = "", second = ""] = containerOf("app");
    expect([addressOf("proxy"), addressOf(first), addressOf(second)]).toEqual([2, 3, 4].map((n) => `${range}.${n}`));
    expect(sites).toContain(
        `upstream app_8080 {\n    server ${range}.3:8080 max_fails=2 fail_timeout=5s;\n` +
            `    server ${range}.4:8080 max_fails=2 fail_timeout=5s;\n`,
    );
    expect(sites).toContain("container berth-test-proxy\ndrain 60\n");
    expect(inputsOf("network-berth-proxy")).toMatchObject({ internal: true });
    expect(inputsOf("db").networksAdvanced).toEqual([expect.objectContaining({ name: "berth-test_default" })]);
});

test("a container of another version gets another address, and the one that is there keeps its own", async () => {
    await build({ sites: { default: { service: "api" } } });
    const [before = ""] = containerOf("api");
    const networkDatas = [{ networkName: "berth-test_berth-proxy", ipAddress: addressOf(before) ?? "" }];
    const containers = new Map([[before, { name: `berth-test-${before}`, networkDatas }]]);
    const newer = { ...services, api: { image: "me/api:2", expose: ["9000"] } };
    await build({ sites: { default: { service: "api" } }, services: newer, containers });
    const [after = ""] = containerOf("api");
    expect(after).not.toBe(before);
    expect(addressOf(after)).not.toBe(networkDatas[0]?.ipAddress);
    await build({ sites: { default: { service: "api" } }, containers });
    expect(addressOf(before)).toBe(networkDatas[0]?.ipAddress);
});

test("a service without a health check is asked at the port that nginx leads to", async () => {
    await build({ sites: { default: { service: "app" } } });
    const [first = ""] = containerOf("app");
    expect(inputsOf(`${first}-gate`).create).toMatch(new RegExp(`service tcp://${addressOf(first)}:8080$`));
    expect(inputsOf("db-gate").create).not.toContain("tcp:");
});

test("a service without containers has a site that says so", async () => {
    const none = { ...services, api: { image: "me/api:1", expose: ["9000"], scale: 0 } };
    const { sites } = await build({ sites: { default: { service: "api" } }, services: none });
    expect(sites).toContain("upstream api_9000 {\n    server 127.0.0.1:9000 down;\n");
});

test("sites change without nginx, its container or its command", async () => {
    const ask = async (given: Given) => {
        await build(given);
        const { create, triggers, stdin } = inputsOf("sites");
        return { nginx: inputsOf("proxy"), command: [create, triggers], stdin: String(unwrap(stdin)) };
    };
    const one = await ask({ sites: { default: { service: "app" } } });
    const two = await ask({
        sites: { default: { service: "app" }, "b.example": { service: "app" } },
        proxy: { drain: "5m" },
    });
    expect(two.nginx).toEqual(one.nginx);
    expect(two.command).toEqual(one.command);
    expect(two.stdin).not.toBe(one.stdin);
});

test("the switch comes after every gate, and dies with the host", async () => {
    await build({ sites: { default: { service: "app" } } });
    const { create, delete: gone } = inputsOf("sites");
    expect(create).toMatch(
        /^sudo -n bash --norc -c '#!.*' switch-sites switch \/var\/lib\/docker\/berth\/berth-test\/proxy$/s,
    );
    expect(gone).toMatch(/ switch-sites remove \/var\/lib\/docker\/berth\/berth-test\/proxy$/);
    const order = names();
    for (const gate of order.filter((name) => name.endsWith("-gate")))
        expect(order.indexOf(gate)).toBeLessThan(order.lastIndexOf("sites"));
});

test("passwords reach nginx as hashes, by a file that only the host names", async () => {
    const { sites } = await build({ sites: { default: { service: "app", basicAuth: { me: "PW" } } } });
    const payload = inputsOf("sites-secrets").stdin;
    expect(isSecret(payload)).toBe(true);
    const [, , , content = ""] = String(unwrap(payload)).trim().split(" ");
    expect(Buffer.from(content, "base64").toString()).toMatch(/^me:\{SSHA\}[A-Za-z0-9+/=]+\n$/);
    expect(sites).toMatch(/^secret \S+\/0 (secret\/users-[0-9a-f]{12})\n[^]*auth_basic_user_file @release\/\1;/);
    expect(sites).not.toContain("hunter2");
    expect(isSecret(inputsOf("sites").stdin)).toBe(false);
});

test("passwords of the same text are another line for another user, and the same each time", () => {
    const file = passwordFile({ a: "same", b: "same" });
    const [a = "", b = ""] = file
        .trim()
        .split("\n")
        .map((line) => line.slice(2));
    expect(a).not.toBe(b);
    expect(passwordFile({ a: "same", b: "same" })).toBe(file);
});

test("sites with a certificate from ACME are asked for it after they are served, and only they", async () => {
    await build({ sites: { "a.example": { service: "app" } } });
    expect(names()).not.toContain("sites-certificates");
    const { sites } = await build({
        sites: { "a.example": { service: "app" }, "b.example": { service: "app", tls: { acme: true } } },
        proxy: { acme: { email: "me@b.example" }, httpsPort: 8443 },
    });
    const { stdin, create } = inputsOf("sites-certificates");
    expect(stdin).toMatch(
        /^image goacme\/lego:\S+\nserver https:\/\/acme-v02\.api\.letsencrypt\.org\/directory\nemail me@b\.example\ncertificate [0-9a-f]{12} b\.example\n$/,
    );
    expect(create).toMatch(/ renew-certificates install berth-test \/var\/lib\/docker\/berth\/berth-test\/proxy$/);
    const name = /certificate (\S+)/.exec(String(stdin))?.[1];
    expect(sites).toContain(`ssl_certificate $berth_acme/${name}.crt;`);
    expect(sites).toContain(`if (-f $berth_acme/${name}.crt) { return 301 https://$host:8443$request_uri; }`);
    expect((inputsOf("proxy").ports as { external: number }[]).map(({ external }) => external)).toContain(8443);
});

test("a folder of the project is brought to the host and served", async () => {
    const { sites } = await build({ sites: { default: { service: "app", paths: { "/www/": { files: "./www" } } } } });
    const name = /^static \/var\/lib\/docker\/berth\/berth-test\/content\/\S+\/www ([0-9a-f]{12})\n/.exec(sites)?.[1];
    expect(sites).toContain(
        `    location /www/ {\n        client_max_body_size 1m;\n        alias @release/static/${name}/;\n    }\n`,
    );
    expect(registered().some(({ type }) => type === "command:remote:CopyToRemote")).toBe(true);
});

test("without sites, a page says what is deployed; with sites, no name but theirs says anything", async () => {
    fs.mkdirSync(path.join(directory, "built"));
    fs.writeFileSync(path.join(directory, "built/Dockerfile"), "FROM busybox\n");
    const page = await build({ services: { ...services, own: { build: "./built" } } });
    expect(page.sites).toMatch(/<td>own<\/td><td>berth-test-own:[0-9a-f]{12}<\/td>/);
    expect(page.sites).toContain("==> pages/deployed.html\n");
    expect(page.sites).toContain("<td>me/app:1</td>");
    expect(page.sites).not.toContain("<td>nginx");
    const { sites } = await build({ sites: { "a.example": { service: "app" } } });
    expect(sites).not.toContain("deployed.html");
    expect(sites).toContain("    listen 80 default_server;\n    server_name _;\n    return 404;\n");
});

test("each key of a site is what nginx is told", async () => {
    const { sites } = await build({
        sites: {
            "a.example": {
                service: "app",
                names: ["a.example", "*.a.example"],
                websocket: true,
                timeout: "2m",
                maxBody: "10m",
                rateLimit: { perSecond: 5, burst: 7 },
                gzip: false,
                securityHeaders: false,
                directives: "add_header X-More yes;\n",
            },
            "old.example": { redirect: "https://a.example" },
            "closed.example": { service: "api", maintenance: true },
        },
        proxy: { realIpFrom: ["10.0.0.0/8"], drain: "90s" },
    });
    for (const text of [
        "server_name a.example *.a.example;",
        "gzip off;",
        "    add_header X-More yes;\n",
        "client_max_body_size 10m;",
        "proxy_read_timeout 120s;",
        "proxy_set_header Upgrade $http_upgrade;",
        "rate=5r/s;",
        "burst=7 nodelay;",
        "return 301 https://a.example$request_uri;",
        "location / { return 503; }",
        "set_real_ip_from 10.0.0.0/8;",
        "real_ip_header X-Forwarded-For;",
        "worker_shutdown_timeout 90s;",
    ])
        expect(sites).toContain(text);
    const [, own = "", closed = ""] = sites.split("server_name ").slice(1);
    expect(own).not.toContain("X-Frame-Options");
    expect(closed).toContain("X-Frame-Options");
    expect(closed).not.toContain("proxy_pass");
});
