import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { setTimeout } from "node:timers/promises";
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { userError } from "../userError";

type ConnectionArgs = types.input.remote.ConnectionArgs;
/** Where a server is, and by which keys it and its client are known. */
export interface SshServer {
    host: string;
    port?: number;
    user?: string;
    privateKey?: string;
    hostKey?: string;
    proxy?: SshServer;
}

/** Milliseconds between two attempts, and for one handshake. */
const PAUSE = 3000;
const HANDSHAKE = 10_000;
/** Milliseconds until a host that does not let us in is given up: as long as a machine takes that boots. */
const PATIENCE = 200_000;

/** The waiting for each host goes on once a run, however many commands want it. */
const waiting = new Map<string, Promise<void>>();

/**
 * Has a command on a host behind a jump host wait until both let us in: the plugin gives up on the first handshake that
 * fails there. Nothing where no jump host is.
 */
export function whenLetIn(
    name: string,
    connection: pulumi.Input<ConnectionArgs>,
): pulumi.ResourceHookBinding | undefined {
    if (!("proxy" in connection) || connection.proxy === undefined) return undefined;
    const known = new Promise<SshServer>((resolve) => {
        pulumi.output(connection).apply((server) => resolve(server as SshServer));
    });
    const hook = new pulumi.ResourceHook(`${name}-let-in`, async () => waitOnce(await known));
    return { beforeCreate: [hook], beforeUpdate: [hook] };
}

function waitOnce(server: SshServer): Promise<void> {
    const key = JSON.stringify([server.user, server.host, server.port, server.proxy?.host, server.proxy?.port]);
    const promise = waiting.get(key) ?? waitFor(server);
    waiting.set(key, promise);
    return promise;
}

/**
 * Waits until a host, and its jump host before it, let us in.
 *
 * @throws an error for people: why they do not, after the last attempt, or at once where one shows another key
 */
export async function waitFor(server: SshServer, times: Times = { patience: PATIENCE, pause: PAUSE }): Promise<void> {
    const end = Date.now() + times.patience;
    for (;;) {
        try {
            return await logIn(server, times.handshake ?? HANDSHAKE);
        } catch (error) {
            if (!(error instanceof Error)) throw error;
            if (error instanceof WrongKey || Date.now() >= end) {
                throw userError(`${server.host} cannot be reached through its jump host: ${error.message}`);
            }
            await setTimeout(times.pause);
        }
    }
}

/** In milliseconds. */
interface Times {
    patience: number;
    pause: number;
    /** Default: 10,000 */
    handshake?: number;
}

class WrongKey extends Error {}

/** Logs in, and out again. */
async function logIn(server: SshServer, handshake: number): Promise<void> {
    if (!server.proxy) {
        (await connected(server)).end();
        return;
    }
    const jump = await connected(server.proxy);
    try {
        (await connected(server, await channelTo(server, jump, handshake))).end();
    } finally {
        jump.end();
    }
}

/** @throws an error where the jump host has no answer: what lies behind it may drop packets */
function channelTo({ host, port = 22 }: SshServer, jump: Client, handshake: number): Promise<ConnectConfig["sock"]> {
    return new Promise((resolve, reject) => {
        const late = `${host}:${port}: no answer through the jump host within ${handshake / 1000} s`;
        const timer = globalThis.setTimeout(() => reject(new Error(late)), handshake);
        jump.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
            clearTimeout(timer);
            if (error) reject(error);
            else resolve(channel);
        });
    });
}

function connected(server: SshServer, sock?: ConnectConfig["sock"]): Promise<Client> {
    const { host, port = 22, user: username = "root", privateKey, hostKey } = server;
    const [type, pinned] = hostKey?.split(" ") ?? [];
    const client = new Client();
    return new Promise((resolve, reject) => {
        client.on("ready", () => resolve(client));
        client.on("error", (error) => reject(new Error(`${username}@${host}:${port}: ${error.message}`)));
        client.on("close", () => reject(new Error(`${username}@${host}:${port}: it hung up`)));
        const hostVerifier = (shown: Buffer) => {
            const isPinned = pinned === undefined || shown.toString("base64") === pinned;
            if (!isPinned) reject(new WrongKey(`${host}:${port} shows another host key than the pinned one`));
            return isPinned;
        };
        client.connect({
            host,
            port,
            username,
            privateKey,
            sock,
            hostVerifier,
            readyTimeout: HANDSHAKE,
            ...(type !== undefined && { algorithms: { serverHostKey: [type as ServerHostKeyAlgorithm] } }),
        });
    });
}
