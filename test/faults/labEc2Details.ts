import {
    AuthorizeSecurityGroupIngressCommand,
    CreateVolumeCommand,
    DeleteVolumeCommand,
    DescribeInstanceAttributeCommand,
    DescribeSecurityGroupRulesCommand,
    DescribeVolumesCommand,
    ModifyInstanceAttributeCommand,
    ModifyInstanceMetadataOptionsCommand,
    ModifySecurityGroupRulesCommand,
    MonitorInstancesCommand,
    StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import {
    AddRoleToInstanceProfileCommand,
    AttachRolePolicyCommand,
    CreateInstanceProfileCommand,
    CreateRoleCommand,
    DeleteInstanceProfileCommand,
    DeleteRoleCommand,
    DetachRolePolicyCommand,
    IAMClient,
    RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";
import { type Ec2Lab, code, credentials, name, tcp } from "../hosts/labEc2Client";

/** What the API keeps and answers as EC2 does, where moto by itself would not. */
export function detailTests(lab: () => Ec2Lab): void {
    test("an instance keeps what it was launched with and what was changed later", async () => {
        const { ec2 } = lab();
        const id = await lab().launch({
            DisableApiTermination: true,
            EbsOptimized: true,
            MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 2 },
            BlockDeviceMappings: [
                { DeviceName: "/dev/sda1", Ebs: { Encrypted: true, VolumeType: "gp3", Throughput: 200 } },
            ],
            TagSpecifications: [{ ResourceType: "volume", Tags: [{ Key: "a", Value: "b" }] }],
        });
        await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: id, HttpPutResponseHopLimit: 3 }));
        await ec2.send(new MonitorInstancesCommand({ InstanceIds: [id] }));
        const instance = await lab().describe(id);
        expect(instance).toMatchObject({
            EbsOptimized: true,
            MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 3, HttpEndpoint: "enabled" },
            Monitoring: { State: "enabled" },
            BlockDeviceMappings: [{ DeviceName: "/dev/sda1", Ebs: { DeleteOnTermination: true } }],
        });
        const volume = instance.BlockDeviceMappings![0]!.Ebs!.VolumeId!;
        const { Volumes } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [volume] }));
        expect(Volumes![0]).toMatchObject({
            Encrypted: true,
            VolumeType: "gp3",
            Size: 8,
            Throughput: 200,
            Tags: [{ Key: "a", Value: "b" }],
        });
        const attribute = { InstanceId: id, Attribute: "disableApiTermination" as const };
        const { DisableApiTermination } = await ec2.send(new DescribeInstanceAttributeCommand(attribute));
        expect(DisableApiTermination).toEqual({ Value: true });

        const resize = () =>
            ec2.send(new ModifyInstanceAttributeCommand({ InstanceId: id, InstanceType: { Value: "t3.medium" } }));
        expect(await code(resize())).toBe("IncorrectInstanceState");
        await ec2.send(new StopInstancesCommand({ InstanceIds: [id] }));
        await resize();
        expect((await lab().describe(id)).InstanceType).toBe("t3.medium");
    });

    test("rules have ids, descriptions and tags, and all kinds of them can be changed", async () => {
        const { ec2 } = lab();
        const group = await lab().group("rules");
        const { SecurityGroupRules } = await ec2.send(
            new AuthorizeSecurityGroupIngressCommand({
                GroupId: group,
                IpPermissions: [
                    { ...tcp(1000), IpRanges: undefined, Ipv6Ranges: [{ CidrIpv6: "::/0", Description: "six" }] },
                    { ...tcp(1001, { group }), UserIdGroupPairs: [{ GroupId: group, Description: "self" }] },
                ],
                TagSpecifications: [{ ResourceType: "security-group-rule", Tags: [{ Key: "a", Value: "b" }] }],
            }),
        );
        expect(SecurityGroupRules).toMatchObject([
            { CidrIpv6: "::/0", Description: "six", Tags: [{ Key: "a", Value: "b" }] },
            { ReferencedGroupInfo: { GroupId: group }, Description: "self" },
        ]);
        const [six, self] = SecurityGroupRules!.map((rule) => rule.SecurityGroupRuleId!);
        const ports = { IpProtocol: "tcp", FromPort: 2000, ToPort: 2001 };
        await ec2.send(
            new ModifySecurityGroupRulesCommand({
                GroupId: group,
                SecurityGroupRules: [
                    { SecurityGroupRuleId: six, SecurityGroupRule: { ...ports, CidrIpv6: "2001:db8::/32" } },
                    { SecurityGroupRuleId: self, SecurityGroupRule: { IpProtocol: "-1", ReferencedGroupId: group } },
                ],
            }),
        );
        const seen = await ec2.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [six!, self!] }));
        expect(seen.SecurityGroupRules).toMatchObject([{ ...ports, CidrIpv6: "2001:db8::/32" }, { IpProtocol: "-1" }]);
        const wrong = { ...tcp(1), FromPort: 9, ToPort: 8 };
        expect(await code(lab().open(group, wrong))).toBe("InvalidParameterValue");
    });

    test("an instance has a profile whose role has Amazon's own policy for Systems Manager", async () => {
        const { endpoint, region } = lab().ec2.config;
        const iam = new IAMClient({ endpoint: endpoint, region, credentials });
        const [RoleName, InstanceProfileName] = [name("role"), name("profile")];
        const policy = { RoleName, PolicyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" };
        await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: "{}" }));
        await iam.send(new AttachRolePolicyCommand(policy));
        const { InstanceProfile } = await iam.send(new CreateInstanceProfileCommand({ InstanceProfileName }));
        await iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName }));
        const id = await lab().launch({ IamInstanceProfile: { Name: InstanceProfileName } });
        expect((await lab().describe(id)).IamInstanceProfile!.Arn).toBe(InstanceProfile!.Arn);
        await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName }));
        await iam.send(new DeleteInstanceProfileCommand({ InstanceProfileName }));
        await iam.send(new DetachRolePolicyCommand(policy));
        await iam.send(new DeleteRoleCommand({ RoleName }));
        iam.destroy();
    });

    test("the same client token makes one volume", async () => {
        const request = { AvailabilityZone: "us-east-1a", Size: 1, ClientToken: name("volume") };
        const { VolumeId } = await lab().ec2.send(new CreateVolumeCommand(request));
        expect((await lab().ec2.send(new CreateVolumeCommand(request))).VolumeId).toBe(VolumeId);
        await lab().ec2.send(new DeleteVolumeCommand({ VolumeId }));
    });
}
