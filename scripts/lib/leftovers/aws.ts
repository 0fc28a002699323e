import { awsClient, ec2Client } from "../ec2Client";
import { hasLabels, stackLabels } from "../labels";
import { UserError } from "../progress";
import type { StackFile } from "../stack";
import type { Leftover } from "./leftover";

/** An instance that is gone can be seen for an hour. */
const LIVING = ["pending", "running", "stopping", "stopped"];

type Found = [kind: string, id: string | undefined][];

/** What is known of a stack before the look. */
export interface Known {
    /** Ids of what is meant to stay. */
    kept: ReadonlySet<string>;
    /** Whether it can have roles and profiles: only who may make them may list them. */
    iam: boolean;
}

/**
 * What has the stack's tags: in its region instances, disks, addresses, network interfaces, groups, key pairs; in IAM
 * roles and instance profiles.
 *
 * @throws UserError where AWS does not answer, or refuses
 */
export async function leftOnAws(stack: string, file: StackFile, { kept, iam }: Known): Promise<Leftover[]> {
    try {
        const found = [...(await inRegion(stack, file)), ...(iam ? await inIam(stack, file) : [])];
        const ids = found.flatMap(([kind, id]) => (id === undefined ? [] : [[kind, id] as const]));
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
async function inRegion(stack: string, file: StackFile): Promise<Found> {
    const { sdk, client } = await ec2Client(file);
    const Filters = Object.entries(stackLabels(stack)).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
    const found: Found = [];
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
    return found;
}

/** IAM lists without tags: those whose names Pulumi made, `NAME-role-1a2b3c4`, are asked for theirs. */
async function inIam(stack: string, file: StackFile): Promise<Found> {
    const sdk = await import("@aws-sdk/client-iam");
    const client = awsClient(sdk.IAMClient, file);
    const found: Found = [];
    for await (const { Roles = [] } of sdk.paginateListRoles({ client }, {})) {
        for (const { RoleName } of Roles.filter(({ RoleName = "" }) => /-role-[0-9a-f]{7}$/.test(RoleName))) {
            const { Tags } = await client.send(new sdk.ListRoleTagsCommand({ RoleName }));
            if (hasLabels(Tags, stack)) found.push(["role", RoleName]);
        }
    }
    for await (const { InstanceProfiles = [] } of sdk.paginateListInstanceProfiles({ client }, {})) {
        const made = InstanceProfiles.filter(({ InstanceProfileName = "" }) =>
            /-profile-[0-9a-f]{7}$/.test(InstanceProfileName),
        );
        for (const { InstanceProfileName } of made) {
            const { Tags } = await client.send(new sdk.ListInstanceProfileTagsCommand({ InstanceProfileName }));
            if (hasLabels(Tags, stack)) found.push(["instance profile", InstanceProfileName]);
        }
    }
    return found;
}
