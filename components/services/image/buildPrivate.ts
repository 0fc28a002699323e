import * as pulumi from "@pulumi/pulumi";
import { spawn } from "node:child_process";
import { type SshConnection, sshOptions, sshTarget } from "../../host";
import { shellQuote } from "../../shellQuote";
import { userError } from "../../userError";
import type { BuildSpec } from "../compose";
import type { Registries } from "./registriesSchema";
import { resolveCredentials } from "./registryCredentials";

export interface BuildPrivate {
    secrets: [name: string, secret: BuildSpec["secrets"][string]][];
    registries: Registries;
}

/**
 * Brings a build's secrets and the credentials of registries to the host just before it begins. They are inputs of no
 * resource: another password builds nothing anew, a token is as fresh as the build, and nothing of it is in the state.
 *
 * @param file where it goes, relative to the login's home folder; the build removes it
 */
export function deliverBefore(
    name: string,
    connection: SshConnection,
    file: string,
    content: BuildPrivate,
): pulumi.ResourceHookBinding {
    // The hook runs when the build's own inputs are known, which are the same.
    const target = new Promise<Target>((resolve) => sshTarget(connection).apply(resolve));
    const hook = new pulumi.ResourceHook(`${name}-private`, async () => {
        const lines = privateLines(content.secrets, await configOf(content.registries));
        await write(await target, file, lines);
    });
    return { beforeCreate: [hook] };
}

type Target = pulumi.Unwrap<ReturnType<typeof sshTarget>>;

/** What scripts/build-image.sh reads. */
export function privateLines(secrets: BuildPrivate["secrets"], config: string | undefined): string {
    const lines = secrets.map(([name, { content }]) => `secret ${name} ${content.toString("base64")}\n`);
    if (config !== undefined) lines.push(`registries ${Buffer.from(config).toString("base64")}\n`);
    return lines.join("");
}

/** Docker's config.json with credentials. */
async function configOf(registries: Registries): Promise<string | undefined> {
    const credentials = Object.entries(await resolveCredentials(registries));
    if (credentials.length === 0) return undefined;
    const auths = credentials.map(([host, { username, password }]) => {
        const auth = Buffer.from(`${username}:${password}`).toString("base64");
        return [host === "docker.io" ? "https://index.docker.io/v1/" : host, { auth }];
    });
    return JSON.stringify({ auths: Object.fromEntries(auths) as Record<string, unknown> });
}

function write(target: Target, file: string, content: string): Promise<void> {
    const options = sshOptions(target).flatMap((option) => ["-o", option]);
    const command = `umask 077 && cat > ${shellQuote(file)}`;
    const where = ["-p", String(target.port), "--", `${target.user}@${target.host}`];
    const ssh = spawn("ssh", [...options, "-o", "BatchMode=yes", ...where, command]);
    const said: Buffer[] = [];
    ssh.stderr.on("data", (chunk: Buffer) => said.push(chunk));
    return new Promise((resolve, reject) => {
        const fail = (why: string) =>
            reject(userError(`The secrets of a build did not get to ${target.host}: ${why.trim()}`));
        ssh.on("error", (error) => fail(error.message));
        ssh.on("close", (code) => (code === 0 ? resolve() : fail(Buffer.concat(said).toString() || `ssh: ${code}`)));
        ssh.stdin.on("error", () => undefined); // ssh has ended before it took all; it says why on stderr
        ssh.stdin.end(content);
    });
}
