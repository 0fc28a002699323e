import * as path from "node:path";
import * as tls from "node:tls";
import { ask } from "../hosts/ask";
import { Load } from "../hosts/load";
import { Pebble } from "../hosts/pebble";
import { Stack, docker, errorOf, freePort, root } from "../hosts/project";

jest.setTimeout(10 * 60_000);

let stack: Stack;
let pebble: Pebble;
let port: number;
let httpsPort: number;
let issuer: string;

beforeAll(async () => {
    port = await freePort();
    httpsPort = await freePort();
    stack = new Stack(
        {
            "berth:host": { kind: "local" },
            "berth:services": { web: { image: "nginx:1.30", expose: ["80"] } },
            "berth:sites": { "app.test": { service: "web" }, "plain.test": { service: "web" } },
            "berth:proxy": { port, httpsPort },
        },
        "acme",
    );
});
afterAll(async () => {
    await pebble?.stop();
    await stack.down();
    await stack.forget();
});

const onHost = async (...words: string[]) => (await docker("exec", stack.prefix, ...words)).trim();
const setSite = (name: string, site: Record<string, unknown>) =>
    stack.edit((config) => (config["berth:sites"] = { ...(config["berth:sites"] as object), [name]: site }));

/** The certificate that a name is answered with, once it is believed. */
function certificateOf(name: string): Promise<tls.PeerCertificate> {
    return new Promise((resolve, reject) => {
        const socket = tls.connect({ host: "127.0.0.1", port: httpsPort, servername: name, ca: issuer }, () => {
            resolve(socket.getPeerCertificate());
            socket.destroy();
        });
        socket.on("error", reject);
    });
}

test("a certificate is issued for a site, after the service has asked it", async () => {
    await stack.mustUp();
    const address = await docker(
        ...["inspect", "--format", '{{(index .NetworkSettings.Networks "berth-lab").IPAddress}}', stack.prefix],
    );
    pebble = await Pebble.start(address, port);
    issuer = await pebble.issuer();
    setSite("app.test", { service: "web", names: ["app.test", "www.app.test"], tls: { acme: true } });
    stack.edit((config) => {
        const acme = {
            email: "me@app.test",
            server: Pebble.server,
            ca: path.relative(root, pebble.rootFile),
            image: "goacme/lego:v4",
        };
        config["berth:proxy"] = { port, httpsPort, acme };
    });
    await stack.mustUp();
    const { subjectaltname } = await certificateOf("app.test");
    expect(subjectaltname).toBe("DNS:app.test, DNS:www.app.test");
    expect((await ask(httpsPort, "www.app.test", { ca: issuer })).status).toBe(200);
    const plain = await ask(port, "app.test", { path: "/x" });
    expect([plain.status, plain.headers.location]).toEqual([301, `https://app.test:${httpsPort}/x`]);
    expect((await ask(port, "plain.test")).status).toBe(200);
});

test("nothing changes on a second up, nor after a refresh", async () => {
    await stack.expectUnchanged();
});

test("a certificate is renewed without a lost request", async () => {
    const before = await certificateOf("app.test");
    const shared = { port: httpsPort, host: "app.test", ca: issuer, clients: 4, pause: 20 };
    const loads = (["close", "keep-alive"] as const).map((connections) => new Load({ ...shared, connections }));
    const unit = `berth-certificates-${stack.prefix}`;
    const folder = `/var/lib/docker/berth/${stack.prefix}/proxy/acme`;
    await onHost("/usr/local/lib/berth/renew-certificates", folder, "--force");
    const after = await certificateOf("app.test");
    const seen = await Promise.all(loads.map((load) => load.stop()));
    expect(seen.flatMap(({ failed }) => failed)).toEqual([]);
    expect(Math.min(...seen.map(({ ok }) => ok))).toBeGreaterThan(20);
    expect(after.serialNumber).not.toBe(before.serialNumber);
    // By itself it is renewed when it ends soon, which it does not.
    await onHost("systemctl", "start", `${unit}.service`);
    expect((await certificateOf("app.test")).serialNumber).toBe(after.serialNumber);
    expect(await onHost("systemctl", "show", "-P", "ActiveState", `${unit}.timer`)).toBe("active");
});

test("a name that the service does not believe fails with what it says; the others stay", async () => {
    setSite(Pebble.refused, { service: "web", tls: { acme: true } });
    const error = errorOf(await stack.up());
    expect(error).toMatch(/refused\.example: no certificate from https:\/\/pebble:14000\/dir/);
    expect(error).toMatch(/rejectedIdentifier|policy/);
    expect((await ask(port, Pebble.refused)).status).toBe(200);
    expect((await ask(httpsPort, "app.test", { ca: issuer })).status).toBe(200);
});

test("without the sites, the timer and the files go", async () => {
    stack.edit((config) => (config["berth:sites"] = { "plain.test": { service: "web" } }));
    await stack.mustUp();
    expect(await onHost("find", "/etc/systemd/system", "-name", "berth-certificates-*")).toBe("");
    expect(await onHost("ls", `/var/lib/docker/berth/${stack.prefix}/proxy`)).not.toContain("acme");
});
