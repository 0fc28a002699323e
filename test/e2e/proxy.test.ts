import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { type Question, ask } from "../hosts/ask";
import { Load } from "../hosts/load";
import { Stack, docker, errorOf, expectSuccess, freePort, root, run, until } from "../hosts/project";

jest.setTimeout(15 * 60_000);

/** nginx that answers with its own name and what it is told of the client. */
const app = (text: string) => ({
    image: "nginx:1.30",
    expose: ["8080"],
    restart: "unless-stopped",
    configs: [{ source: text, target: "/etc/nginx/conf.d/default.conf" }],
});
const appConf = (text: string) =>
    `server { listen 8080; location / { return 200 "${text} $$hostname $$http_x_forwarded_for $$http_x_forwarded_proto"; } }`;
/** Answers one request for a websocket at a time, and sends back what comes on it. */
const ECHO = `while nc -l -p 9000 -e /answer.sh; do :; done`;
const ANSWER = `#!/bin/sh
while read -r line && [ "$$line" != "$$(printf '\\r')" ]; do
    case $$line in Upgrade:*) upgrade=yes ;; esac
done
[ "$$upgrade" ] && printf 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n' && exec cat
printf 'HTTP/1.1 400 Bad Request\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n'
`;

let folder: string;
let stack: Stack;
let port: number;
let httpsPort: number;
const to = (host: string, question?: Question) => ask(port, host, question);
const onHost = async (...words: string[]) => (await docker("exec", stack.prefix, ...words)).trim();
const nginxId = () => onHost("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", `${stack.prefix}-proxy`);
const change = (sites: Record<string, unknown>) =>
    stack.edit((config) => (config["berth:sites"] = { ...(config["berth:sites"] as object), ...sites }));

beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-proxy-"));
    fs.mkdirSync(path.join(folder, "www"));
    fs.writeFileSync(path.join(folder, "www/index.html"), "<p>static</p>\n");
    port = await freePort();
    httpsPort = await freePort();
    const answer = { content: ANSWER };
    stack = new Stack(
        {
            "berth:host": { kind: "local" },
            "berth:services": {
                app: { ...app("one"), deploy: { replicas: 2 } },
                other: app("other"),
                echo: {
                    image: "busybox:1.37",
                    init: true,
                    command: ["sh", "-c", ECHO],
                    restart: "unless-stopped",
                    expose: ["9000"],
                    configs: [{ source: "answer", target: "/answer.sh", mode: 0o555 }],
                },
            },
            "berth:configs": { one: { content: appConf("one") }, other: { content: appConf("other") }, answer },
            "berth:proxy": { port, httpsPort },
        },
        "proxy",
    );
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
    fs.rmSync(folder, { recursive: true });
});

test("without a site, a page says what is deployed", async () => {
    const { all } = await stack.mustUp();
    expect(all.trimEnd().split("\n").at(-1)).toBe(`http://127.0.0.1:${port}`);
    const { status, body } = await to("whatever.test");
    expect(status).toBe(200);
    const text = body.replace(/<style>[^]*<\/style>|<[^>]+>/g, " ").replace(/\s+/g, " ");
    const since = /\d{4}-\d\d-\d\d \d\d:\d\d UTC/.source;
    expect(text).toMatch(
        new RegExp(`app nginx:1\\.30 ${since} ${since} echo busybox:1\\.37 ${since} other nginx:1\\.30 ${since}`),
    );
    expect(body).not.toContain("<script");
});

test("each site is what the config says, and nginx runs on", async () => {
    const before = await nginxId();
    change({
        "app.test": { service: "app", paths: { "/www/": { files: path.relative(root, path.join(folder, "www")) } } },
        "other.test": {
            service: "other",
            names: ["other.test", "*.other.test"],
            rateLimit: { perSecond: 1, burst: 1 },
        },
        "echo.test": { service: "echo", websocket: true },
        "old.test": { redirect: "https://new.test" },
        "shut.test": { service: "other", maintenance: true },
    });
    await stack.mustUp();
    expect(await nginxId()).toBe(before);
    const answers = await Promise.all([1, 2, 3, 4].map(() => to("app.test")));
    const hostnames = new Set(answers.map(({ body }) => body.split(" ")[1]));
    expect([answers[0]?.status, hostnames.size]).toEqual([200, 2]);
    expect(answers[0]?.headers).toMatchObject({ "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN" });
    const forged = await to("a.other.test", {
        headers: { "X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https" },
    });
    expect(forged.body).toMatch(/^other \S+ (?!1\.2\.3\.4)[\d.]+ http$/);
    expect(await to("app.test", { path: "/www/" })).toMatchObject({ status: 200, body: "<p>static</p>\n" });
    expect(await to("old.test", { path: "/a?b=c" })).toMatchObject({
        status: 301,
        headers: { location: "https://new.test/a?b=c" },
    });
    const shut = await to("shut.test");
    expect([shut.status, shut.headers["retry-after"]]).toEqual([503, "60"]);
    expect(shut.body).toContain("Down for maintenance");
    expect((await to("nobody.test")).status).toBe(404);
    const many = await Promise.all(Array.from({ length: 6 }, () => to("other.test")));
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200, 429]));
    expect(await echo("hello")).toBe("hello");
});

