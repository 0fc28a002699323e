import * as path from "node:path";
import { answers, execute, run } from "./commands";
import { withLock } from "./lock";
import { own, root } from "./paths";
import { UserError, step } from "./progress";

const UBUNTU = "ubuntu:24.04";
const DEBIAN = "berth/base:trixie";

/** Whether Docker's registry and package repository can be reached. Where not, the lab stands in for them. */
export async function internetAnswers(): Promise<boolean> {
    const [registry, packages] = await Promise.all([
        answers("https://registry-1.docker.io/v2/"),
        answers("https://download.docker.com/linux/"),
    ]);
    return registry && packages;
}

/** The name of the machine's image: of Ubuntu where the registry answers, else of Debian 13 made by debootstrap. */
export const hostImageName = (internet: boolean) => `berth/host:${internet ? "ubuntu-24.04" : "debian-13"}`;

/** Builds the machine's image on the local engine where it is missing or its sources changed. */
export async function buildHostImage(image: string, dockerHost: string): Promise<void> {
    const env = { DOCKER_HOST: dockerHost };
    await withLock(path.join(own, "image.lock"), async () => {
        if (image.endsWith(":debian-13")) {
            await script("lab/base/build.sh", [], env);
            await script("components/host/image/build.sh", [DEBIAN, image], env);
        } else if (image.endsWith(":ubuntu-24.04")) {
            const present = await run("docker", ["image", "ls", "-q", UBUNTU], { env });
            if (present === "") await step(`pull ${UBUNTU}`, () => run("docker", ["pull", "-q", UBUNTU], { env }));
            await script("components/host/image/build.sh", [UBUNTU, image], env);
        }
    });
}

/** What the lab's start prints. */
export interface LabAnswer {
    aptUrl: string;
    aptFingerprint: string;
    registryMirror: string;
    /** The registry as this computer reaches it. */
    registryHere: string;
    network: string;
    /** Versions of nginx that its registry has, oldest first. */
    nginx: string[];
}

/** Starts the stand-ins for Docker's repository and registry, building them first where they are missing. */
export async function startLab(dockerHost: string): Promise<LabAnswer> {
    const env = { DOCKER_HOST: dockerHost };
    await script("lab/base/build.sh", [], env);
    await script("lab/internet/build.sh", [], env);
    return JSON.parse(await script("lab/internet/start.sh", [], env)) as LabAnswer;
}

/** Stops the lab, unless another stack's machine uses it. */
export async function stopLab(dockerHost: string): Promise<void> {
    await script("lab/internet/stop.sh", [], { DOCKER_HOST: dockerHost });
}

/** Runs one of the project's shell scripts; its progress lines (stderr) are shown as they come. */
export async function script(file: string, args: string[], env: Record<string, string>): Promise<string> {
    const result = await execute("bash", [path.join(root, file), ...args], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
    });
    if (result.exitCode !== 0) throw new UserError(`${file} failed: its last lines are above`);
    return result.stdout;
}
