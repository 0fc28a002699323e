import { accountMistakes } from "../../../components/host/awsAccount";
import { ec2Client } from "../ec2Client";
import { ec2LabOf } from "../ec2Lab";
import { type Check, fail, ok } from "./check";
import type { KnownConfig } from "./config";
import { quotas } from "./quotas";

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
        const checks = [ok("AWS", `${where} answers`)];
        const host = known.config?.host;
        if (host?.kind !== "ec2") {
            await client.send(new sdk.DescribeAvailabilityZonesCommand({}));
            return { checks };
        }
        const { instanceType, count, spot, elasticIp } = host;
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
        if (type) checks.push(...(await quotas(sdk, client, { file: known.file, type, count, spot, elasticIp })));
        const mib = type?.MemoryInfo?.SizeInMiB;
        return { checks, ...(mib !== undefined && { memory: mib * 1024 ** 2 }) };
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return {
            checks: [fail("AWS", `does not answer, or refuses: ${reason}`, "look at credentials, region and network")],
        };
    }
}

/** A line `what is wrong: what to do`. */
function divided(line: string): [string, string] {
    const at = line.search(/[:;] (?=run|choose|set)/);
    return at < 0 ? [line, "see docs/operations.md"] : [line.slice(0, at), line.slice(at + 2)];
}
