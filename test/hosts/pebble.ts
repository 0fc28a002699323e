import * as fs from "node:fs";
import * as https from "node:https";
import * as path from "node:path";
import { execute, run } from "../../scripts/lib/commands";
import { findGo } from "../../scripts/lib/go";
import { cache } from "../../scripts/lib/paths";
import { docker, until } from "./project";

const MODULE = "github.com/letsencrypt/pebble/v2";
const VERSION = "v2.10.1";

/** Where the ACME server's programs and the certificate that vouches for it lie; built once. */
async function buildPebble(): Promise<string> {
    const folder = path.join(cache, `pebble-${VERSION}`);
    if (fs.existsSync(path.join(folder, "root.pem"))) return folder;
    const go = await findGo();
    const env = { GOBIN: folder, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };
    const commands = ["pebble", "pebble-challtestsrv"].map((name) => `${MODULE}/cmd/${name}@${VERSION}`);
    const { exitCode } = await execute(go, ["install", ...commands], { env, stdio: "inherit" });
    if (exitCode !== 0) throw new Error("Pebble was not built");
    const modules = await run(go, ["env", "GOMODCACHE"]);
    const certificates = path.join(modules, `${MODULE}@${VERSION}`, "test/certs");
    for (const [from, to] of [
        ["localhost/cert.pem", "cert.pem"],
        ["localhost/key.pem", "key.pem"],
        ["pebble.minica.pem", "root.pem"],
    ] as const) {
        fs.copyFileSync(path.join(certificates, from), path.join(folder, to));
        fs.chmodSync(path.join(folder, to), 0o644);
    }
    return folder;
}

/** Pebble, the ACME server for tests, in the lab's network. It believes a name only after it has asked it over HTTP. */
export class Pebble {
    /** A name that it issues nothing for. */
    static readonly refused = "refused.example";
    static readonly server = "https://pebble:14000/dir";
    private readonly container = `berth-e2e-pebble-${process.pid}`;

    private constructor(private readonly folder: string) {}

    /**
     * @param address of the machine that every name stands for
     * @param port at which it is asked
     */
    static async start(address: string, port: number): Promise<Pebble> {
        const pebble = new Pebble(await buildPebble());
        await pebble.run(address, port);
        return pebble;
    }

    /** The file that vouches for the server itself. */
    get rootFile(): string {
        return path.join(this.folder, "root.pem");
    }

    /** PEM: what vouches for the certificates that it issues. */
    issuer(): Promise<string> {
        return this.management("/roots/0");
    }

    async stop(): Promise<void> {
        await docker("rm", "-f", this.container);
    }

    private async run(address: string, port: number): Promise<void> {
        const config = {
            pebble: {
                listenAddress: "0.0.0.0:14000",
                managementListenAddress: "0.0.0.0:15000",
                certificate: "/pebble/cert.pem",
                privateKey: "/pebble/key.pem",
                httpPort: port,
                tlsPort: 443,
                ocspResponderURL: "",
                externalAccountBindingRequired: false,
                domainBlocklist: [Pebble.refused],
            },
        };
        const start =
            `printf '%s' "$CONFIG" >/tmp/config.json; ` +
            `/pebble/pebble-challtestsrv -defaultIPv4 ${address} -defaultIPv6 "" -http01 "" -https01 "" -tlsalpn01 "" -doh "" & ` +
            `exec /pebble/pebble -config /tmp/config.json -dnsserver 127.0.0.1:8053`;
        await docker(
            ...["run", "-d", "--name", this.container, "--network", "berth-lab", "--network-alias", "pebble"],
            ...["--volume", `${this.folder}:/pebble:ro`, "--publish", "127.0.0.1::15000"],
            ...["--env", "PEBBLE_VA_NOSLEEP=1", "--env", `CONFIG=${JSON.stringify(config)}`],
            ...["berth/base:trixie", "bash", "-c", start],
        );
        await until("Pebble answers", async () => (await this.issuer().catch(() => "")) !== "");
    }

    private async management(path: string): Promise<string> {
        const published = await docker("port", this.container, "15000/tcp");
        const port = Number(published.split(":").at(-1));
        const ca = fs.readFileSync(this.rootFile);
        return new Promise((resolve, reject) => {
            const request = https.get({ host: "127.0.0.1", port, path, ca, servername: "localhost" }, (response) => {
                let text = "";
                response.on("data", (chunk: Buffer) => (text += chunk.toString()));
                response.on("end", () => resolve(text));
            });
            request.on("error", reject);
        });
    }
}
