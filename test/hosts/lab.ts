import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import { type Endpoint } from "./labEc2Client";
import { expectSuccess, root, run } from "./project";

/** The image that machines of the lab boot, built where it is missing. */
export const HOST_IMAGE = "berth/host:debian-13";

/** What the lab's two start scripts print. */
export interface Lab {
    internet: LabAnswer;
    ec2: Endpoint;
}

/** The scripts that end what `startLab` has started. */
const toStop: string[] = [];

/** Starts the stand-ins for Docker's servers and the EC2 endpoint; the first time builds them, which takes minutes. */
export async function startLab(): Promise<Lab> {
    if (!runs("berth-lab-ec2")) toStop.push("lab/ec2/stop.sh");
    if (!runs("berth-lab")) toStop.push("lab/internet/stop.sh");
    await buildHostImage();
    const internet = JSON.parse(await script("lab/internet/start.sh")) as LabAnswer;
    return { internet, ec2: await startEc2() };
}

/** Builds the image that machines of the lab boot, where it is missing. */
export async function buildHostImage(): Promise<void> {
    await script("lab/base/build.sh");
    await script("components/host/image/build.sh", "berth/base:trixie", HOST_IMAGE);
}

export const startEc2 = async () => JSON.parse(await script("lab/ec2/start.sh", HOST_IMAGE)) as Endpoint;

/** Stops what `startLab` has started; what ran before it, runs on. */
export async function stopLab(): Promise<void> {
    for (const file of toStop.splice(0)) await script(file);
}

/** Status of a container, such as `running`; empty where there is none. */
export const stateOf = (container: string): string =>
    spawnSync("docker", ["inspect", "--format", "{{ .State.Status }}", container], { encoding: "utf8" }).stdout.trim();

const runs = (container: string) => stateOf(container) === "running";

async function script(file: string, ...args: string[]): Promise<string> {
    const env = { DOCKER_HOST: process.env.DOCKER_HOST ?? "" };
    const result = await run("bash", [path.join(root, file), ...args], { env });
    expectSuccess(result);
    return result.stdout;
}
