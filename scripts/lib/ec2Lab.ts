import { buildHostImage, hostImageName, internetAnswers, script, startLab, stopLab } from "./hostImage";
import { ensureEngine } from "./localDocker";
import { UserError, say, step } from "./progress";
import type { StackFile } from "./stack";

/** What lab/ec2/start.sh prints. */
interface Ec2Answer {
    endpoint: string;
    region: string;
    network: string;
    /** Address of this computer in the lab's network: where its SSH connections come from. */
    gateway: string;
}

/**
 * Starts an EC2 endpoint whose instances are containers on this computer, and tells the stack's file where it is. It
 * stays there until `down`, so that no later run takes the lab's stack for one on AWS.
 */
export async function prepareEc2Lab(file: StackFile): Promise<void> {
    if (process.platform !== "linux") {
        throw new UserError(
            "the lab's instances are reached by their addresses on a Docker network, which only Linux can",
        );
    }
    const dockerHost = await ensureEngine();
    const image = hostImageName(await internetAnswers());
    const { aptUrl, aptFingerprint, registryMirror, registryHere, network } = await step("lab", () =>
        startLab(dockerHost),
    );
    await buildHostImage(image, dockerHost);
    const { endpoint, region, gateway } = await step("EC2 endpoint", () => startEc2(dockerHost, image));
    file.set(["berth:lab"], {
        network,
        aptUrl,
        aptFingerprint,
        registryMirror,
        registryHere,
        ec2: { endpoint, region, client: gateway },
    });
    file.save();
    say(`stack ${file.stack} runs on an EC2 endpoint on this computer, not on AWS`);
}

async function startEc2(dockerHost: string, image: string): Promise<Ec2Answer> {
    return JSON.parse(await script("lab/ec2/start.sh", [image], { DOCKER_HOST: dockerHost })) as Ec2Answer;
}

/** Stops the endpoint when no instance is left on it, and takes it out of the stack's file. */
export async function stopEc2Lab(file: StackFile, dockerHost: string): Promise<void> {
    await step("stop the lab", async () => {
        await script("lab/ec2/stop.sh", [], { DOCKER_HOST: dockerHost });
        await stopLab(dockerHost);
    });
    file.delete(["berth:lab"]);
    file.save();
}

/** The endpoint in whose lab a stack runs, as its file says; undefined on AWS and elsewhere. */
export const ec2LabOf = (file: Pick<StackFile, "get">) =>
    file.get("berth:lab", "ec2") as { endpoint: string; region: string } | undefined;
