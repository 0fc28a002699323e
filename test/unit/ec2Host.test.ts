import * as pulumi from "@pulumi/pulumi";
import { DockerEngine } from "../../components/engine";
import { Ec2Host, type Ec2HostArgs } from "../../components/host/ec2Host";
import { ruleDescription } from "../../components/host/ec2Network";
import { exposureOf } from "../../components/host/exposure";
import { type Ec2HostConfig, hostSchema } from "../../components/host/hostSchema";
import { privateKey, publicKey } from "./keys";
import { inputsOf, isSecret, names, registered, reset, settle, unwrap, takeHooks } from "./mocks";

const subnet = { id: "subnet-1", vpcId: "vpc-1", availabilityZone: "eu-central-1a", ipv6: false };
const published = [80, 8080].map((port) => ({ port, service: "web", place: `ports[${port}]` }));

function configOf(values: object = {}): Ec2HostConfig {
    return hostSchema.parse({ kind: "ec2", sshFrom: ["203.0.113.4/32"], ...values }) as Ec2HostConfig;
}

async function build(values: object = {}, more: Partial<Ec2HostArgs> = {}) {
    reset();
    const config = configOf(values);
    const used = { ...subnet, ...more.subnet };
    const host = new Ec2Host("host", {
        hostName: "berth-test",
        config,
        offer: { ami: "ami-1", architecture: "x86_64", subnets: [used] },
        exposure: exposureOf(config, published, used.ipv6),
        tags: { "berth.stack": "test", team: "web" },
        ...more,
        subnet: used,
    });
    new DockerEngine("engine", { host, labels: { "berth.stack": "test" }, users: [] });
    await settle();
    return host;
}
const valueOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));
const ofType = (type: string) => registered().filter((r) => r.type === type);
const inputsOfType = <T>(type: string) => ofType(type).map((r) => r.inputs as T);
interface Rule {
    fromPort: number;
    description: string;
}

test("metadata takes a session token only, and does not travel past the host", async () => {
    await build();
    expect(inputsOf("host-instance").metadataOptions).toEqual({
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
    });
});

test("the system's disk is encrypted gp3 and goes with the instance", async () => {
    await build();
    expect(inputsOf("host-instance").rootBlockDevice).toMatchObject({
        encrypted: true,
        volumeType: "gp3",
        volumeSize: 20,
        deleteOnTermination: true,
    });
    expect(inputsOf("host-instance").ebsOptimized).toBe(true);
});

test("SSH is open to the named addresses only, and every rule says why it is there", async () => {
    await build({ open: { "8080": ["198.51.100.0/24"] } });
    const rules = inputsOfType<Rule>("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    expect(rules).toEqual([
        expect.objectContaining({ fromPort: 22, toPort: 22, cidrIpv4: "203.0.113.4/32", ipProtocol: "tcp" }),
        expect.objectContaining({ fromPort: 80, toPort: 80, cidrIpv4: "0.0.0.0/0" }),
        expect.objectContaining({ fromPort: 8080, toPort: 8080, cidrIpv4: "198.51.100.0/24" }),
    ]);
    const egress = inputsOfType<Rule>("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule");
    for (const { description } of [...rules, ...egress]) {
        expect(description).toMatch(/\w{3}/);
        expect(ruleDescription(description)).toBe(description); // AWS takes no other signs
    }
    expect(inputsOf("host-group").description).toMatch(/berth-test/);
    expect(inputsOf("host-group").ingress).toBeUndefined();
});

test("each protocol has rules of its own, a range one rule, and the rule of a TCP port its old name", async () => {
    const range = [7000, 7001, 7002].map((port) => ({
        port,
        protocol: "udp" as const,
        service: "voice",
        place: "ports[0]",
    }));
    const config = configOf({ open: { "7000-7010/udp": ["198.51.100.0/24"], "8080": ["198.51.100.0/24"] } });
    const http3 = { port: 443, protocol: "udp" as const, service: "web", place: "ports[443/udp]" };
    await build({}, { exposure: exposureOf(config, [...published, http3, ...range]) });
    const rules = registered().filter((r) => r.name.startsWith("host-group-") && r.type.includes("Ingress"));
    expect(rules.map(({ name, inputs }) => [name, inputs as object])).toEqual([
        ["host-group-22-from-203.0.113.4/32", expect.objectContaining({ ipProtocol: "tcp" })],
        ["host-group-80-from-0.0.0.0/0", expect.objectContaining({ ipProtocol: "tcp" })],
        ["host-group-8080-from-198.51.100.0/24", expect.objectContaining({ ipProtocol: "tcp" })],
        [
            "host-group-7000-7002-udp-from-198.51.100.0/24",
            expect.objectContaining({ ipProtocol: "udp", fromPort: 7000, toPort: 7002 }),
        ],
    ]);
});

test("a published port that nobody opens has no rule", async () => {
    await build();
    const rules = inputsOfType<Rule>("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule");
    const ports = rules.map(({ fromPort }) => fromPort);
    expect(ports).toEqual([22, 80]);
});

