import * as fc from "fast-check";
import {
    type KnownResource,
    type Placement,
    ec2Placement,
    placementMistakes,
    placementsIn,
} from "../../components/host/placement";
import { publicKey } from "./keys";

const OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOther";
const arn = (region: string, account: string) => `arn:aws:ec2:${region}:${account}:instance/i-0a1b2c3d4e5f60718`;
const urn = (type: string, name: string) => `urn:pulumi:test::berth::${type}::${name}`;
const resource = (type: string, name: string, outputs: unknown): KnownResource => ({
    urn: urn(type, name),
    type,
    outputs,
});

/** What Berth's earlier versions left in a state, of each kind of host. */
const OLD: Record<string, KnownResource[]> = {
    local: [
        resource("berth:index:LocalHost", "host", { address: "127.0.0.1", machineId: "abc" }),
        resource("pulumi:providers:docker", "host-local-engine", { host: "unix:///var/run/docker.sock" }),
        resource("docker:index/volume:Volume", "host-docker", { name: "berth-test-docker" }),
        resource("docker:index/container:Container", "host-machine", { name: "berth-test" }),
    ],
    ec2: [
        resource("berth:index:Ec2Host", "host", { address: "198.51.100.7" }),
        resource("aws:ec2/eip:Eip", "host-address", { arn: "arn:aws:ec2:eu-central-1::elastic-ip/eipalloc-1" }),
        resource("aws:ec2/instance:Instance", "host-instance", { arn: arn("eu-central-1", "111111111111") }),
        resource("pulumi:providers:aws", "default_7_48_0", { region: "eu-central-1" }),
    ],
    lab: [
        resource("berth:index:Ec2Host", "host", { address: "172.20.0.5" }),
        resource("aws:ec2/instance:Instance", "host-instance", { arn: arn("eu-central-1", "123456789012") }),
        resource("pulumi:providers:aws", "aws", { endpoints: '[{"ec2":"http://172.20.0.2:5000"}]' }),
    ],
    existing: [
        resource("berth:index:ExistingHost", "host", { address: "203.0.113.9" }),
        resource("pulumi:providers:docker", "engine-engine", {
            host: "ssh://admin@203.0.113.9:2222",
            sshOpts: JSON.stringify(["-o", "IdentitiesOnly=yes", "-o", `KnownHostsCommand=/bin/echo %H ${publicKey}`]),
        }),
        resource("docker:index/network:Network", "network-default", { name: "berth-test_default" }),
    ],
};
const WHERE: Record<string, Placement> = {
    local: { kind: "local", machine: "berth-test", dockerHost: "unix:///var/run/docker.sock" },
    ec2: { kind: "ec2", region: "eu-central-1", account: "111111111111", lab: false },
    lab: { kind: "ec2", region: "eu-central-1", lab: true },
    existing: { kind: "existing", address: "203.0.113.9", port: 2222, hostKey: publicKey },
};

test.each(Object.keys(OLD))(
    "an old state of kind %s says where its server is, and a plan of it is as before",
    (kind) => {
        const found = placementsIn(OLD[kind] ?? []);
        expect(found).toEqual([WHERE[kind]]);
        expect(placementMistakes(found, WHERE[kind]!)).toEqual([]);
    },
);

test("what the component keeps counts before what is read from elsewhere", () => {
    const [host, ...others] = OLD.existing ?? [];
    const placement = { kind: "existing", address: "new.example.com", port: 22, hostKey: publicKey };
    expect(placementsIn([{ ...host!, outputs: { placement } }, ...others])).toEqual([placement]);
    expect(ec2Placement(arn("us-east-1", "222222222222"))).toEqual({
        kind: "ec2",
        region: "us-east-1",
        account: "222222222222",
        lab: false,
    });
    expect(ec2Placement(undefined, true)).toEqual({ kind: "ec2", lab: true });
});