/** What a websocket sends back. */
function echo(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
        let received = "";
        const socket = net.connect(port, "127.0.0.1", () =>
            socket.write("GET / HTTP/1.1\r\nHost: echo.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
        );
        socket.setTimeout(30_000, () => socket.destroy(new Error(`no echo: ${received}`)));
        socket.on("error", reject);
        socket.on("data", (chunk: Buffer) => {
            const upgraded = received.includes("\r\n\r\n");
            received += chunk.toString();
            if (!upgraded && received.includes("101 Switching Protocols")) socket.write(text);
            if (received.endsWith(`\r\n\r\n${text}`)) {
                socket.destroy();
                resolve(text);
            }
        });
        socket.on("close", () => reject(new Error(`closed after: ${received}`)));
    });
}

test("nothing changes on a second up, nor after a refresh", () => stack.expectUnchanged());

test("a service that is down costs its own site a page, and a replica that dies costs nothing", async () => {
    const running = await onHost("docker", "ps", "--format", "{{.Names}}");
    const [other = ""] = running.split("\n").filter((name) => name.includes("-other-"));
    const [replica = ""] = running.split("\n").filter((name) => name.includes("-app-2-"));
    await onHost("docker", "stop", "--time", "0", other);
    const down = await to("a.other.test");
    expect([down.status, down.body.includes("This site is not available")]).toEqual([502, true]);
    const load = new Load({ port, host: "app.test", clients: 4, connections: "close", pause: 20 });
    await until("clients are served", () => load.ok > 20);
    await onHost("docker", "kill", replica);
    const after = load.ok;
    await until("clients are served on", () => load.ok > after + 100);
    expect((await load.stop()).failed).toEqual([]);
    await onHost("docker", "start", other, replica);
    await until("the site is back", async () => (await to("a.other.test")).status !== 502);
});

test("after a reboot of the host every site answers again", async () => {
    await docker("restart", stack.prefix);
    for (const site of ["app.test", "a.other.test"]) {
        await until(`${site} answers`, async () => (await to(site).catch(() => undefined))?.status === 200);
    }
    expect(await stack.drift()).toEqual([]);
});

test("what nginx rejects leaves the old sites, fails again, and the next good one heals", async () => {
    change({ "app.test": { service: "app", directives: "nonsense on;" }, "new.test": { service: "app" } });
    for (let time = 0; time < 2; time++) {
        const error = errorOf(await stack.up());
        expect(error).toContain("nginx rejects the sites, and serves the old ones on:");
        expect(error).toMatch(/unknown directive "nonsense" in http\.conf:\d+\n.*\n\s+nonsense on;/);
        expect((await to("new.test")).status).toBe(404);
        expect((await to("app.test")).body).toMatch(/^one /);
    }
    change({ "app.test": { service: "app", directives: "add_header X-More yes;" } });
    await stack.mustUp();
    expect((await to("new.test")).status).toBe(200);
    expect((await to("app.test")).headers["x-more"]).toBe("yes");
});

test("passwords and certificates come from secrets, and stay there", async () => {
    const [certificate, key] = ["crt", "key"].map((end) => path.join(folder, `site.${end}`)) as [string, string];
    const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    const names = ["-subj", "/CN=app.test", "-addext", "subjectAltName=DNS:app.test"];
    execFileSync("openssl", [...request, ...names, "-keyout", key, "-out", certificate], { stdio: "pipe" });
    const ca = fs.readFileSync(certificate, "utf8");
    const set = async (name: string, value: string) => {
        const words = ["config", "set", "--secret", "--path", `berth:secrets.${name}`, "--stack", stack.name];
        expectSuccess(await run("./scripts/pulumi", words, { input: value }));
    };
    await set("PASSWORD", "hunter2-of-the-site");
    await set("CERTIFICATE", ca);
    await set("KEY", fs.readFileSync(key, "utf8"));
    change({
        "app.test": {
            service: "app",
            basicAuth: { me: "PASSWORD" },
            tls: { certificate: "CERTIFICATE", key: "KEY", hsts: true },
        },
    });
    const { all } = await stack.mustUp();
    expect(await to("app.test", { path: "/x" })).toMatchObject({
        status: 301,
        headers: { location: `https://app.test:${httpsPort}/x` },
    });
    const login = (password: string) => ({
        headers: { authorization: `Basic ${Buffer.from(`me:${password}`).toString("base64")}` },
        ca,
    });
    expect((await ask(httpsPort, "app.test", { ca })).status).toBe(401);
    expect((await ask(httpsPort, "app.test", login("wrong"))).status).toBe(401);
    const right = await ask(httpsPort, "app.test", login("hunter2-of-the-site"));
    expect([right.status, right.headers["strict-transport-security"]]).toEqual([200, "max-age=31536000"]);
    expect(right.body).toMatch(/ https$/);
    await expect(ask(httpsPort, "other.test", { ca })).rejects.toThrow(/alert|unrecognized|EPROTO|handshake/i);
    const state = (await stack.pulumi("stack", "export")).stdout;
    for (const text of [all, state]) {
        expect(text).not.toContain("hunter2-of-the-site");
        expect(text).not.toContain("BEGIN PRIVATE KEY");
    }
    expectSuccess(await stack.up("--expect-no-changes"));
});

test("without sites and proxy, nginx goes, and leaves nothing behind", async () => {
    stack.edit((config) => {
        delete config["berth:sites"];
        delete config["berth:proxy"];
    });
    await stack.mustUp();
    expect(await onHost("docker", "ps", "-a", "--format", "{{.Names}}")).not.toContain(`${stack.prefix}-proxy`);
    expect(await onHost("docker", "network", "ls", "--format", "{{.Name}}")).not.toContain("berth-proxy");
    expect(await onHost("find", `/var/lib/docker/berth/${stack.prefix}`, "-name", "proxy*")).toBe("");
});
