import { ec2Client } from "../ec2Client";
import { projectName } from "../labels";
import { UserError } from "../progress";
import type { StackFile } from "../stack";
import type { Leftover } from "./leftover";

/** An instance that is gone can be seen for an hour. */
const LIVING = ["pending", "running", "stopping", "stopped"];

/**
 * What in the stack's region has its tags: instances, disks, addresses, network interfaces, groups, key pairs.
 *
 * @param kept ids of what is meant to stay
 * @throws UserError where AWS does not answer, or refuses
 */
export async function leftOnAws(stack: string, file: StackFile, kept: ReadonlySet<string>): Promise<Leftover[]> {
    try {
        const ids = await taggedIds(stack, file);
        return ids.map(([kind, name]) => ({
            where: "AWS",
            kind,
            name,
            ...(kept.has(name) && { kept: "it holds data" }),
        }));
    } catch (error) {
        throw new UserError(`AWS: ${error instanceof Error ? error.message : String(error)}`);
    }
}

/** Asked of each kind: the list of all tags has those of what was deleted, too. */
async function taggedIds(stack: string, file: StackFile): Promise<[kind: string, id: string][]> {
    const { sdk, client } = await ec2Client(file);
    const Filters = [
        { Name: "tag:berth.project", Values: [projectName()] },
        { Name: "tag:berth.stack", Values: [stack] },
    ];
    const found: [string, string | undefined][] = [];
    const living = [...Filters, { Name: "instance-state-name", Values: LIVING }];
    for await (const { Reservations = [] } of sdk.paginateDescribeInstances({ client }, { Filters: living })) {
        for (const { Instances = [] } of Reservations) {
            for (const { InstanceId } of Instances) found.push(["instance", InstanceId]);
        }
    }
    for await (const { Volumes = [] } of sdk.paginateDescribeVolumes({ client }, { Filters })) {
        for (const { VolumeId } of Volumes) found.push(["disk", VolumeId]);
    }
    for await (const { NetworkInterfaces = [] } of sdk.paginateDescribeNetworkInterfaces({ client }, { Filters })) {
        for (const { NetworkInterfaceId } of NetworkInterfaces) found.push(["network interface", NetworkInterfaceId]);
    }
    for await (const { SecurityGroups = [] } of sdk.paginateDescribeSecurityGroups({ client }, { Filters })) {
        for (const { GroupId } of SecurityGroups) found.push(["security group", GroupId]);
    }
    const { Addresses = [] } = await client.send(new sdk.DescribeAddressesCommand({ Filters }));
    for (const { AllocationId } of Addresses) found.push(["elastic IP", AllocationId]);
    const { KeyPairs = [] } = await client.send(new sdk.DescribeKeyPairsCommand({ Filters }));
    for (const { KeyPairId } of KeyPairs) found.push(["key pair", KeyPairId]);
    return found.flatMap(([kind, id]) => (id === undefined ? [] : [[kind, id] as [string, string]]));
}
