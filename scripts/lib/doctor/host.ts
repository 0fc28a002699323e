import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { asRoot } from "../../../components/host/asRoot";
import { resolves } from "../commands";
import { dial } from "../dial";
import { describeOtherKey, otherKey } from "../hostKeys";
import type { NamedHost } from "../hosts";
import { overSsh } from "../overSsh";
import { isOpen } from "../stack";
import { type Check, fail, ok, warn } from "./check";
import type { KnownConfig } from "./config";

const scripts = path.join(__dirname, "../..");
const TIMEOUT = 30_000;
const DIAL_SECONDS = 10;

/**
 * Whether a host that is there, or shall be used, lets us in.
 *
 * @param fromConfig whether its key stands in the stack's config
 */
export async function reach(host: NamedHost, fromConfig: boolean): Promise<Check[]> {
    const address = host.address.replace(/^\[(.*)\]$/, "$1");
    const what = `SSH to ${host.name}`;
    if (net.isIP(address) === 0 && !(await resolves(address)))
        return [fail(what, `${address} does not resolve`, "berth:host.address: another name, or an IP address")];
    const jumps = host.options.some((option) => option.startsWith("ProxyCommand="));
    if (!jumps && !(await isOpen(address, host.port))) {
        return [
            fail(
                what,
                `nobody answers at ${address}:${host.port}`,
                "start the host; look at firewalls, sshFrom, and ./scripts/up",
            ),
        ];
    }
    const dialled = await dial(host);
    const other = otherKey(dialled);
    if (other) {
        const { found, remedy } = describeOtherKey(other, fromConfig);
        return [fail(what, found, remedy)];
    }
    if (dialled.letsIn) return [ok(what, `${host.user}@${address}:${host.port} lets us in`)];
    return [fail(what, reasonIn(dialled.said), 'look at user and key: docs/operations.md, "I have lost my key"')];
}

/** The last line of what ssh printed that is not about its own work. */
const reasonIn = (said: string) =>
    said.split("\n").findLast((line) => !/^(?:debug\d:|OpenSSH_|\s*$)/.test(line)) ?? "no answer within 20 s";

/** Whether a server that was there before will do: its system, sudo, and the ports that the stack wants. */
export async function server(
    host: NamedHost,
    { config }: KnownConfig,
    labels: Record<string, string>,
): Promise<Check[]> {
    const survey = await ask(host, "bash -s", fs.readFileSync(path.join(scripts, "survey-host.sh"), "utf8"));
    const checks = linesOf(survey, "server", "it is fit for Docker");
    if (survey.exitCode !== 0 || !config) return checks;
    const wanted = config.published.map(({ port, protocol = "tcp" }) => `${port}/${protocol}`);
    const own = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const command = asRoot(host.user, ["bash", "-s", "--", ...own, "--", ...wanted]);
    const ports = await ask(host, command, fs.readFileSync(path.join(scripts, "check-ports.sh"), "utf8"));
    return [...checks, ...linesOf(ports, "ports", `${wanted.join(" ") || "none"}: free, or the stack's`)];
}

function linesOf({ exitCode, all }: { exitCode?: number; all: string }, what: string, well: string): Check[] {
    if (exitCode === 0) return [ok(what, well)];
    return all.split("\n").map((line) => {
        const [found = "", ...remedy] = line.replace(/^berth: /, "").split(/; |: (?=stop|give|use|set)/);
        return fail(what, found, remedy.join("; ") || "see docs/operations.md");
    });
}

const ask = (host: NamedHost, command: string, input?: string) =>
    overSsh(host, command, { input, timeout: TIMEOUT, dialSeconds: DIAL_SECONDS });

/** Ports of this computer that the embedded host wants, and others have. */
export async function portsHere({ file, config }: KnownConfig, isUp: boolean): Promise<Check[]> {
    if (isUp || !config) return [];
    const sshPort = file.get("berth:host", "sshPort");
    const wanted = [...config.published.filter(({ protocol }) => protocol === undefined).map(({ port }) => port)];
    if (typeof sshPort === "number") wanted.push(sshPort);
    return Promise.all(
        [...new Set(wanted)].map(async (port) =>
            (await isOpen("127.0.0.1", port))
                ? fail(
                      `port ${port}`,
                      "is taken on 127.0.0.1",
                      `see who has it: ss -ltnp 'sport = :${port}'; or choose another`,
                  )
                : ok(`port ${port}`, "is free on 127.0.0.1"),
        ),
    );
}

/** Whether the memory that services may take is there. */
export function memory({ config }: KnownConfig, total: number | undefined, where: string): Check[] {
    if (!config || total === undefined) return [];
    const asked = Object.values(config.project.services).reduce(
        (sum, { mem_limit = 0, scale }) => sum + mem_limit * scale,
        0,
    );
    if (asked === 0) return [];
    const mib = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`;
    const found = `services may take ${mib(asked)}, ${where} has ${mib(total)}`;
    return [asked > total ? warn("memory", found, "lower mem_limit, or take a larger machine") : ok("memory", found)];
}

/** Names that Node.js and the kernel have for an architecture, and Docker's. */
const ARCHITECTURES: Record<string, string> = { x64: "amd64", x86_64: "amd64", arm64: "arm64", aarch64: "arm64" };

/** An architecture in Docker's words; undefined where Docker's packages are not made for it. */
export const dockerArchitecture = (name: string): string | undefined => ARCHITECTURES[name];

/** Memory in bytes, and architecture in Docker's words, of a host that runs. */
export async function machineOf(host: NamedHost): Promise<{ memory?: number; architecture?: string }> {
    const { stdout } = await ask(host, "uname -m; cat /proc/meminfo");
    const [, kib] = /^MemTotal: +(\d+) kB$/m.exec(stdout) ?? [];
    return {
        ...(kib !== undefined && { memory: Number(kib) * 1024 }),
        architecture: dockerArchitecture(stdout.split("\n")[0] ?? ""),
    };
}
