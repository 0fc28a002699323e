import * as http from "node:http";
import { type AddressInfo } from "node:net";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import type { BareServer } from "./bareServer";
import { docker } from "./project";

type Answer = { status?: number; body?: string };

/** A web server in front of the lab's apt repository, for servers in the lab's network: what it says can be falsified. */
export class AptMirror {
    url = "";
    /** Paths that were asked for, oldest first. */
    readonly asked: string[] = [];
    private readonly server: http.Server;
    private answers: Record<string, () => Answer> = {};

    private constructor(private readonly origin: string) {
        this.server = http.createServer((request, response) => void this.answer(request.url ?? "/", response));
    }

    static async start(internet: LabAnswer): Promise<AptMirror> {
        const name = new URL(internet.aptUrl).hostname;
        const where = `{{(index .NetworkSettings.Networks "${internet.network}").IPAddress}}`;
        const address = await docker("inspect", "--format", where, name);
        const mirror = new AptMirror(internet.aptUrl.replace(name, address));
        const gateway = await docker(
            ...["network", "inspect", "--format", "{{(index .IPAM.Config 0).Gateway}}", internet.network],
        );
        await new Promise<void>((resolve, reject) => {
            mirror.server.once("error", reject);
            mirror.server.listen(0, gateway, resolve);
        });
        mirror.url = `http://${gateway}:${(mirror.server.address() as AddressInfo).port}`;
        return mirror;
    }

    /** From now on the paths that end so have these answers; all others are the lab's. */
    says(answers: Record<string, (() => Answer) | Answer>): void {
        this.answers = Object.fromEntries(
            Object.entries(answers).map(([end, answer]) => [end, typeof answer === "function" ? answer : () => answer]),
        );
    }

    /** What the lab's repository has at a path. */
    async original(path: string): Promise<string> {
        return (await fetch(`${this.origin}${path}`)).text();
    }

    stop(): void {
        this.server.closeAllConnections();
        this.server.close();
    }

    private async answer(path: string, response: http.ServerResponse): Promise<void> {
        this.asked.push(path);
        const [, answer] = Object.entries(this.answers).find(([end]) => path.endsWith(end)) ?? [];
        try {
            const { status = 200, body } = answer?.() ?? {};
            if (status !== 200 || body !== undefined) {
                response.writeHead(status).end(body);
                return;
            }
            const original = await fetch(`${this.origin}${path}`);
            response.writeHead(original.status).end(Buffer.from(await original.arrayBuffer()));
        } catch (error) {
            response.writeHead(502).end(String(error));
        }
    }
}

/** A signing key of somebody else's, made on a server that has gpg. */
export class Signer {
    private constructor(
        private readonly server: BareServer,
        /** Its fingerprint, 40 hexadecimal digits. */
        readonly fingerprint: string,
        /** Its armoured public key. */
        readonly key: string,
    ) {}

    static async make(server: BareServer): Promise<Signer> {
        await server.mustRun("install -d -m 700 /root/signer");
        await server.mustRun(`${GPG} --passphrase '' --quick-gen-key other ed25519 sign never`);
        const list = await server.mustRun(`${GPG} --with-colons --fingerprint`);
        const [, fingerprint = ""] = /^fpr:+([0-9A-F]+):/m.exec(list) ?? [];
        return new Signer(server, fingerprint, `${await server.mustRun(`${GPG} --armor --export`)}\n`);
    }

    /** The text, signed in clear: an InRelease of a Release. */
    sign(text: string): Promise<string> {
        const encoded = Buffer.from(text).toString("base64");
        return this.server.mustRun(`base64 -d <<<'${encoded}' | ${GPG} --clearsign`);
    }
}

const GPG = "gpg --homedir /root/signer -q --batch --no-tty";