test("a host of which nothing is there holds nobody back", () => {
    for (const [first] of Object.values(OLD)) {
        expect(placementsIn([first!])).toEqual([]);
        expect(placementsIn([{ ...first!, outputs: null }])).toEqual([]);
    }
});

test("no state of resources, whatever in it is null or absent, ends the reading", () => {
    const anything = fc.oneof(fc.constant(null), fc.constant(undefined), fc.string(), fc.object());
    const types = fc.constantFrom(...Object.values(OLD).flatMap((all) => all.map(({ type, urn: at }) => [type, at])));
    const some = fc.record({ of: types, outputs: anything });
    fc.assert(
        fc.property(fc.array(some), (all) => {
            const found = placementsIn(all.map(({ of, outputs }) => ({ type: of[0]!, urn: of[1]!, outputs })));
            placementMistakes(found, WHERE.ec2!);
        }),
    );
});

test.each<[string, string, Partial<Placement>, RegExp]>([
    ["another kind", "local", { kind: "ec2" }, /^berth:host\.kind: .*kind local \(berth-test\).*says ec2.*kind: local/],
    ["another kind", "ec2", { kind: "existing" }, /^berth:host\.kind: .*kind ec2 .*says existing.*kind: ec2/],
    ["another kind", "existing", { kind: "local" }, /^berth:host\.kind: .*203\.0\.113\.9.*says local.*kind: existing/],
    ["another region", "ec2", { region: "us-east-1" }, /^aws:region: .*in eu-central-1.*says us-east-1.*config set/],
    ["another account", "ec2", { account: "222222222222" }, /^AWS: .*111111111111.*of 222222222222.*AWS_PROFILE/],
    ["the lab", "ec2", { lab: true }, /^berth:lab: .*on AWS.*config rm -s STACK berth:lab/],
    ["AWS", "lab", { lab: false }, /^berth:lab: .*in the lab.*berth:lab\.ec2\.region eu-central-1/],
    ["another name", "local", { machine: "berth-prod" }, /called berth-test.*would be berth-prod.*stack rename/],
    [
        "another engine",
        "local",
        { dockerHost: "unix:///tmp/x" },
        /^berth:host\.dockerHost: .*var\/run.*unix:\/\/\/tmp\/x/,
    ],
    [
        "another address and key",
        "existing",
        { address: "203.0.113.10", hostKey: OTHER_KEY },
        /^berth:host\.address: .*203\.0\.113\.9:2222.*203\.0\.113\.10:2222.*stack rm --force/,
    ],
    [
        "another port and key",
        "existing",
        { port: 22, hostKey: OTHER_KEY },
        /^berth:host\.address: .*203\.0\.113\.9:2222.*203\.0\.113\.9:22,/,
    ],
])("%s than a running server of kind %s has is refused, with both and the remedy", (_, kind, change, message) => {
    const lines = placementMistakes([WHERE[kind]!], { ...WHERE[kind]!, ...change });
    expect(lines).toEqual([expect.stringMatching(message)]);
});

test.each<[string, string, Partial<Placement>]>([
    ["a server's new address", "existing", { address: "new.example.com", port: 22 }],
    ["a server that was set up again", "existing", { hostKey: OTHER_KEY }],
    ["the same socket by its other name", "local", { dockerHost: "unix:///run/docker.sock" }],
    ["a region that nobody says", "ec2", { region: undefined, account: undefined }],
])("%s is no other server", (_, kind, change) => {
    expect(placementMistakes([WHERE[kind]!], { ...WHERE[kind]!, ...change })).toEqual([]);
});

test("several hosts in one place are one line, and a stack that is new has none", () => {
    const two = placementsIn([
        ...(OLD.ec2 ?? []),
        resource("berth:index:Ec2Host", "host-2", { address: "198.51.100.8" }),
    ]);
    expect(placementMistakes(two, { ...WHERE.ec2!, region: "us-east-1" })).toHaveLength(1);
    expect(placementMistakes([], WHERE.ec2!)).toEqual([]);
});
