import { Eip } from "@pulumi/aws/ec2/eip";
import { EipAssociation } from "@pulumi/aws/ec2/eipAssociation";
import type { Instance } from "@pulumi/aws/ec2/instance";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule";
import type * as pulumi from "@pulumi/pulumi";
import { EVERYONE, isIpv6Range } from "./cidr";
import type { Exposure } from "./exposure";

type Tags = Record<string, string>;

const address = (range: string) => (isIpv6Range(range) ? { cidrIpv6: range } : { cidrIpv4: range });

/** Rule descriptions allow a few signs only. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html */
export const ruleDescription = (text: string) =>
    text.replace(/[^A-Za-z0-9 ._\-:/()#,@[\]+=&;{}!$*]/g, " ").slice(0, 255);

/** A security group that lets in what the exposure table says, and lets everything out. */
export function createSecurityGroup(
    name: string,
    args: { vpcId: string; ipv6: boolean; exposure: Exposure[]; tags: Tags; hostName: string },
    options: pulumi.CustomResourceOptions,
): SecurityGroup {
    const { vpcId, ipv6, exposure, tags } = args;
    const description = ruleDescription(`Host ${args.hostName} of Berth`);
    const group = new SecurityGroup(name, { vpcId, description, tags }, options);
    for (const { port, to, protocol, from, why } of exposure) {
        const ports = [port, to, protocol].filter((part) => part !== undefined).join("-");
        for (const range of from) {
            new SecurityGroupIngressRule(
                `${name}-${ports}-from-${range}`,
                {
                    securityGroupId: group.id,
                    ipProtocol: protocol ?? "tcp",
                    fromPort: port,
                    toPort: to ?? port,
                    ...address(range),
                    description: ruleDescription(why),
                    tags,
                },
                options,
            );
        }
    }
    for (const range of ipv6 ? [EVERYONE.ipv4, EVERYONE.ipv6] : [EVERYONE.ipv4]) {
        new SecurityGroupEgressRule(
            `${name}-to-${range}`,
            {
                securityGroupId: group.id,
                ipProtocol: "-1",
                ...address(range),
                description: "Packages, images and answers",
                tags,
            },
            options,
        );
    }
    return group;
}

/** An elastic IP of the instance. It is made apart from it, so that it outlives a new server. */
export function createElasticIp(name: string, instance: Instance, tags: Tags, options: pulumi.CustomResourceOptions) {
    const eip = new Eip(name, { domain: "vpc", tags }, options);
    const association = new EipAssociation(
        `${name}-association`,
        { allocationId: eip.id, instanceId: instance.id, allowReassociation: true },
        options,
    );
    return { eip, association };
}
