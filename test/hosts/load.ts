import { once } from "node:events";
import * as net from "node:net";
import * as tls from "node:tls";

/** What clients saw. Times are in milliseconds. */
export interface Seen {
    ok: number;
    /** Requests that were not answered with 200, a line each. */
    failed: string[];
    /** Of each answer: when it was asked for, and how long it took. */
    answers: { at: number; took: number }[];
    /** How often each text came: the versions that answered. */
    bodies: Map<string, number>;
}

export interface LoadOptions {
    port: number;
    /** Default: `localhost` */
    host?: string;
    /** Default: `/` */
    path?: string;
    /** Asks by TLS, and believes these certificates, PEM. */
    ca?: string;
    clients: number;
    /** `close`: a connection for each request. `keep-alive`: one for all, until the server says that it ends. */
    connections: "close" | "keep-alive";
    /** Between an answer and the next request of the same client, in milliseconds: the load is bounded. */
    pause: number;
}

/** Clients that ask 127.0.0.1 all the time and never ask twice, until they are told to stop. */
export class Load {
    private readonly seen: Seen = { ok: 0, failed: [], answers: [], bodies: new Map() };
    private readonly clients: Promise<void>[];
    private stopping = false;

    constructor(private readonly options: LoadOptions) {
        this.clients = Array.from({ length: options.clients }, () => this.client());
    }

    /** How many requests were answered well so far. */
    get ok(): number {
        return this.seen.ok;
    }

    async stop(): Promise<Seen> {
        this.stopping = true;
        await Promise.all(this.clients);
        return this.seen;
    }

    private async client(): Promise<void> {
        let connection: Connection | undefined;
        while (!this.stopping) {
            const at = Date.now();
            const began = performance.now();
            const isNew = connection === undefined;
            try {
                connection ??= await Connection.open(this.options);
                const answer = await connection.ask(this.options);
                this.note(answer, at, performance.now() - began);
                if (answer.isLast) {
                    connection.close();
                    connection = undefined;
                }
            } catch (error) {
                const when = new Date(at).toISOString();
                this.seen.failed.push(`${when} on ${isNew ? "a new" : "an open"} connection: ${String(error)}`);
                connection?.close();
                connection = undefined;
            }
            await new Promise((resolve) => setTimeout(resolve, this.options.pause));
        }
        connection?.close();
    }

    private note({ status, body }: Answer, at: number, took: number): void {
        if (status === 200) this.seen.ok++;
        else this.seen.failed.push(`${new Date(at).toISOString()}: ${status} ${body.slice(0, 80)}`);
        this.seen.answers.push({ at, took });
        this.seen.bodies.set(body, (this.seen.bodies.get(body) ?? 0) + 1);
    }
}

interface Answer {
    status: number;
    body: string;
    /** Whether the server ends the connection after it. */
    isLast: boolean;
}

class Connection {
    private received = Buffer.alloc(0);
    private ended?: Error;
    /** Called when something has come, or the end. */
    private wake: () => void = () => undefined;

    private constructor(private readonly socket: net.Socket) {
        socket.setNoDelay(true);
        socket.on("data", (chunk) => {
            this.received = Buffer.concat([this.received, chunk]);
            this.wake();
        });
        socket.on("error", (error) => (this.ended ??= error));
        socket.on("close", () => {
            this.ended ??= new Error("closed before an answer");
            this.wake();
        });
    }

    static async open({ port, host = "localhost", ca }: LoadOptions): Promise<Connection> {
        const at = { port, host: "127.0.0.1" };
        const socket = ca === undefined ? net.connect(at) : tls.connect({ ...at, ca, servername: host });
        await once(socket, ca === undefined ? "connect" : "secureConnect");
        return new Connection(socket);
    }

    /** Sends one request and takes its answer. */
    async ask({ host = "localhost", path = "/", connections }: LoadOptions): Promise<Answer> {
        const close = connections === "close" ? "Connection: close\r\n" : "";
        this.socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${close}\r\n`);
        for (;;) {
            const answer = this.take();
            if (answer) return answer;
            if (this.ended) throw this.ended;
            await new Promise<void>((resolve) => (this.wake = resolve));
        }
    }

    close(): void {
        this.socket.destroy();
    }

    /** The answer, once all of it is there. */
    private take(): Answer | undefined {
        const end = this.received.indexOf("\r\n\r\n");
        if (end < 0) return undefined;
        const head = this.received.subarray(0, end).toString("latin1");
        const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? NaN);
        if (Number.isNaN(length)) throw new Error(`no length in ${head}`);
        if (this.received.length < end + 4 + length) return undefined;
        const body = this.received.subarray(end + 4, end + 4 + length).toString();
        this.received = this.received.subarray(end + 4 + length);
        return { status: Number(head.split(" ")[1]), body, isLast: /^connection: *close/im.test(head) };
    }
}

/** The time within which that part of the answers came, in milliseconds. */
export function percentile(answers: Seen["answers"], part: number): number {
    const times = answers.map(({ took }) => took).sort((a, b) => a - b);
    return times[Math.max(0, Math.ceil(times.length * part) - 1)] ?? NaN;
}
