import { accountMistakes } from "../../../components/host/awsAccount";
import { ec2Client } from "../ec2Client";
import { ec2LabOf } from "../ec2Lab";
import { type Check, fail, ok, warn } from "./check";
import type { KnownConfig } from "./config";

/** What the account, the region and the instance type have to say. */
export async function aws(known: KnownConfig): Promise<{ checks: Check[]; memory?: number }> {
    const lab = ec2LabOf(known.file);
    const mistakes = lab ? [] : await accountMistakes(known.account);
    if (mistakes.length > 0) {
        return { checks: mistakes.map((line) => fail("AWS", ...divided(line))) };
    }
    try {
        const { sdk, client } = await ec2Client(known.file);
        const where = lab ? `the lab's endpoint ${lab.endpoint}` : `region ${known.account.region}`;
        const host = known.config?.host;
        const instanceType = host?.kind === "ec2" ? host.instanceType : undefined;
        const count = host?.kind === "ec2" ? host.count : 1;
        const { Addresses = [] } = await client.send(new sdk.DescribeAddressesCommand({}));
        const checks = [ok("AWS", `${where} answers`)];
        checks.push(...(await addresses(sdk, client, Addresses.length, count)));
        if (instanceType === undefined) return { checks };
        const { InstanceTypes = [] } = await client.send(
            new sdk.DescribeInstanceTypesCommand({ InstanceTypes: [instanceType as never] }),
        );
        const [type] = InstanceTypes;
        const architectures = type?.ProcessorInfo?.SupportedArchitectures ?? [];
        const fits = architectures.some((one) => one === "x86_64" || one === "arm64");
        checks.push(
            fits
                ? ok("instance type", `${instanceType}: ${architectures.join(", ")}, Ubuntu's images fit`)
                : fail(
                      "instance type",
                      `${instanceType}: ${architectures.join(", ") || "not in this region"}`,
                      "berth:host.instanceType: another one",
                  ),
        );
        const mib = type?.MemoryInfo?.SizeInMiB;
        return { checks, ...(mib !== undefined && { memory: mib * 1024 ** 2 }) };
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return {
            checks: [fail("AWS", `does not answer, or refuses: ${reason}`, "look at credentials, region and network")],
        };
    }
}

type Sdk = Awaited<ReturnType<typeof ec2Client>>;

/** A region gives five elastic IPs unless asked for more, and that is what people run into first. */
async function addresses(sdk: Sdk["sdk"], client: Sdk["client"], used: number, wanted: number): Promise<Check[]> {
    const { AccountAttributes = [] } = await client.send(
        new sdk.DescribeAccountAttributesCommand({ AttributeNames: ["vpc-max-elastic-ips" as never] }),
    );
    const limit = Number(AccountAttributes[0]?.AttributeValues?.[0]?.AttributeValue ?? NaN);
    if (Number.isNaN(limit)) return [];
    const found = `${used} of ${limit} elastic IPs are used, the stack wants ${wanted}`;
    const remedy = "Service Quotas, EC2-VPC Elastic IPs (L-0263D0A3); or release some; or elasticIp: false";
    return [used + wanted > limit ? warn("quota", found, remedy) : ok("quota", found)];
}

/** A line `what is wrong: what to do`. */
function divided(line: string): [string, string] {
    const at = line.search(/[:;] (?=run|choose|set)/);
    return at < 0 ? [line, "see docs/operations.md"] : [line.slice(0, at), line.slice(at + 2)];
}
