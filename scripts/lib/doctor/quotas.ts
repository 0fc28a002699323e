import type { EC2Client, InstanceTypeInfo } from "@aws-sdk/client-ec2";
import { type Ec2Sdk, awsClient } from "../ec2Client";
import { hasLabels } from "../labels";
import type { StackFile } from "../stack";
import { type Check, ok, warn } from "./check";

/** What a stack asks of the account: so many instances of a type, each with an elastic IP or without. */
export interface Demand {
    file: StackFile;
    type: InstanceTypeInfo;
    count: number;
    spot: boolean;
    elasticIp: boolean;
}

/** AWS's codes of the quotas of vCPUs for a class of instance types: one for what runs on demand, one for spot. */
interface VcpuQuota {
    /** The letters that instance types of the class begin with. */
    families: string[];
    onDemand: string;
    spot: string;
}

/** Source: EC2's user guide, "On-Demand Instance quotas" and "Spot Instance quotas". */
const VCPU_QUOTAS: VcpuQuota[] = [
    { families: [..."acdhimrtz", "im", "is"], onDemand: "L-1216C47A", spot: "L-34B43A08" },
    { families: ["f"], onDemand: "L-74FC7D96", spot: "L-88CF9481" },
    { families: ["g", "gr", "vt"], onDemand: "L-DB2E81BA", spot: "L-3819A6DF" },
    { families: ["inf"], onDemand: "L-1945791B", spot: "L-B5D1601B" },
    { families: ["p"], onDemand: "L-417A185B", spot: "L-7212CCBC" },
    { families: ["trn"], onDemand: "L-2C3B7624", spot: "L-6B0D517C" },
    { families: ["x"], onDemand: "L-7295265B", spot: "L-E3A00192" },
];

/** The quota that an instance type counts for; undefined for the rare ones whose class is not known here. */
export function vcpuQuotaOf(type: string): VcpuQuota | undefined {
    const letters = /^[a-z]+/.exec(type)?.[0] ?? "";
    return VCPU_QUOTAS.find(({ families }) => families.includes(letters));
}

/** Whether the account's quotas leave room for the stack, which may be up already. */
export async function quotas(sdk: Ec2Sdk, client: EC2Client, demand: Demand): Promise<Check[]> {
    return [...(demand.elasticIp ? await addresses(sdk, client, demand) : []), ...(await vcpus(sdk, client, demand))];
}

/** A region gives five elastic IPs unless asked for more, and that is what people run into first. */
async function addresses(sdk: Ec2Sdk, client: EC2Client, { file, count }: Demand): Promise<Check[]> {
    const { AccountAttributes = [] } = await client.send(
        new sdk.DescribeAccountAttributesCommand({ AttributeNames: ["vpc-max-elastic-ips" as never] }),
    );
    const limit = Number(AccountAttributes[0]?.AttributeValues?.[0]?.AttributeValue ?? NaN);
    if (Number.isNaN(limit)) return [];
    const { Addresses = [] } = await client.send(new sdk.DescribeAddressesCommand({}));
    const used = Addresses.filter(({ Tags }) => !hasLabels(Tags, file.stack)).length;
    const remedy = "Service Quotas, EC2-VPC Elastic IPs (L-0263D0A3); or release some; or elasticIp: false";
    return [room({ what: "elastic IPs", limit, used, wanted: count, remedy })];
}

/** New accounts may run very few vCPUs, and none at all of the larger families. */
async function vcpus(sdk: Ec2Sdk, client: EC2Client, { file, type, count, spot }: Demand): Promise<Check[]> {
    const quota = vcpuQuotaOf(type.InstanceType ?? "");
    const each = type.VCpuInfo?.DefaultVCpus;
    if (quota === undefined || each === undefined) return [];
    const code = spot ? quota.spot : quota.onDemand;
    const limit = await quotaOf(file, code);
    if (typeof limit === "string") {
        const remedy = `allow servicequotas:GetServiceQuota; or look at Service Quotas, EC2, ${code}`;
        return [warn("quota", `vCPUs: not known: ${limit}`, remedy)];
    }
    const others: string[] = [];
    const Filters = [{ Name: "instance-state-name", Values: ["pending", "running"] }];
    for await (const { Reservations = [] } of sdk.paginateDescribeInstances({ client }, { Filters })) {
        const counted = Reservations.flatMap(({ Instances = [] }) => Instances)
            .filter(({ Tags }) => !hasLabels(Tags, file.stack))
            .filter(({ InstanceLifecycle }) => (InstanceLifecycle === "spot") === spot)
            .map(({ InstanceType = "" }) => InstanceType)
            .filter((name) => vcpuQuotaOf(name) === quota);
        others.push(...counted);
    }
    const sizes = await vcpusOf(sdk, client, new Set(others));
    const used = others.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
    const remedy = `ask for more at Service Quotas, EC2, ${code}; or a smaller berth:host.instanceType`;
    return [room({ what: "vCPUs", limit, used, wanted: count * each, remedy })];
}

/** The limit, or why it is not known. */
async function quotaOf(file: StackFile, code: string): Promise<number | string> {
    const sdk = await import("@aws-sdk/client-service-quotas");
    const asked = { ServiceCode: "ec2", QuotaCode: code };
    try {
        const client = awsClient(sdk.ServiceQuotasClient, file);
        const { Quota } = await client.send(new sdk.GetServiceQuotaCommand(asked));
        return Quota?.Value ?? "no value is said";
    } catch (error) {
        return error instanceof Error ? error.message : String(error);
    }
}

/** How many vCPUs instance types have. */
async function vcpusOf(sdk: Ec2Sdk, client: EC2Client, types: Set<string>): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    if (types.size === 0) return sizes;
    const Filters = [{ Name: "instance-type", Values: [...types] }];
    for await (const { InstanceTypes = [] } of sdk.paginateDescribeInstanceTypes({ client }, { Filters })) {
        for (const { InstanceType = "", VCpuInfo } of InstanceTypes)
            sizes.set(InstanceType, VCpuInfo?.DefaultVCpus ?? 0);
    }
    return sizes;
}

/** Whether there is room for what a stack wants beside what others use. */
function room(facts: { what: string; limit: number; used: number; wanted: number; remedy: string }): Check {
    const { what, limit, used, wanted, remedy } = facts;
    const found = `${what}: ${used} of ${limit} are used by others, the stack wants ${wanted}`;
    return used + wanted > limit ? warn("quota", found, remedy) : ok("quota", found);
}
