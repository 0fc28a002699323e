import {
    AssociateAddressCommand,
    AttachVolumeCommand,
    CreateVolumeCommand,
    DeleteSecurityGroupCommand,
    DeleteVolumeCommand,
    DeregisterImageCommand,
    DescribeAddressesCommand,
    DetachVolumeCommand,
    ModifyInstanceAttributeCommand,
    RebootInstancesCommand,
    RegisterImageCommand,
    RevokeSecurityGroupEgressCommand,
    StartInstancesCommand,
    StopInstancesCommand,
    TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { execFileSync, spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { Ec2Lab, type Endpoint, type Machine, code, name, noble, tcp } from "./labEc2Client";
import { detailTests } from "./labEc2Details";
import { answers, answersTo, connect, echo, until } from "./labEc2Machine";

const root = resolve(__dirname, "../..");
const image = "berth/host:debian-13";
const minute = 60_000;
jest.setTimeout(5 * minute);

const script = (path: string, ...args: string[]): string =>
    execFileSync(resolve(root, path), args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const start = (): Endpoint => JSON.parse(script("lab/ec2/start.sh", image)) as Endpoint;
const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: "pipe" }).trim();
const state = (container: string): string =>
    spawnSync("docker", ["inspect", "--format", "{{ .State.Status }}", container], { encoding: "utf8" }).stdout.trim();

const before = { internet: state("berth-lab"), ec2: state("berth-lab-ec2") };
const neighbour = name("neighbour");
let endpoint: Endpoint;
let lab: Ec2Lab;
let first: Machine;
let second: Machine;

// Building the endpoint's image takes half a minute; the time is for a busy machine, and for the lab's first build.
beforeAll(async () => {
    script("lab/base/build.sh");
    script("components/host/image/build.sh", "berth/base:trixie", image);
    script("lab/internet/start.sh");
    endpoint = start();
    lab = new Ec2Lab(endpoint);
    docker(
        "run",
        "-d",
        "--rm",
        "--name",
        neighbour,
        "--network",
        endpoint.network,
        "berth/base:trixie",
        "sleep",
        "900",
    );
    [first, second] = await Promise.all([lab.machine("first"), lab.machine("second")]);
}, 20 * minute);

afterAll(async () => {
    spawnSync("docker", ["rm", "-f", neighbour]);
    await (lab as Ec2Lab | undefined)?.remove();
    if (before.ec2 !== "running") script("lab/ec2/stop.sh");
    if (before.internet !== "running") script("lab/internet/stop.sh");
}, minute);

test("EC2 lab: start says where it is; a second start changes nothing", () => {
    const container = docker("inspect", "--format", "{{ .Id }}", "berth-lab-ec2");
    expect(endpoint).toEqual({
        endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
        region: "us-east-1",
        network: "berth-lab",
        gateway: expect.stringMatching(/^172\.\d+\.0\.1$|^192\.168\.\d+\.1$|^10\./) as string,
    });
    expect(start()).toEqual(endpoint);
    expect(docker("inspect", "--format", "{{ .Id }}", "berth-lab-ec2")).toBe(container);
});

test("EC2 lab: stop leaves everything while there are instances, and says which", () => {
    const stop = spawnSync(resolve(root, "lab/ec2/stop.sh"), { encoding: "utf8" });
    expect(stop.status).toBe(0);
    expect(stop.stderr).toContain(`${first.id} (running)`);
    expect(state("berth-lab-ec2")).toBe("running");
});

test("an instance boots from its user data and answers at its elastic address with the host key that it was given", async () => {
    const { PrivateDnsName, PublicIpAddress } = await lab.describe(first.id);
    expect(await first.keys.ssh(first.address, "hostname")).toBe(PrivateDnsName!.split(".")[0]);
    expect(await first.keys.ssh(first.privateAddress, "id -un")).toBe("ubuntu");
    expect(PublicIpAddress).toBe(first.address);
});

describe("security groups", () => {
    test("a port is closed until a rule opens it and closed again without it; established connections live on", async () => {
        const reached = (): Promise<boolean[]> =>
            Promise.all([
                answers(first.address, 9000),
                answers(first.privateAddress, 9000),
                answersTo(neighbour, first.address, 9000),
            ]);
        expect(await reached()).toEqual([false, false, false]);
        await lab.open(first.group, tcp(9000));
        expect(await reached()).toEqual([true, true, true]);

        const connection = (await connect(first.address, 9000))!;
        await lab.close(first.group, tcp(9000));
        expect(await reached()).toEqual([false, false, false]);
        expect(await echo(connection, "still here")).toBe("still here");
        connection.destroy();
    });

    test("a rule for another address opens nothing", async () => {
        await lab.open(first.group, tcp(9000, { cidr: "203.0.113.0/24" }));
        expect(await answers(first.address, 9000)).toBe(false);
        await lab.open(first.group, tcp(9000, { cidr: `${endpoint.gateway}/32` }));
        expect(await answers(first.address, 9000)).toBe(true);
        expect(await answersTo(neighbour, first.address, 9000)).toBe(false);
        await lab.close(
            first.group,
            tcp(9000, { cidr: "203.0.113.0/24" }),
            tcp(9000, { cidr: `${endpoint.gateway}/32` }),
        );
    });

    test("a published port is judged by the number that the client dialled", async () => {
        await first.keys.ssh(
            first.address,
            "sudo iptables -t nat -A PREROUTING -i eth0 -p tcp --dport 8080 -j REDIRECT --to-ports 9000",
        );
        await lab.open(first.group, tcp(9000));
        expect(await answers(first.address, 8080)).toBe(false);
        await lab.close(first.group, tcp(9000));
        await lab.open(first.group, tcp(8080));
        expect(await answers(first.address, 8080)).toBe(true);
        expect(await answers(first.address, 9000)).toBe(false);
        await lab.close(first.group, tcp(8080));
    });

    test("a rule for a group lets its members in, and nobody else; a change of an instance's groups counts at once", async () => {
        const friends = await lab.group("friends");
        await lab.open(first.group, tcp(9000, { group: friends }));
        expect(await answersTo(second.id, first.privateAddress, 9000)).toBe(false);
        await lab.putInto(second.id, second.group, friends);
        expect(await answersTo(second.id, first.privateAddress, 9000)).toBe(true);
        expect(await answersTo(neighbour, first.privateAddress, 9000)).toBe(false);
        expect(await code(lab.ec2.send(new DeleteSecurityGroupCommand({ GroupId: friends })))).toBe(
            "DependencyViolation",
        );

        await lab.putInto(second.id, second.group);
        expect(await answersTo(second.id, first.privateAddress, 9000)).toBe(false);
        await lab.close(first.group, tcp(9000, { group: friends }));
        await lab.ec2.send(new DeleteSecurityGroupCommand({ GroupId: friends }));
    });

    test("what an instance may reach is a matter of its outbound rules", async () => {
        const shut = await lab.group("shut");
        await lab.ec2.send(
            new RevokeSecurityGroupEgressCommand({
                GroupId: shut,
                IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
            }),
        );
        await lab.open(shut, tcp(22));
        expect(await answersTo(second.id, "berth-lab", 8081)).toBe(true);
        await lab.putInto(second.id, shut);
        expect(await answersTo(second.id, "berth-lab", 8081)).toBe(false);
        expect(await second.keys.ssh(second.address, "echo answered")).toBe("answered");
        await lab.putInto(second.id, second.group);
        await lab.ec2.send(new DeleteSecurityGroupCommand({ GroupId: shut }));
    });
});

describe("stop, start and reboot", () => {
    const kept = async (): Promise<void> => {
        await first.keys.booted(first.address);
        expect(await first.keys.ssh(first.address, "cat kept")).toBe("data");
        expect([await answers(first.address, 22), await answers(first.address, 9000)]).toEqual([true, false]);
        const { PublicIpAddress, PrivateIpAddress, State } = await lab.describe(first.id);
        expect([PublicIpAddress, PrivateIpAddress, State!.Name]).toEqual([
            first.address,
            first.privateAddress,
            "running",
        ]);
    };
    const bootId = (): Promise<string> => first.keys.ssh(first.address, "stat -c %Z /run/systemd");

    beforeAll(() => first.keys.ssh(first.address, "echo data > kept"));

    test("stop and start keep addresses, rules and data", async () => {
        await lab.ec2.send(new StopInstancesCommand({ InstanceIds: [first.id] }));
        expect((await lab.describe(first.id)).State!.Name).toBe("stopped");
        expect(state(first.id)).toBe("exited");
        await lab.ec2.send(new StartInstancesCommand({ InstanceIds: [first.id] }));
        await kept();
    });

    test("so does a reboot", async () => {
        const earlier = await bootId();
        await lab.ec2.send(new RebootInstancesCommand({ InstanceIds: [first.id] }));
        await kept();
        expect(await bootId()).not.toBe(earlier);
    });

    test("and one from inside; a machine that is switched off from inside is a stopped instance", async () => {
        const started = (): string => docker("inspect", "--format", "{{ .State.StartedAt }}", first.id);
        const state = async (): Promise<string> => (await lab.describe(first.id)).State!.Name!;
        const earlier = started();
        await first.keys.ssh(first.address, "sudo systemctl --no-block reboot");
        await until("the machine is started again", () => Promise.resolve(started() !== earlier || undefined));
        await kept();
        await first.keys.ssh(first.address, "sudo systemctl --no-block poweroff");
        await until("the instance is stopped", async () => (await state()) === "stopped" || undefined);
        await lab.ec2.send(new StartInstancesCommand({ InstanceIds: [first.id] }));
        await kept();
    });
});

test("an elastic address that moves to another instance answers there at once, and that instance's own comes back", async () => {
    const move = (from: string, to: string) =>
        lab.ec2.send(new AssociateAddressCommand({ AllocationId: from, InstanceId: to, AllowReassociation: true }));
    const mac = ({ id }: Machine): string =>
        docker("inspect", "--format", "{{ range .NetworkSettings.Networks }}{{ .MacAddress }}{{ end }}", id);
    // Both now have the old holder in their neighbour tables.
    expect(await answers(first.address, 22)).toBe(true);
    expect(await answersTo(neighbour, first.address, 22)).toBe(true);
    expect(docker("exec", neighbour, "grep", `^${first.address} `, "/proc/net/arp")).toContain(mac(first));

    await move(first.allocation, second.id);
    // Not by way of the old holder, which would pass packets on while it runs.
    expect(docker("exec", neighbour, "grep", `^${first.address} `, "/proc/net/arp")).toContain(mac(second));
    expect(await second.keys.ssh(first.address, "id -un")).toBe("ubuntu");
    expect(await answersTo(neighbour, first.address, 22)).toBe(true);
    expect((await lab.describe(second.id)).PublicIpAddress).toBe(first.address);
    const { Addresses } = await lab.ec2.send(new DescribeAddressesCommand({ AllocationIds: [second.allocation] }));
    expect(Addresses![0]!.AssociationId).toBeUndefined();
    const instead = (await lab.describe(first.id)).PublicIpAddress!;
    expect(instead).not.toBe(first.address);
    expect(await first.keys.ssh(instead, "id -un")).toBe("ubuntu");

    await move(first.allocation, first.id);
    await move(second.allocation, second.id);
    expect(await first.keys.ssh(first.address, "id -un")).toBe("ubuntu");
    expect(await second.keys.ssh(second.address, "id -un")).toBe("ubuntu");
    expect(await answers(instead, 22)).toBe(false);
});

test("a volume is not detached while it is mounted, comes back after a stop, and carries its content to another instance", async () => {
    const { Placement } = await lab.describe(first.id);
    const { VolumeId: volume } = await lab.ec2.send(
        new CreateVolumeCommand({ AvailabilityZone: Placement!.AvailabilityZone, Size: 1, VolumeType: "gp3" }),
    );
    const attach = (to: string) =>
        lab.ec2.send(new AttachVolumeCommand({ VolumeId: volume, InstanceId: to, Device: "/dev/sdf" }));
    const detach = () => lab.ec2.send(new DetachVolumeCommand({ VolumeId: volume }));
    const byId = `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume!.replace("-", "")}`;
    try {
        await attach(first.id);
        await first.keys.ssh(
            first.address,
            `sudo mkfs.ext4 -q ${byId} && sudo mount /dev/sdf /mnt && echo content | sudo tee /mnt/file`,
        );
        expect(await code(detach())).toBe("IncorrectState");
        expect(await code(attach(second.id))).toBe("VolumeInUse");
        await lab.ec2.send(new RebootInstancesCommand({ InstanceIds: [first.id] }));
        await first.keys.booted(first.address);
        expect(await first.keys.ssh(first.address, `sudo mount ${byId} /mnt && cat /mnt/file`)).toBe("content");
        await lab.ec2.send(new StopInstancesCommand({ InstanceIds: [first.id] }));
        await detach();
        await attach(second.id);
        expect(await second.keys.ssh(second.address, `sudo mount ${byId} /mnt && cat /mnt/file`)).toBe("content");
        await second.keys.ssh(second.address, "sudo umount /mnt");
        await detach();
    } finally {
        await lab.ec2.send(new DetachVolumeCommand({ VolumeId: volume, Force: true })).catch(() => undefined); // already done
        await lab.ec2.send(new StartInstancesCommand({ InstanceIds: [first.id] }));
        await lab.ec2.send(new DeleteVolumeCommand({ VolumeId: volume }));
    }
});

test("a client token launches once; a protected instance is not terminated; what is terminated leaves nothing", async () => {
    const token = { ClientToken: name("token") };
    const [one, same] = await Promise.all([lab.launch(token), lab.launch(token)]);
    const protect = (on: boolean) =>
        lab.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: one, DisableApiTermination: { Value: on } }));
    const terminate = () => lab.ec2.send(new TerminateInstancesCommand({ InstanceIds: [one] }));
    const volumes = docker("inspect", "--format", "{{ range .Mounts }}{{ .Name }} {{ end }}", one).trim().split(/\s+/);
    try {
        expect(same).toBe(one);
        expect(volumes).toHaveLength(2);
        expect(await code(lab.launch({ ...token, InstanceType: "t3.micro" }))).toBe("IdempotentParameterMismatch");
        await protect(true);
        expect(await code(terminate())).toBe("OperationNotPermitted");
    } finally {
        await protect(false);
        await terminate();
    }
    expect((await lab.describe(one)).State!.Name).toBe("terminated");
    expect(docker("ps", "-aq", "--filter", `name=${one}`)).toBe("");
    const left = docker("volume", "ls", "-q").split("\n");
    expect(left.filter((volume) => volumes.includes(volume))).toEqual([]);
});

test("the newest AMI of Canonical's is one that was just registered under its naming scheme", async () => {
    // Images belong to a region: a stack that asks for the newest in its own is not disturbed.
    const elsewhere = new Ec2Lab({ ...endpoint, region: "eu-north-1" });
    const earlier = await elsewhere.newestImage();
    const { ImageId } = await elsewhere.ec2.send(
        new RegisterImageCommand({ Name: `${noble}${name("ami")}`, Architecture: "x86_64" }),
    );
    expect(await elsewhere.newestImage()).toBe(ImageId);
    await elsewhere.ec2.send(new DeregisterImageCommand({ ImageId }));
    expect(await elsewhere.newestImage()).toBe(earlier);
    await elsewhere.remove();
});

test("an unknown AMI, an unknown type and a type of another architecture are refused as by EC2", async () => {
    expect(await code(lab.launch({ ImageId: "ami-00000000000000000" }))).toBe("InvalidAMIID.NotFound");
    expect(await code(lab.launch({ InstanceType: "t9.small" as "t3.small" }))).toBe("InvalidInstanceType");
    expect(await code(lab.launch({ InstanceType: "t4g.small" }))).toBe("InvalidParameterValue");
});

detailTests(() => lab);
