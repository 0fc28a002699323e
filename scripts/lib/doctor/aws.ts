import type { EC2Client } from "@aws-sdk/client-ec2";
import { accountMistakes } from "../../../components/host/awsAccount";
import {
    type Architecture,
    CANONICAL,
    IMAGE_ARCHITECTURE,
    imageFilters,
    imageName,
    knownArchitectures,
} from "../../../components/host/ubuntuImages";
import { type Ec2Sdk, ec2Client } from "../ec2Client";
import { ec2LabOf } from "../ec2Lab";
import { type Check, fail, ok } from "./check";
import type { KnownConfig } from "./config";
import { quotas } from "./quotas";

/** What is known of instances that are asked for. */
interface Answer {
    checks: Check[];
    /** In Docker's words: `amd64`. */
    architecture?: string;
    /** Bytes. */
    memory?: number;
}

/** What the account, the region, the instance type and the image have to say. */
export async function aws(known: KnownConfig): Promise<Answer> {
    const lab = ec2LabOf(known.file);
    const mistakes = lab ? [] : await accountMistakes(known.account);
    if (mistakes.length > 0) {
        return { checks: mistakes.map((line) => fail("AWS", ...divided(line))) };
    }
    try {
        const { sdk, client } = await ec2Client(known.file);
        const where = lab ? `the lab's endpoint ${lab.endpoint}` : `region ${known.account.region}`;
        const checks = [ok("AWS", `${where} answers`)];
        const host = known.config?.host;
        if (host?.kind !== "ec2") {
            await client.send(new sdk.DescribeAvailabilityZonesCommand({}));
            return { checks };
        }
        const { instanceType, count, spot, elasticIp, release } = host;
        const { InstanceTypes = [] } = await client.send(
            new sdk.DescribeInstanceTypesCommand({ InstanceTypes: [instanceType as never] }),
        );
        const [type] = InstanceTypes;
        const supported = type?.ProcessorInfo?.SupportedArchitectures ?? [];
        const fitting = knownArchitectures(supported);
        const architecture = fitting.find((one) => one === (host.architecture ?? fitting[0]));
        const has = supported.join(", ") || "not in this region";
        if (!type || architecture === undefined) {
            const remedy = host.architecture === undefined ? "another one" : "another one, or leave architecture out";
            return {
                checks: [
                    ...checks,
                    fail("instance type", `${instanceType}: ${has}`, `berth:host.instanceType: ${remedy}`),
                ],
            };
        }
        checks.push(ok("instance type", `${instanceType}: ${has}`));
        checks.push(await ami(sdk, client, release, architecture));
        checks.push(...(await quotas(sdk, client, { file: known.file, type, count, spot, elasticIp })));
        const mib = type.MemoryInfo?.SizeInMiB;
        return {
            checks,
            architecture: IMAGE_ARCHITECTURE[architecture],
            ...(mib !== undefined && { memory: mib * 1024 ** 2 }),
        };
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return {
            checks: [fail("AWS", `does not answer, or refuses: ${reason}`, "look at credentials, region and network")],
        };
    }
}

/** The image that a new instance would be made from: the newest of its release. */
async function ami(sdk: Ec2Sdk, client: EC2Client, release: string, architecture: Architecture): Promise<Check> {
    const Filters = imageFilters(release, architecture).map(({ name, values }) => ({ Name: name, Values: values }));
    const { Images = [] } = await client.send(new sdk.DescribeImagesCommand({ Owners: [CANONICAL], Filters }));
    const newest = Images.sort((a, b) => ((a.CreationDate ?? "") < (b.CreationDate ?? "") ? 1 : -1))[0];
    return newest
        ? ok("AMI", `${newest.ImageId}: ${newest.Name}`)
        : fail(
              "AMI",
              `Canonical has no ${imageName(release, architecture)} in this region`,
              "berth:host.release: another one",
          );
}

/** A line `what is wrong: what to do`. */
function divided(line: string): [string, string] {
    const at = line.search(/[:;] (?=run|choose|set)/);
    return at < 0 ? [line, "see docs/operations.md"] : [line.slice(0, at), line.slice(at + 2)];
}
