import { answers, execute, resolves } from "../commands";
import { findOnPath } from "../paths";
import { isNewEnough } from "../prerequisites";
import { findToolchain } from "../toolchain";
import type { StackFile } from "../stack";
import { type Check, fail, ok, warn } from "./check";

/** What services and packages come from, where the config names nothing else. */
const SOURCES = [
    { what: "Docker Hub", url: "https://registry-1.docker.io/v2/", instead: "registryMirrors" },
    { what: "Docker's packages", url: "https://download.docker.com/", instead: "apt" },
];

/** Programs of this computer. */
export async function programs(): Promise<Check[]> {
    return [ok("Node.js", process.version), await openSsh(), await dockerCli(), await pulumi()];
}

async function openSsh(): Promise<Check> {
    const { error, all } = await execute("ssh", ["-V"]);
    const remedy = "install openssh-client 8.5 or newer";
    if (error || findOnPath("ssh-keygen") === undefined) return fail("OpenSSH", "is missing", remedy);
    return isNewEnough(all) ? ok("OpenSSH", all) : fail("OpenSSH", `${all} is too old`, remedy);
}

async function dockerCli(): Promise<Check> {
    const { exitCode, stdout } = await execute("docker", ["--version"]);
    return exitCode === 0
        ? ok("Docker CLI", stdout)
        : warn("Docker CLI", "is not here", "none is needed: ./scripts/docker uses the host's");
}

async function pulumi(): Promise<Check> {
    const toolchain = await findToolchain();
    return toolchain
        ? ok("Pulumi", `${toolchain.kind}: ${toolchain.pulumi}`)
        : warn("Pulumi", "is not here yet", "none: the first ./scripts/up builds it from Go modules, about 7 minutes");
}

/**
 * Whether what is to be fetched can be. Where it cannot, stand-ins serve the embedded host; what the config names in its
 * place is the host's to reach.
 */
export async function network(file: StackFile): Promise<Check[]> {
    if (file.get("berth:lab") !== undefined) return [ok("images and packages", "come from the lab on this computer")];
    const engine = (file.get("berth:engine") ?? {}) as Record<string, unknown>;
    const isSaid = (value: unknown) => value !== undefined && !(Array.isArray(value) && value.length === 0);
    return Promise.all(
        SOURCES.filter(({ instead }) => !isSaid(engine[instead])).map(async ({ what, url, instead }) => {
            const elsewhere =
                file.get("berth:host", "kind") === "local"
                    ? "stand-ins made of Debian's packages serve instead"
                    : `berth:engine.${instead}: a mirror that does answer`;
            const { hostname } = new URL(url);
            if (!(await resolves(hostname)))
                return warn(what, `${hostname} does not resolve`, `look at /etc/resolv.conf; or: ${elsewhere}`);
            return (await answers(url))
                ? ok(what, `${hostname} answers`)
                : warn(what, `${hostname} does not answer`, `look at proxies and firewalls; or: ${elsewhere}`);
        }),
    );
}
