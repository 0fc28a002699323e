import { Instance } from "@pulumi/aws/ec2/instance";
import { KeyPair } from "@pulumi/aws/ec2/keyPair";
import { InstanceProfile } from "@pulumi/aws/iam/instanceProfile";
import { Role } from "@pulumi/aws/iam/role";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment";
import type * as pulumi from "@pulumi/pulumi";
import type { Ec2Offer, Subnet } from "./ec2Lookup";
import type { Ec2HostConfig } from "./hostSchema";
import { type SshIdentity, userDataOf } from "./sshIdentity";

/** AWS's own policy for hosts that Session Manager reaches. */
const SSM_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";

/**
 * What would make AWS replace an instance, or stop and start it, without anybody having asked. It is pinned at
 * creation; another generation has another name, and takes today's values.
 */
const PINNED = [
    "ami",
    "userData",
    "userDataBase64",
    "keyName",
    "subnetId",
    "availabilityZone",
    "associatePublicIpAddress",
    "ipv6AddressCount",
    "instanceMarketOptions",
    "rootBlockDevice.encrypted",
    "rootBlockDevice.kmsKeyId",
];

/** The instance of the wanted generation, locked down, and its key pair. */
export function createInstance(
    name: string,
    args: { config: Ec2HostConfig; offer: Ec2Offer; subnet: Subnet },
    parts: { user: string; identity: SshIdentity; securityGroupId: pulumi.Input<string>; tags: Record<string, string> },
    options: pulumi.CustomResourceOptions,
): Instance {
    const { config, offer } = args;
    const { identity, tags } = parts;
    const keyPair = new KeyPair(`${name}-key`, { publicKey: identity.client.publicKey, tags }, options);
    const generation = config.generation === 1 ? "" : `-${config.generation}`;
    return new Instance(
        `${name}-instance${generation}`,
        {
            ami: offer.ami,
            instanceType: config.instanceType,
            keyName: keyPair.keyName,
            userData: userDataOf(parts.user, identity),
            userDataReplaceOnChange: false,
            subnetId: args.subnet.id,
            vpcSecurityGroupIds: [parts.securityGroupId],
            ...(args.subnet.ipv6 && { ipv6AddressCount: 1 }),
            metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
            rootBlockDevice: {
                encrypted: true,
                volumeType: "gp3",
                volumeSize: config.rootDisk.size,
                ...(config.rootDisk.iops !== undefined && { iops: config.rootDisk.iops }),
                deleteOnTermination: true,
                tags,
            },
            ebsOptimized: true,
            disableApiTermination: config.terminationProtection,
            monitoring: config.detailedMonitoring,
            ...(config.ssm && { iamInstanceProfile: createSsmProfile(name, tags, options).name }),
            ...(config.spot && {
                instanceMarketOptions: {
                    marketType: "spot",
                    spotOptions: { spotInstanceType: "persistent", instanceInterruptionBehavior: "stop" },
                },
            }),
            tags,
        },
        { ...options, ignoreChanges: PINNED },
    );
}

function createSsmProfile(name: string, tags: Record<string, string>, options: pulumi.CustomResourceOptions) {
    const role = new Role(
        `${name}-role`,
        {
            description: "Session Manager reaches this host of Berth",
            assumeRolePolicy: JSON.stringify({
                Version: "2012-10-17",
                Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
            }),
            tags,
        },
        options,
    );
    new RolePolicyAttachment(`${name}-role-ssm`, { role: role.name, policyArn: SSM_POLICY }, options);
    return new InstanceProfile(`${name}-profile`, { role: role.name, tags }, options);
}
