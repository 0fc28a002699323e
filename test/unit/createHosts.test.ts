import { type HostsArgs, createHosts } from "../../components/host/hosts";
import { hostSchema } from "../../components/host/hostSchema";
import { privateKey, publicKey } from "./keys";
import { answers, calls, registered, reset, settle } from "./mocks";

const STATE = "pulumi:pulumi:readStackResourceOutputs";
const CALLER = "aws:index/getCallerIdentity:getCallerIdentity";
const urn = (type: string, name: string) => `urn:pulumi:test::berth::${type}::${name}`;
const stateOf = (...resources: [type: string, name: string, outputs: object][]) => {
    const all = resources.map(([type, name, outputs]) => [urn(type, name), { type, outputs }]);
    answers[STATE] = { outputs: Object.fromEntries(all) as object };
};
const arn = "arn:aws:ec2:eu-central-1:111111111111:instance/i-1";
const server = {
    generation: 1,
    architecture: "x86_64",
    elasticIp: true,
    dataDisk: "own",
    diskDies: false,
    clientKey: publicKey,
    protected: false,
};
const onAws = (facts: object = {}, ...names: string[]) =>
    stateOf(
        ["aws:ec2/instance:Instance", "host-instance", { arn }],
        ...["host", ...names].map((name): [string, string, object] => [
            "berth:index:Ec2Host",
            name,
            { server: { ...server, ...facts } },
        ]),
    );
const embedded = () =>
    stateOf(
        ["berth:index:LocalHost", "host", {}],
        ["docker:index/volume:Volume", "host-docker", { name: "berth-test-docker" }],
    );

const CONFIG = {
    local: { kind: "local", image: "berth/host:x", sshPort: 20022 },
    ec2: { kind: "ec2", sshFrom: ["203.0.113.4/32"], dataDisk: {}, privateKey },
    existing: { kind: "existing", address: "203.0.113.9", hostKey: publicKey, privateKey },
};

/** What is refused; undefined where the hosts are made. */
async function refusal(config: object, more: Partial<HostsArgs> = {}): Promise<string | undefined> {
    reset();
    calls.length = 0;
    const made = await createHosts({
        config: hostSchema.parse(config),
        hostName: "berth-test",
        published: [],
        ports: [],
        labels: { "berth.stack": "test" },
        protectVolumes: true,
        clone: "/clone",
        account: { region: "eu-central-1", configured: true },
        ...more,
    }).then(
        () => undefined,
        (error: Error) => error.message,
    );
    await settle();
    if (made !== undefined) expect(registered()).toEqual([]);
    return made;
}

beforeEach(() => {
    answers[CALLER] = { accountId: "111111111111" };
    answers["aws:ec2/getInstanceType:getInstanceType"] = { supportedArchitectures: ["x86_64"] };
    answers["aws:ec2/getSubnets:getSubnets"] = { ids: ["subnet-1"] };
    answers["aws:ec2/getSubnet:getSubnet"] = { vpcId: "vpc-1", availabilityZone: "eu-central-1a" };
    answers["aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"] = { locations: ["eu-central-1a"] };
    answers["aws:ec2/getAmi:getAmi"] = { id: "ami-1" };
});

test("a stack on AWS whose state is an older version's is planned as before", async () => {
    onAws();
    expect(await refusal(CONFIG.ec2)).toBeUndefined();
    expect(registered().some(({ type }) => type === "aws:ec2/instance:Instance")).toBe(true);
});

test("a stack of which nothing is there yet asks AWS nothing about its account", async () => {
    stateOf(["berth:index:Ec2Host", "host", {}]);
    expect(await refusal(CONFIG.ec2)).toBeUndefined();
    expect(calls.map(({ token }) => token)).not.toContain(CALLER);
});

test.each<[string, () => void, object, Partial<HostsArgs>, RegExp]>([
    ["kind: ec2", embedded, CONFIG.ec2, {}, /berth:host\.kind: .*kind local.*down -s test/],
    ["kind: existing", embedded, CONFIG.existing, {}, /berth:host\.kind: .*says existing/],
    ["kind: local", onAws, CONFIG.local, {}, /berth:host\.kind: .*kind ec2/],
    ["another stack's name", embedded, CONFIG.local, { hostName: "berth-prod" }, /called berth-test/],
    ["a region", onAws, CONFIG.ec2, { account: { region: "us-east-1", configured: true } }, /aws:region: .*us-east-1/],
    [
        "the lab",
        onAws,
        CONFIG.ec2,
        { lab: { network: "x", ec2: { endpoint: "http://x", region: "eu-central-1" } } },
        /berth:lab: .*on AWS/,
    ],
])("%s in the config of a server that is elsewhere is refused, even where volumes may go", async (...all) => {
    const [, before, config, more, message] = all;
    before();
    for (const protectVolumes of [true, false]) {
        expect(await refusal(config, { ...more, protectVolumes })).toMatch(message);
    }
    expect(calls.filter(({ token }) => token.startsWith("aws:"))).toEqual([]);
});

test("credentials of another account are refused before anything else is asked with them", async () => {
    onAws();
    answers[CALLER] = { accountId: "222222222222" };
    expect(await refusal(CONFIG.ec2)).toMatch(/^AWS: .*111111111111.*222222222222/);
    answers[CALLER] = new Error("ExpiredToken: the token is expired");
    expect(await refusal(CONFIG.ec2)).toMatch(/^AWS does not answer, or refuses: ExpiredToken/);
    expect(calls.filter(({ token }) => token.startsWith("aws:")).map(({ token }) => token)).toEqual([CALLER]);
});

test("a count that shrinks is refused while volumes are on the server that would go", async () => {
    onAws({ dataDisk: "none" }, "host-2");
    const config = { ...CONFIG.ec2, dataDisk: undefined };
    expect(await refusal(config)).toMatch(/^berth:host\.count: .*named volumes.*protectVolumes false/);
    expect(await refusal({ ...config, count: 2 })).toBeUndefined();
    expect(await refusal(config, { protectVolumes: false })).toBeUndefined();
});

test("a data disk that goes, or is another one, is refused", async () => {
    onAws();
    expect(await refusal({ ...CONFIG.ec2, dataDisk: undefined })).toMatch(/^berth:host\.dataDisk: /);
    const other = { ...CONFIG.ec2, dataDisk: { volumeId: "vol-0a1b2c3d" } };
    expect(await refusal(other)).toMatch(/^berth:host\.dataDisk: /);
    expect(await refusal({ ...other, generation: 2 })).toMatch(/^berth:host\.generation: .*put dataDisk back \(own\)/);
    expect(await refusal({ ...other, generation: 2 }, { protectVolumes: false })).toBeUndefined();
});
