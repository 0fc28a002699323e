import {
    AllocateAddressCommand,
    AssociateAddressCommand,
    AuthorizeSecurityGroupIngressCommand,
    CreateSecurityGroupCommand,
    DeleteSecurityGroupCommand,
    DescribeImagesCommand,
    DescribeInstancesCommand,
    EC2Client,
    type Instance,
    type IpPermission,
    ModifyInstanceAttributeCommand,
    ReleaseAddressCommand,
    RevokeSecurityGroupIngressCommand,
    RunInstancesCommand,
    type RunInstancesCommandInput,
    TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { Keys } from "./labEc2Machine";

/** What lab/ec2/start.sh prints. */
export interface Endpoint {
    endpoint: string;
    region: string;
    network: string;
    gateway: string;
}

/** An instance with an elastic address and a security group that lets SSH in, and the keys to log in. */
export interface Machine {
    id: string;
    keys: Keys;
    group: string;
    address: string;
    allocation: string;
    privateAddress: string;
}

export const credentials = { accessKeyId: "lab", secretAccessKey: "lab" };
export const noble = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-";

/** A name that nothing else in a shared lab has. */
export const name = (what: string): string => `labEc2-test-${what}-${String(process.pid)}`;

/** A rule that lets a TCP port in, from everywhere unless something else is said. */
export const tcp = (port: number, source: { cidr?: string; group?: string } = { cidr: "0.0.0.0/0" }): IpPermission => ({
    IpProtocol: "tcp",
    FromPort: port,
    ToPort: port,
    ...(source.cidr !== undefined && { IpRanges: [{ CidrIp: source.cidr, Description: "test" }] }),
    ...(source.group !== undefined && { UserIdGroupPairs: [{ GroupId: source.group }] }),
});

/** The code of the error that a request ends with. */
export const code = (request: Promise<unknown>): Promise<string> =>
    request.then(
        () => "no error",
        (error: unknown) => (error as Error).name,
    );

/** A client of the lab's EC2 that removes what it has made. */
export class Ec2Lab {
    readonly ec2: EC2Client;
    private readonly instances: string[] = [];
    private readonly allocations: string[] = [];
    private readonly groups: string[] = [];
    private readonly keys: Keys[] = [];

    constructor({ endpoint, region }: Endpoint) {
        this.ec2 = new EC2Client({ endpoint, region, credentials });
    }

    async describe(id: string): Promise<Instance> {
        const { Reservations } = await this.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
        return Reservations![0]!.Instances![0]!;
    }

    async group(what: string): Promise<string> {
        const request = new CreateSecurityGroupCommand({ GroupName: name(what), Description: "test" });
        const { GroupId } = await this.ec2.send(request);
        this.groups.push(GroupId!);
        return GroupId!;
    }

    open(group: string, ...rules: IpPermission[]): Promise<unknown> {
        return this.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: rules }));
    }

    close(group: string, ...rules: IpPermission[]): Promise<unknown> {
        return this.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: rules }));
    }

    putInto(id: string, ...groups: string[]): Promise<unknown> {
        return this.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, Groups: groups }));
    }

    /** The AMI of Canonical's that was published last, as a program asks for it. */
    async newestImage(): Promise<string | undefined> {
        const filter = (key: string, value: string) => ({ Name: key, Values: [value] });
        const { Images } = await this.ec2.send(
            new DescribeImagesCommand({
                Owners: ["099720109477"],
                Filters: [
                    filter("name", `${noble}*`),
                    filter("root-device-type", "ebs"),
                    filter("virtualization-type", "hvm"),
                    filter("architecture", "x86_64"),
                ],
            }),
        );
        return Images!.sort((a, b) => (a.CreationDate! < b.CreationDate! ? 1 : -1))[0]?.ImageId;
    }

    async launch(more: Partial<RunInstancesCommandInput> = {}): Promise<string> {
        const ImageId = more.ImageId ?? (await this.newestImage());
        const { Instances } = await this.ec2.send(
            new RunInstancesCommand({ InstanceType: "t3.small", MinCount: 1, MaxCount: 1, ...more, ImageId }),
        );
        this.instances.push(Instances![0]!.InstanceId!);
        return Instances![0]!.InstanceId!;
    }

    async machine(what: string): Promise<Machine> {
        const keys = new Keys();
        this.keys.push(keys);
        const group = await this.group(what);
        await this.open(group, tcp(22));
        const UserData = Buffer.from(keys.userData()).toString("base64");
        const id = await this.launch({ SecurityGroupIds: [group], UserData });
        const { AllocationId, PublicIp } = await this.ec2.send(new AllocateAddressCommand({}));
        this.allocations.push(AllocationId!);
        await this.ec2.send(new AssociateAddressCommand({ InstanceId: id, AllocationId }));
        await keys.booted(PublicIp!);
        const { PrivateIpAddress } = await this.describe(id);
        return {
            id,
            keys,
            group,
            address: PublicIp!,
            allocation: AllocationId!,
            privateAddress: PrivateIpAddress!,
        };
    }

    async remove(): Promise<void> {
        for (const id of this.instances) {
            const unprotect = { InstanceId: id, DisableApiTermination: { Value: false } };
            await this.ec2.send(new ModifyInstanceAttributeCommand(unprotect));
            await this.ec2.send(new TerminateInstancesCommand({ InstanceIds: [id] }));
        }
        for (const id of this.allocations) await this.ec2.send(new ReleaseAddressCommand({ AllocationId: id }));
        // A test deletes some of them itself.
        for (const id of this.groups) await code(this.ec2.send(new DeleteSecurityGroupCommand({ GroupId: id })));
        for (const keys of this.keys) keys.remove();
        this.ec2.destroy();
    }
}
