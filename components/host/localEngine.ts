import { execFile } from "node:child_process";
import * as dgram from "node:dgram";
import * as fs from "node:fs";
import * as http from "node:http";
import * as net from "node:net";
import { promisify } from "node:util";

/** What the engine's `GET /containers/json` says of one container, as far as it is used here. */
export interface EngineContainer {
    Names: string[];
    Labels: Record<string, string> | null;
    Ports: { IP?: string; PublicPort?: number; Type: string }[] | null;
}

/** A port of 127.0.0.1. */
export interface LocalPort {
    port: number;
    /** Default: tcp */
    protocol?: "tcp" | "udp";
}

export interface LocalEngineCheck {
    /** `unix:///…` */
    dockerHost: string;
    /** Ports of 127.0.0.1 that the stack is about to publish, with the place in the config that asks for each. */
    ports: (LocalPort & { place: string })[];
    /** Labels that the stack's own containers carry: what they hold is not in anybody's way. */
    labels: Record<string, string>;
}

/**
 * Looks, before anything is created, whether the local engine answers and whether the ports are free.
 *
 * @returns what is in the way, a sentence each, with its holder where that can be known
 */
export async function checkLocalEngine({ dockerHost, ports, labels }: LocalEngineCheck): Promise<string[]> {
    let containers: EngineContainer[];
    try {
        containers = await listContainers(dockerHost.replace(/^unix:\/\//, ""));
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return [
            `berth:host.dockerHost: no Docker engine answers at ${dockerHost} (${reason}); run ./scripts/up, which starts one`,
        ];
    }
    const problems: string[] = [];
    for (const { place, ...port } of ports) {
        const taken = `${place}: port ${port.protocol === "udp" ? `${port.port}/udp` : port.port} of this computer is taken`;
        const holder = holderAmongContainers(containers, port, labels);
        if (holder === "own") continue;
        if (holder) problems.push(`${taken} by the container ${holder}`);
        else if (await isTaken(port)) {
            const process = await holderProcess(port);
            problems.push(`${taken}${process ? ` by ${process}` : ""}`);
        }
    }
    return problems.map((p) => (p.includes(" is taken") ? `${p}; stop it, or choose another port` : p));
}

/** The container that publishes a port where 127.0.0.1 would meet it; "own" when it carries all the labels. */
export function holderAmongContainers(
    containers: EngineContainer[],
    { port, protocol = "tcp" }: LocalPort,
    labels: Record<string, string>,
) {
    const meets = (p: { IP?: string; PublicPort?: number; Type: string }) =>
        p.Type === protocol && p.PublicPort === port && ["127.0.0.1", "0.0.0.0", "::", "", undefined].includes(p.IP);
    const holder = containers.find((c) => c.Ports?.some(meets));
    if (!holder) return undefined;
    const own = Object.entries(labels).every(([label, value]) => holder.Labels?.[label] === value);
    return own ? "own" : (holder.Names[0]?.replace(/^\//, "") ?? "without a name");
}

function listContainers(socketPath: string): Promise<EngineContainer[]> {
    return new Promise((resolve, reject) => {
        const request = http.get({ socketPath, path: "/containers/json", timeout: 10_000 }, (response) => {
            let body = "";
            response.setEncoding("utf8");
            response.on("data", (chunk: string) => (body += chunk));
            response.on("end", () => {
                if (response.statusCode === 200) resolve(JSON.parse(body) as EngineContainer[]);
                else reject(new Error(`HTTP ${response.statusCode}`));
            });
        });
        request.on("timeout", () => request.destroy(new Error("no answer within 10 s")));
        request.on("error", reject);
    });
}

/** Whether somebody listens on the port of 127.0.0.1. Ports that only root may open are not "taken". */
function isTaken({ port, protocol }: LocalPort): Promise<boolean> {
    return new Promise((resolve, reject) => {
        const refused = (error: NodeJS.ErrnoException) => {
            if (error.code === "EADDRINUSE") resolve(true);
            else if (error.code === "EACCES") resolve(false);
            else reject(error);
        };
        if (protocol === "udp") {
            const socket = dgram.createSocket("udp4").once("error", refused);
            socket.bind({ address: "127.0.0.1", port, exclusive: true }, () => socket.close(() => resolve(false)));
        } else {
            const server = net.createServer().once("error", refused);
            server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(false)));
        }
    });
}

/** `nginx (pid 4711)`, where this computer has a command that tells. */
async function holderProcess({ port, protocol = "tcp" }: LocalPort): Promise<string | undefined> {
    const run = promisify(execFile);
    const ask = (command: string, args: string[]) =>
        run(command, args).then(
            ({ stdout }) => stdout,
            () => "", // not installed, or it may not see the process: the port is named all the same
        );
    const sockets = await ask("ss", [`-Hl${protocol === "udp" ? "u" : "t"}np`, `sport = :${port}`]);
    const ss = /users:\(\("([^"]+)",pid=(\d+)/.exec(sockets);
    if (ss) return `${ss[1]} (pid ${ss[2]})`;
    const listening = protocol === "udp" ? [`-iUDP:${port}`] : [`-iTCP:${port}`, "-sTCP:LISTEN"];
    const lsof = await ask("lsof", ["-nP", "-Fpc", ...listening]);
    const [pid, command] = [/^p(\d+)$/m.exec(lsof)?.[1], /^c(.+)$/m.exec(lsof)?.[1]];
    return pid && command ? `${command} (pid ${pid})` : undefined;
}

/** Linux capabilities by number, as far as an engine in a sandbox may lack them. */
const CAPABILITIES = [
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
];
const FIRST_CAPABILITY = 16; // CAP_SYS_MODULE in linux/capability.h

/**
 * The capabilities that are missing from a bounding set, in the provider's words. An engine in a sandbox cannot give
 * them to a container, and fails when asked to.
 *
 * @param status the text of /proc/self/status
 */
export function missingCapabilities(status: string): string[] {
    const hex = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1];
    if (!hex) return [];
    const set = BigInt(`0x${hex}`);
    return CAPABILITIES.filter((_, i) => ((set >> BigInt(FIRST_CAPABILITY + i)) & 1n) === 0n).map((c) => `CAP_${c}`);
}

/** Those of this computer; none where it is not Linux, since the engine then runs in a machine of its own. */
export function localMissingCapabilities(): string[] {
    return process.platform === "linux" ? missingCapabilities(fs.readFileSync("/proc/self/status", "utf8")) : [];
}
