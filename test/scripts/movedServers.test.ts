import * as fs from "node:fs";
import { ownerOf, placementOf, refuseMoved } from "../../scripts/lib/movedServers";
import { stackFile } from "../../scripts/lib/paths";
import type { StateResource } from "../../scripts/lib/state";

const stack = `moved-${process.pid}`;
afterEach(() => fs.rmSync(stackFile(stack), { force: true }));

const at = (type: string, name: string, outputs: Record<string, unknown>): StateResource => ({
    urn: `urn:pulumi:${stack}::berth::${type}::${name}`,
    type,
    outputs,
});
const embedded = [
    at("berth:index:LocalHost", "host", {}),
    at("docker:index/container:Container", "host-machine", { name: `berth-${stack}` }),
];
const onEc2 = (...more: StateResource[]) => [
    at("berth:index:Ec2Host", "host", {}),
    at("aws:ec2/instance:Instance", "host-instance", {
        arn: "arn:aws:ec2:eu-central-1:111111111111:instance/i-1",
    }),
    ...more,
];
const refusal = (config: string | undefined, resources: StateResource[], makesFile = false) => {
    if (config !== undefined) fs.writeFileSync(stackFile(stack), config);
    return refuseMoved(stack, resources, { makesFile }).then(
        () => undefined,
        (error: Error) => error.message,
    );
};

test("a stack's file of another kind or region is refused, with the stack's name in the remedy", async () => {
    const ec2 = "config: { berth:host: { kind: ec2 }, aws:region: us-east-1 }";
    expect(await refusal(ec2, embedded)).toMatch(/^berth:host\.kind: .*kind local.*says ec2/);
    expect(await refusal(ec2, onEc2())).toMatch(new RegExp(`^aws:region: .*eu-central-1.*config set -s ${stack} aws`));
    const lab = "config: { berth:host: { kind: ec2 }, berth:lab: { ec2: { endpoint: x, region: eu-central-1 } } }";
    expect(await refusal(lab, onEc2())).toMatch(/^berth:lab: .*on AWS/);
});

test("without credentials nothing is asked of AWS", async () => {
    const before = process.env;
    process.env = { ...before, AWS_EC2_METADATA_DISABLED: "true", HOME: "/nonexistent" };
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]) delete process.env[name];
    try {
        const ec2 = "config: { berth:host: { kind: ec2 }, aws:region: eu-central-1 }";
        expect(await refusal(ec2, onEc2())).toMatch(/^there are no AWS credentials/);
    } finally {
        process.env = before;
    }
});

test("what the state has not, or the file says alike, is refused nowhere", async () => {
    const local = "config: { berth:host: { kind: local } }";
    expect(await refusal(local, embedded)).toBeUndefined();
    expect(await refusal("config: { berth:host: { kind: ec2 } }", [])).toBeUndefined();
    const lab = at("pulumi:providers:aws", "aws", { endpoints: '[{"ec2":"http://x"}]' });
    const inLab = "config: { berth:host: { kind: ec2 }, berth:lab: { ec2: { endpoint: x, region: eu-central-1 } } }";
    expect(await refusal(inLab, onEc2(lab))).toBeUndefined();
    expect(await refusal("config: {}", embedded)).toBeUndefined(); // the program has more to say of it
});

test("a missing file is no other kind, and up makes none of kind local for a server elsewhere", async () => {
    expect(await refusal(undefined, embedded, true)).toBeUndefined();
    expect(await refusal(undefined, onEc2(), true)).toMatch(new RegExp(`^Pulumi\\.${stack}\\.yaml is missing`));
    expect(fs.existsSync(stackFile(stack))).toBe(false);
});

test("a region comes from the file, else from the shell; empty is unset", () => {
    const file = (values: Record<string, unknown>) => ({ get: (...path: string[]) => values[path.join("/")] });
    const ec2 = { "berth:host/kind": "ec2" };
    const region = (values: object, env: object) =>
        placementOf(file({ ...ec2, ...values }), env as NodeJS.ProcessEnv)?.region;
    expect(region({ "aws:region": "a" }, { AWS_REGION: "b" })).toBe("a");
    expect(region({}, { AWS_REGION: "b", AWS_DEFAULT_REGION: "c" })).toBe("b");
    expect(region({ "aws:region": "" }, { AWS_REGION: "", AWS_DEFAULT_REGION: "c" })).toBe("c");
    expect(region({}, {})).toBeUndefined();
    const existing = { "berth:host/kind": "existing", "berth:host/address": "a.example.com" };
    expect(placementOf(file(existing), {})).toMatchObject({ kind: "existing", address: "a.example.com", port: 22 });
});

describe("whose account it is", () => {
    class DescribeSecurityGroupsCommand {
        constructor(readonly input: { Filters: { Name: string }[] }) {}
    }
    const sdk = { DescribeSecurityGroupsCommand } as never;
    const owner = (answers: Record<string, string[] | Error>, groups: string[] = []) => {
        const send = ({ input }: DescribeSecurityGroupsCommand) => {
            const answer = answers[input.Filters[0]?.Name ?? ""] ?? [];
            if (answer instanceof Error) return Promise.reject(answer);
            return Promise.resolve({ SecurityGroups: answer.map((OwnerId) => ({ OwnerId })) });
        };
        return ownerOf(sdk, { send } as never, groups);
    };

    test("a VPC's own group says, else the stack's groups", async () => {
        expect(await owner({ "group-name": ["111111111111"] })).toBe("111111111111");
        expect(await owner({ "group-id": ["111111111111"] }, ["sg-1"])).toBe("111111111111");
    });

    test("no answer is no yes", async () => {
        await expect(owner({ "group-name": new Error("UnauthorizedOperation") })).rejects.toThrow(
            /nothing is asked or changed: UnauthorizedOperation/,
        );
        await expect(owner({}, ["sg-1"])).rejects.toThrow(/has nothing of the stack/);
    });
});
