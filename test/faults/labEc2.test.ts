import {
    AssociateAddressCommand,
    AttachVolumeCommand,
    CreateVolumeCommand,
    DeleteSecurityGroupCommand,
    DeleteVolumeCommand,
    DescribeAddressesCommand,
    DetachVolumeCommand,
    ModifyInstanceAttributeCommand,
    RebootInstancesCommand,
    RevokeSecurityGroupEgressCommand,
    StartInstancesCommand,
    StopInstancesCommand,
    TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { execFileSync, spawnSync } from "node:child_process";
import { stateOf, startLab, stopLab } from "../hosts/lab";
import { Ec2Lab, type Endpoint, type Machine, code, name, tcp } from "../hosts/labEc2Client";
import { answers, answersTo, until } from "../hosts/labEc2Machine";
import { detailTests } from "./labEc2Details";

const minute = 60_000;
jest.setTimeout(5 * minute);

const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: "pipe" }).trim();
const neighbour = name("neighbour");
let endpoint: Endpoint;
let lab: Ec2Lab;
let first: Machine;
let second: Machine;

beforeAll(async () => {
    endpoint = (await startLab()).ec2;
    lab = new Ec2Lab(endpoint);
    const idle = ["berth/base:trixie", "sleep", "900"];
    docker("run", "-d", "--rm", "--name", neighbour, "--network", endpoint.network, ...idle);
    [first, second] = await Promise.all([lab.machine("first"), lab.machine("second")]);
}, 20 * minute);

afterAll(async () => {
    spawnSync("docker", ["rm", "-f", neighbour]);
    await (lab as Ec2Lab | undefined)?.remove();
    await stopLab();
}, minute);

describe("security groups", () => {
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
        expect(stateOf(first.id)).toBe("exited");
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

detailTests(() => lab);
