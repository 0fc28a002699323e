import * as pulumi from "@pulumi/pulumi";
import { createDataDisk } from "./ec2DataDisk";
import type { Ec2Offer, Subnet } from "./ec2Lookup";
import { createInstance } from "./ec2Machine";
import { createElasticIp, createSecurityGroup } from "./ec2Network";
import type { Exposure } from "./exposure";
import type { Host, SshConnection, SshProxy } from "./host";
import type { Ec2HostConfig } from "./hostSchema";
import { ec2Placement } from "./placement";
import { factsOf } from "./runningServer";
import { type GivenKey, SshIdentity } from "./sshIdentity";

/** The login of Ubuntu's cloud images. */
const USER = "ubuntu";

export interface Ec2HostArgs {
    /** What tells this server from others in AWS's console: its tag `Name`. */
    hostName: string;
    /** What the stack's config says of it. */
    config: Ec2HostConfig;
    /** What AWS has for it. */
    offer: Ec2Offer;
    /** One of the offer's. */
    subnet: Subnet;
    /** Which ports the security group opens, and to whom. */
    exposure: Exposure[];
    /** The person's own key. Default: one that is made */
    clientKey?: GivenKey;
    /** A jump host. Default: none */
    proxy?: SshProxy;
    /** Tags on everything that can be tagged. */
    tags: Record<string, string>;
    /** Whether AWS is the lab's endpoint. Default: false */
    inLab?: boolean;
}

/**
 * An Ubuntu instance on EC2: IMDSv2 only, encrypted disks, a security group of its own that opens what services
 * publish, the host key in its user data, and an elastic IP. What a server is made from is pinned when it is made;
 * `config.generation` asks for a new one.
 */
export class Ec2Host extends pulumi.ComponentResource implements Host {
    readonly dedicated = true;
    readonly connection: SshConnection;
    readonly address: pulumi.Output<string>;
    readonly machineId: pulumi.Output<string>;
    readonly dataId: pulumi.Output<string>;
    readonly dataResource: pulumi.Resource;

    constructor(name: string, args: Ec2HostArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:Ec2Host", name, {}, opts);
        const { config, subnet, exposure, hostName } = args;
        const options = { parent: this };
        const tags = { ...args.tags, Name: hostName };

        const identity = new SshIdentity(`${name}-ssh`, { client: args.clientKey }, options);
        const group = createSecurityGroup(
            `${name}-group`,
            { vpcId: subnet.vpcId, ipv6: subnet.ipv6, exposure, tags, hostName },
            options,
        );
        const instance = createInstance(name, args, { user: USER, identity, securityGroupId: group.id, tags }, options);
        const elastic = config.elasticIp ? createElasticIp(`${name}-address`, instance, tags, options) : undefined;

        this.address = elastic?.eip.publicIp ?? (args.proxy ? instance.privateIp : instance.publicIp);
        this.connection = {
            host: args.proxy ? instance.privateIp : this.address,
            port: 22,
            user: USER,
            privateKey: identity.client.privateKey,
            identityFile: identity.identityFile,
            hostKey: identity.host.publicKey,
            proxy: args.proxy,
        };
        const disk =
            config.dataDisk &&
            createDataDisk(
                `${name}-data`,
                config.dataDisk,
                {
                    instance,
                    availabilityZone: subnet.availabilityZone,
                    connection: this.connection,
                    tags,
                    reachable: elastic ? [elastic.association] : [],
                },
                options,
            );
        // What is installed waits until the address leads to this very instance and its disk is in place.
        const ready = pulumi.all([elastic?.association.id, disk?.mounted.urn]);
        this.machineId = pulumi.all([instance.id, ready]).apply(([id]) => id);
        this.dataId = disk?.volumeId ?? instance.id;
        this.dataResource = instance;
        const server = factsOf(config, args.offer.architecture, args.clientKey);
        const placement = instance.arn.apply((arn) => ec2Placement(arn, args.inLab));
        this.registerOutputs({ address: this.address, machineId: this.machineId, server, placement });
    }
}
