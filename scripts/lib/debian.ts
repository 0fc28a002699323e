import * as fs from "node:fs";
import { run } from "./commands";

/** Whether this process may install Debian's packages here. */
export const canInstallPackages = () => process.getuid?.() === 0 && fs.existsSync("/etc/debian_version");

/** Installs a package of Debian or Ubuntu. */
export async function installPackage(name: string): Promise<void> {
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    // A source that does not answer is no hindrance: what counts is whether the package can be had.
    await run("apt-get", ["update", "-qq"], { env }).catch(() => undefined);
    await run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], { env });
}
