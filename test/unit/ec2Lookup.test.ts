import { type Ec2Offer, lookUpEc2 } from "../../components/host/ec2Lookup";
import { type Ec2HostConfig, hostSchema } from "../../components/host/hostSchema";
import { answers, calls } from "./mocks";

const config = (values: object = {}) =>
    hostSchema.parse({ kind: "ec2", sshFrom: ["203.0.113.4/32"], ...values }) as Ec2HostConfig;
const token = (name: string) => `aws:ec2/${name}:${name}`;
const subnet = (id: string, availabilityZone: string) => ({ id, vpcId: "vpc-1", availabilityZone, ipv6CidrBlock: "" });

beforeEach(() => {
    calls.length = 0;
    answers[token("getAmi")] = { id: "ami-1" };
    answers[token("getInstanceType")] = { supportedArchitectures: ["i386", "x86_64"] };
    answers[token("getSubnets")] = { ids: ["subnet-b"] };
    answers[token("getSubnet")] = subnet("subnet-b", "eu-central-1b");
    answers[token("getInstanceTypeOfferings")] = { locations: ["eu-central-1a", "eu-central-1b"] };
});
const amiFilters = () => {
    const { inputs } = calls.find((c) => c.token === token("getAmi")) ?? {};
    return inputs as { owners: string[]; filters: { name: string; values: string[] }[] };
};

test("the image is Canonical's newest of the release, for the type's architecture", async () => {
    expect(await lookUpEc2(config(), {})).toMatchObject({ ami: "ami-1", subnets: [{ id: "subnet-b", ipv6: false }] });
    expect(amiFilters()).toMatchObject({
        owners: ["099720109477"],
        mostRecent: true,
        filters: [{ values: ["ubuntu/images/hvm-ssd*/ubuntu-*-24.04-amd64-server-*"] }, { values: ["x86_64"] }, {}],
    });
});

test("an ARM type gets an ARM image", async () => {
    answers[token("getInstanceType")] = { supportedArchitectures: ["arm64"] };
    await lookUpEc2(config({ instanceType: "t4g.small", release: "22.04" }), {});
    expect(amiFilters().filters[0]?.values).toEqual(["ubuntu/images/hvm-ssd*/ubuntu-*-22.04-arm64-server-*"]);
});

test("a zone that does not offer the type is passed over", async () => {
    answers[token("getInstanceTypeOfferings")] = { locations: ["eu-central-1a"] };
    expect(await lookUpEc2(config(), {})).toEqual([expect.stringMatching(/^berth:host\.subnetId: it is missing/)]);
});

test("the subnet that is named is taken as it is, with its IPv6", async () => {
    answers[token("getSubnet")] = { ...subnet("subnet-0a1b2c3d", "eu-central-1c"), ipv6CidrBlock: "2001:db8::/64" };
    const offer = (await lookUpEc2(config({ subnetId: "subnet-0a1b2c3d" }), {})) as Ec2Offer;
    expect(offer.subnets).toEqual([
        { id: "subnet-0a1b2c3d", vpcId: "vpc-1", availabilityZone: "eu-central-1c", ipv6: true },
    ]);
});

test("what AWS does not have is told together, each with its place", async () => {
    answers[token("getInstanceType")] = new Error("InvalidInstanceType: no");
    answers[token("getSubnet")] = new Error("InvalidSubnetID.NotFound");
    expect(await lookUpEc2(config({ subnetId: "subnet-0a1b2c3d" }), {})).toEqual([
        expect.stringMatching(/^berth:host\.instanceType: "t3\.small": there is no such instance type/),
        expect.stringMatching(/^berth:host\.subnetId: "subnet-0a1b2c3d": there is no such subnet/),
    ]);
});

test.each([
    [{ architecture: "arm64" }, ["x86_64"], /^berth:host\.architecture: "arm64": t3\.small has x86_64/],
    [{}, ["i386"], /^berth:host\.instanceType: .*its architecture is i386/],
])("%j on a type of %j is refused", async (values, supportedArchitectures, message) => {
    answers[token("getInstanceType")] = { supportedArchitectures };
    expect(await lookUpEc2(config(values), {})).toEqual([expect.stringMatching(message)]);
});
