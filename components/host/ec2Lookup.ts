import { getAmi } from "@pulumi/aws/ec2/getAmi";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity";
import { getInstanceType } from "@pulumi/aws/ec2/getInstanceType";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet";
import { getSubnets } from "@pulumi/aws/ec2/getSubnets";
import type * as pulumi from "@pulumi/pulumi";
import type { Ec2HostConfig } from "./hostSchema";
import { type Architecture, CANONICAL, imageFilters, imageName, knownArchitectures } from "./ubuntuImages";

/** A subnet that can hold an instance. */
export interface Subnet {
    id: string;
    vpcId: string;
    availabilityZone: string;
    /** Whether instances in it get an IPv6 address. */
    ipv6: boolean;
}

/** What AWS knows of the wanted instance. */
export interface Ec2Offer {
    ami: string;
    architecture: string;
    /** One or more, in the order of their zones. */
    subnets: Subnet[];
}

/**
 * Asks AWS for the image, and whether instance type and subnet exist. Nothing is created.
 *
 * @returns the offer, or all mistakes, a line each
 */
export async function lookUpEc2(config: Ec2HostConfig, options: pulumi.InvokeOptions): Promise<Ec2Offer | string[]> {
    const [architecture, subnets] = await Promise.all([
        findArchitecture(config, options),
        findSubnets(config, options),
    ]);
    const ami = typeof architecture === "object" ? await findAmi(config, architecture.name, options) : undefined;
    const mistakes = [architecture, subnets, ami].filter((answer) => typeof answer === "string");
    if (mistakes.length > 0) return [...new Set(mistakes)];
    if (typeof subnets !== "object" || typeof ami !== "object" || typeof architecture !== "object") return mistakes;
    return { ami: ami.id, architecture: architecture.name, subnets };
}

async function findArchitecture(
    { instanceType, architecture }: Ec2HostConfig,
    options: pulumi.InvokeOptions,
): Promise<{ name: Architecture } | string> {
    const place = `berth:host.instanceType: ${JSON.stringify(instanceType)}`;
    const type = await getInstanceType({ instanceType }, options).catch(reasonOf);
    if (typeof type === "string") {
        return /InvalidInstanceType|no matching/i.test(type)
            ? `${place}: there is no such instance type in this region; see: aws ec2 describe-instance-types`
            : noAnswer(type);
    }
    const known = knownArchitectures(type.supportedArchitectures);
    const wanted = architecture ?? known[0];
    if (wanted !== undefined && known.includes(wanted)) return { name: wanted };
    const has = type.supportedArchitectures.join(", ");
    return architecture === undefined
        ? `${place}: its architecture is ${has}; Ubuntu's images are for x86_64 and arm64`
        : `berth:host.architecture: "${architecture}": ${instanceType} has ${has}; leave it out, or choose another type`;
}

async function findAmi(
    { release }: Ec2HostConfig,
    architecture: Architecture,
    options: pulumi.InvokeOptions,
): Promise<{ id: string } | string> {
    const name = imageName(release, architecture);
    const filters = imageFilters(release, architecture);
    const ami = await getAmi({ owners: [CANONICAL], mostRecent: true, filters }, options).catch(reasonOf);
    if (typeof ami !== "string") return { id: ami.id };
    return `berth:host.release: "${release}": Canonical has no image ${name} in this region: ${ami}`;
}

async function findSubnets(config: Ec2HostConfig, options: pulumi.InvokeOptions): Promise<Subnet[] | string> {
    const { subnetId, instanceType } = config;
    if (subnetId !== undefined) {
        const subnet = await readSubnet(subnetId, options).catch(reasonOf);
        if (typeof subnet !== "string") return [subnet];
        return `berth:host.subnetId: "${subnetId}": there is no such subnet in this region: ${subnet}`;
    }
    const ids = await getSubnets({ filters: [{ name: "default-for-az", values: ["true"] }] }, options).catch(reasonOf);
    if (typeof ids === "string") return noAnswer(ids);
    const [subnets, offerings] = await Promise.all([
        Promise.all(ids.ids.map((id) => readSubnet(id, options))),
        getInstanceTypeOfferings(
            { filters: [{ name: "instance-type", values: [instanceType] }], locationType: "availability-zone" },
            options,
        ),
    ]);
    const offering = subnets.filter((subnet) => offerings.locations.includes(subnet.availabilityZone));
    if (offering.length === 0 && offerings.locations.length > 0) {
        return "berth:host.subnetId: it is missing, and the region has no default subnet that fits; name one of yours";
    }
    return (offering.length > 0 ? offering : subnets).sort((a, b) =>
        a.availabilityZone < b.availabilityZone ? -1 : 1,
    );
}

async function readSubnet(id: string, options: pulumi.InvokeOptions): Promise<Subnet> {
    const { vpcId, availabilityZone, ipv6CidrBlock } = await getSubnet({ id }, options);
    return { id, vpcId, availabilityZone, ipv6: Boolean(ipv6CidrBlock) };
}

/**
 * Asks AWS whose the credentials are.
 *
 * @returns the account's id, or why it cannot be told, as a line
 */
export async function accountInUse(): Promise<{ account: string } | string> {
    const caller = await getCallerIdentity().catch(reasonOf);
    return typeof caller === "string" ? noAnswer(caller) : { account: caller.accountId };
}

const noAnswer = (reason: string) =>
    `AWS does not answer, or refuses: ${reason.replace(/^.*exceeded maximum number of attempts[^:]*: */i, "")}`;

/** The error's own words, in one line, without the way they took. */
function reasonOf(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error);
    return text
        .replace(/\s+/g, " ")
        .replace(/^.*?error: /i, "")
        .trim();
}