test("where the subnet has IPv6, the host has an address and the web ports are open there too", async () => {
    await build({}, { subnet: { ...subnet, ipv6: true } });
    expect(inputsOf("host-instance").ipv6AddressCount).toBe(1);
    expect(names()).toEqual(expect.arrayContaining(["host-group-80-from-::/0", "host-group-to-::/0"]));
});

test("the host key travels in the user data, a secret, and is pinned on the way in", async () => {
    await build();
    const { userData } = inputsOf("host-instance");
    expect(isSecret(userData)).toBe(true);
    expect(unwrap(userData)).toContain("BEGIN OPENSSH PRIVATE KEY");
    const connection = unwrap(inputsOf("engine-install").connection) as Record<string, unknown>;
    expect(unwrap(connection.hostKey)).toBe(publicKey);
    expect(connection.host).toBe("198.51.100.7");
});

test("the person's own key is used where it is given, from its own file", async () => {
    await build({}, { clientKey: { privateKey, file: "${HOME}/.ssh/id_ed25519" } });
    expect(inputsOf("host-key").publicKey).toBe(publicKey);
    expect(ofType("command:local:Command").map((r) => r.name)).toEqual(["host-ssh-host-key"]);
    expect(JSON.stringify(unwrap(inputsOf("engine-engine").sshOpts))).toContain("IdentityFile=${HOME}/.ssh/id_ed25519");
});

test("another generation is another server: the first one's pins do not hold it", async () => {
    await build({ generation: 2, dataDisk: {} });
    expect(names()).toContain("host-instance-2");
    expect(names()).not.toContain("host-instance");
});

test("a data disk is encrypted, kept, mounted before Docker, and tells by itself whether the data is new", async () => {
    const host = await build({ dataDisk: { size: 50 } });
    expect(inputsOf("host-data")).toMatchObject({
        size: 50,
        type: "gp3",
        encrypted: true,
        availabilityZone: "eu-central-1a",
    });
    expect(inputsOf("host-data-attachment")).toMatchObject({ stopInstanceBeforeDetaching: true });
    expect(inputsOf("host-data-mount")).toMatchObject({ create: "sudo -n bash -s -- host-data-id" });
    expect(await valueOf(host.dataId)).toBe("host-data-id");
    expect(await valueOf(host.machineId)).toBe("host-instance-id");
});

test("a volume that exists is taken, not made", async () => {
    const host = await build({ dataDisk: { volumeId: "vol-0a1b2c3d" } });
    expect(names()).not.toContain("host-data");
    expect(inputsOf("host-data-attachment").volumeId).toBe("vol-0a1b2c3d");
    expect(await valueOf(host.dataId)).toBe("vol-0a1b2c3d");
});

test("every option reaches AWS", async () => {
    await build({
        instanceType: "t4g.small",
        terminationProtection: true,
        detailedMonitoring: true,
        ssm: true,
        spot: true,
        rootDisk: { size: 30, iops: 4000 },
    });
    expect(inputsOf("host-instance")).toMatchObject({
        ami: "ami-1",
        instanceType: "t4g.small",
        disableApiTermination: true,
        monitoring: true,
        iamInstanceProfile: "host-profile",
        instanceMarketOptions: { marketType: "spot" },
        rootBlockDevice: { volumeSize: 30, iops: 4000 },
    });
    expect(inputsOf("host-role-ssm").policyArn).toBe("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore");
});

test("without an elastic IP the instance's own address counts; behind a jump host the private one", async () => {
    expect(await valueOf((await build({ elasticIp: false })).address)).toBe("198.51.100.8");
    const proxy = {
        host: "jump.example.com",
        port: 22,
        user: "me",
        hostKey: publicKey,
        privateKey: pulumi.secret(privateKey),
        identityFile: pulumi.output("/k"),
    };
    takeHooks();
    const hidden = await build({ elasticIp: false }, { proxy });
    expect(await valueOf(hidden.address)).toBe("10.0.0.8");
    const connection = unwrap(inputsOf("engine-install").connection) as { proxy: { host: string; hostKey: string } };
    expect(connection.proxy).toMatchObject({ host: "jump.example.com", hostKey: publicKey });
    expect(JSON.stringify(unwrap(inputsOf("engine-engine").sshOpts))).toContain("ProxyCommand=ssh");
    expect(names()).not.toContain("host-address");
});

test("everything that can have tags has the stack's and the person's", async () => {
    await build({ dataDisk: {}, ssm: true });
    const untaggable = /eipAssociation|volumeAttachment|rolePolicyAttachment/;
    const made = registered().filter((r) => r.type.startsWith("aws:") && !untaggable.test(r.type));
    expect(made.length).toBeGreaterThan(8);
    for (const { inputs } of made) {
        expect((inputs as { tags: object }).tags).toMatchObject({
            "berth.stack": "test",
            team: "web",
            Name: "berth-test",
        });
    }
});
