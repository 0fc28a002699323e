import { answers, execute, resolves } from "../commands";
import { findOnPath } from "../paths";
import { isNewEnough } from "../prerequisites";
import { findToolchain } from "../toolchain";
import { type Check, fail, ok, warn } from "./check";

/** What services and packages come from. */
const SOURCES = [
    { what: "Docker Hub", host: "registry-1.docker.io", path: "/v2/" },
    { what: "Docker's packages", host: "download.docker.com", path: "/" },
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

/** Whether names resolve, and whether what is to be fetched can be. Where it cannot, stand-ins serve the embedded host. */
export async function network(kind: unknown): Promise<Check[]> {
    const elsewhere =
        kind === "local"
            ? "stand-ins made of Debian's packages serve instead"
            : "berth:engine.apt, registryMirrors: mirrors that do answer";
    return Promise.all(
        SOURCES.map(async ({ what, host, path }) => {
            if (!(await resolves(host)))
                return warn(what, `${host} does not resolve`, `look at /etc/resolv.conf; or: ${elsewhere}`);
            return (await answers(`https://${host}${path}`))
                ? ok(what, `${host} answers`)
                : warn(what, `${host} does not answer`, `look at proxies and firewalls; or: ${elsewhere}`);
        }),
    );
}
