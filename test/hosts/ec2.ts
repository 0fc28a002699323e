import {
    DeleteVolumeCommand,
    DescribeAddressesCommand,
    DescribeImagesCommand,
    DescribeInstancesCommand,
    DescribeKeyPairsCommand,
    DescribeSecurityGroupsCommand,
    DescribeVolumesCommand,
    EC2Client,
    type Instance,
    RebootInstancesCommand,
    RegisterImageCommand,
    RunInstancesCommand,
    StartInstancesCommand,
    StopInstancesCommand,
    TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateRoleCommand, DeleteRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { docker } from "./project";

const CANONICAL = "099720109477";

/** A client of the lab's EC2 and IAM, as anybody could write one. */
export class Ec2 {
    private readonly client: EC2Client;
    private readonly iam: IAMClient;

    constructor({ endpoint, region }: { endpoint: string; region: string }) {
        const credentials = { accessKeyId: "test", secretAccessKey: "test" };
        this.client = new EC2Client({ endpoint, region, credentials });
        this.iam = new IAMClient({ endpoint, region, credentials });
    }

    /** What carries the stack's tag and was not terminated. */
    async instances(stack: string): Promise<Instance[]> {
        const Filters = [
            { Name: "tag:berth.stack", Values: [stack] },
            { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] },
        ];
        const { Reservations = [] } = await this.client.send(new DescribeInstancesCommand({ Filters }));
        return Reservations.flatMap(({ Instances = [] }) => Instances);
    }

    /** Somebody else's instance of the same type; gives its ID. */
    async runAnother({ ImageId, InstanceType, SubnetId }: Instance): Promise<string> {
        const { Instances = [] } = await this.client.send(
            new RunInstancesCommand({ ImageId, InstanceType, SubnetId, MinCount: 1, MaxCount: 1 }),
        );
        return Instances[0]?.InstanceId ?? "";
    }

    async makeRole(RoleName: string, tags: Record<string, string>): Promise<void> {
        const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [] });
        const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
        await this.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, Tags }));
    }

    async deleteRole(RoleName: string): Promise<void> {
        await this.iam.send(new DeleteRoleCommand({ RoleName }));
    }

    async terminate(ids: string[]): Promise<void> {
        await this.client.send(new TerminateInstancesCommand({ InstanceIds: ids }));
    }

    async reboot(id: string): Promise<void> {
        await this.client.send(new RebootInstancesCommand({ InstanceIds: [id] }));
    }
    async stop(id: string): Promise<void> {
        await this.client.send(new StopInstancesCommand({ InstanceIds: [id] }));
    }
    async start(id: string): Promise<void> {
        await this.client.send(new StartInstancesCommand({ InstanceIds: [id] }));
    }

    /** Canonical publishes a new image of the release. */
    async publishImage(release: string, architecture: "x86_64" | "arm64"): Promise<string> {
        const name = architecture === "x86_64" ? "amd64" : "arm64";
        const Name = `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-${release}-${name}-server-${Date.now()}`;
        const { ImageId = "" } = await this.client.send(
            new RegisterImageCommand({
                Name,
                Architecture: architecture,
                RootDeviceName: "/dev/sda1",
                VirtualizationType: "hvm",
            }),
        );
        const { Images = [] } = await this.client.send(
            new DescribeImagesCommand({ Owners: [CANONICAL], ImageIds: [ImageId] }),
        );
        if (Images.length !== 1) throw new Error(`${Name} is not Canonical's`);
        return ImageId;
    }

    /** The data disk that a host, known by its name, has left. */
    async keptVolume(hostName: string): Promise<string> {
        const Filters = [
            { Name: "tag:Name", Values: [hostName] },
            { Name: "status", Values: ["available"] },
        ];
        const { Volumes = [] } = await this.client.send(new DescribeVolumesCommand({ Filters }));
        if (Volumes.length !== 1) throw new Error(`${hostName} has left ${Volumes.length} volumes`);
        return Volumes[0]?.VolumeId ?? "";
    }
    async deleteVolume(id: string): Promise<void> {
        await this.client.send(new DeleteVolumeCommand({ VolumeId: id }));
    }

    /** Everything that a stack can leave behind, by kind and id. */
    async leftovers(stack: string): Promise<string[]> {
        const Filters = [{ Name: "tag:berth.stack", Values: [stack] }];
        const [instances, volumes, addresses, keys, groups] = await Promise.all([
            this.instances(stack),
            this.client.send(new DescribeVolumesCommand({ Filters })),
            this.client.send(new DescribeAddressesCommand({ Filters })),
            this.client.send(new DescribeKeyPairsCommand({ Filters })),
            this.client.send(new DescribeSecurityGroupsCommand({ Filters })),
        ]);
        return [
            ...instances.map((i) => `instance ${i.InstanceId}`),
            ...(volumes.Volumes ?? []).map((v) => `volume ${v.VolumeId}`),
            ...(addresses.Addresses ?? []).map((a) => `address ${a.PublicIp}`),
            ...(keys.KeyPairs ?? []).map((k) => `key pair ${k.KeyName}`),
            ...(groups.SecurityGroups ?? []).map((g) => `group ${g.GroupName}`),
        ];
    }
}

/** Asks every TCP port of an address, thousands at once; those that are connected half a second later are open. */
const SCANNER = `
import socket, sys, time
address, found = sys.argv[1], []
for first in range(1, 65536, 16000):
    asked = {}
    for port in range(first, min(first + 16000, 65536)):
        asked[port] = socket.socket()
        asked[port].setblocking(False)
        asked[port].connect_ex((address, port))
    time.sleep(0.5)
    for port, asking in asked.items():
        try:
            asking.getpeername()
            found.append(port)
        except OSError:
            pass
        asking.close()
print(*found)
`;

/**
 * Scans all TCP ports of an address from another network namespace.
 *
 * @param network of Docker: `berth-lab`, or `host` for this computer itself
 * @param image that has Python
 */
export async function openPorts(address: string, network: string, image: string): Promise<number[]> {
    const limits = ["--ulimit", "nofile=17000:17000"];
    const entry = ["--entrypoint", "python3", image, "-c", SCANNER, address];
    const text = await docker("run", "--rm", "--network", network, ...limits, ...entry);
    return text.split(" ").filter(Boolean).map(Number);
}
