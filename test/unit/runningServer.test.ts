import { hostSchema, type Ec2HostConfig } from "../../components/host/hostSchema";
import { type ServerFacts, factsOf, runningServers, serverMistakes } from "../../components/host/runningServer";
import { privateKey, publicKey } from "./keys";
import { answers } from "./mocks";

const facts = (more: Partial<ServerFacts> = {}): ServerFacts => ({
    generation: 1,
    architecture: "x86_64",
    elasticIp: true,
    dataDisk: "none",
    diskDies: false,
    clientKey: "made",
    protected: false,
    ...more,
});

test("a server that stays as it is has no mistakes, whatever may still change", () => {
    expect(serverMistakes(facts(), facts({ protected: true }), true)).toEqual([]);
    expect(serverMistakes(facts({ elasticIp: false }), facts(), true)).toEqual([]);
    expect(serverMistakes(facts(), facts({ dataDisk: "own" }), true)).toEqual([]);
});

test.each([
    ["up", 1, 2],
    ["down", 2, 1],
])("a generation that counts %s loses volumes, unless a data disk keeps them or it was said", (_, before, now) => {
    const [was, is] = [facts({ generation: before }), facts({ generation: now })];
    expect(serverMistakes(was, is, true)).toEqual([
        expect.stringMatching(
            /^berth:host\.generation: \d: .*named volumes.*dataDisk.*-s STACK berth:protectVolumes false/,
        ),
    ]);
    expect(serverMistakes(was, is, false)).toEqual([]);
    const onDisk = { dataDisk: "own" };
    expect(serverMistakes({ ...was, ...onDisk }, { ...is, ...onDisk }, true)).toEqual([]);
});

test.each<[Partial<ServerFacts>, Partial<ServerFacts>, RegExp]>([
    [
        {},
        { architecture: "arm64" },
        /^berth:host\.instanceType: it is arm64, the running server x86_64; add one to generation/,
    ],
    [{ dataDisk: "own" }, {}, /^berth:host\.dataDisk: .*leave it/],
    [{ dataDisk: "vol-1" }, { dataDisk: "vol-2" }, /^berth:host\.dataDisk: /],
    [{}, { clientKey: "ssh-ed25519 B" }, /^berth:host\.privateKeyFile: the running server lets in another key only/],
    [{}, { elasticIp: false }, /^berth:host\.elasticIp: the running server is known by it/],
])("from %j to %j is refused while the server runs, and not for a new one", (before, now, message) => {
    expect(serverMistakes(facts(before), facts(now), false)).toEqual([expect.stringMatching(message)]);
    expect(serverMistakes(facts(before), facts({ ...now, generation: 2 }), false)).toEqual([]);
});

test.each([
    ["none", "own"],
    ["own", "none"],
    ["own", "vol-2"],
    ["vol-1", "vol-2"],
])("a new server with another data disk (%s, then %s) has nothing of the old one's volumes", (before, now) => {
    const [was, is] = [facts({ dataDisk: before }), facts({ dataDisk: now, generation: 2 })];
    const [line, ...more] = serverMistakes(was, is, true);
    expect([line, more]).toEqual([expect.stringMatching(/put generation: 1 back, .*\.\/scripts\/up first/), []]);
    expect(serverMistakes(was, is, false)).toEqual([]);
});

test("a protected server is not torn apart", () => {
    const was = facts({ protected: true, dataDisk: "own" });
    expect(serverMistakes(was, undefined, false)).toEqual([
        expect.stringMatching(/^berth:host\.count: .*terminationProtection: false/),
    ]);
    expect(serverMistakes(was, { ...was, generation: 2 }, false)).toEqual([
        expect.stringMatching(/^berth:host\.generation: /),
    ]);
});

test("a host that goes takes its volumes, unless they lie on a data disk", () => {
    expect(serverMistakes(facts(), undefined, true)).toEqual([
        expect.stringMatching(/^berth:host\.count: .*named volumes/),
    ]);
    expect(serverMistakes(facts({ dataDisk: "own" }), undefined, true)).toEqual([]);
    for (const diskDies of [true, undefined]) {
        expect(serverMistakes(facts({ dataDisk: "own", diskDies }), undefined, true)).toEqual([
            expect.stringMatching(/^berth:host\.count: .*deleteOnDestroy: false/),
        ]);
        expect(serverMistakes(facts({ dataDisk: "own", diskDies }), undefined, false)).toEqual([]);
    }
});

test("the facts are those of the config, and the state's are found by the host's name", async () => {
    const config = hostSchema.parse({ kind: "ec2", sshFrom: ["203.0.113.4/32"], dataDisk: {} }) as Ec2HostConfig;
    const server = factsOf(config, "arm64", { privateKey });
    expect(server).toEqual(facts({ architecture: "arm64", dataDisk: "own", clientKey: publicKey }));
    answers["pulumi:pulumi:readStackResourceOutputs"] = {
        outputs: {
            "urn:pulumi:test::berth::berth:index:Ec2Host::host-2": { type: "berth:index:Ec2Host", outputs: { server } },
            "urn:pulumi:test::berth::aws:ec2/eip:Eip::host-address": { type: "aws:ec2/eip:Eip", outputs: {} },
        },
    };
    expect([...(await runningServers())]).toEqual([["host-2", server]]);
});
