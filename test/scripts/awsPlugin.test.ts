import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import * as readline from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { type GetSchemaResponse, GetSchemaRequest } from "@pulumi/pulumi/proto/provider_pb";
import type { Message } from "google-protobuf";
import { run } from "../../scripts/lib/commands";
import { findGo } from "../../scripts/lib/go";
import { root } from "../../scripts/lib/paths";
import { type Properties, type Shape, OfficialTypes } from "./awsPluginOfficial";

/** A cold build of the plugin compiles the AWS SDK. */
const BUILD_LIMIT = 900_000;

interface PropertySpec {
    type?: string;
    $ref?: string;
    items?: PropertySpec;
    additionalProperties?: PropertySpec;
}

interface ObjectSpec {
    properties?: Record<string, PropertySpec>;
    required?: string[];
}

interface Schema {
    version: string;
    provider: { inputProperties: Record<string, PropertySpec>; requiredInputs?: string[] };
    resources: Record<
        string,
        ObjectSpec & { inputProperties: Record<string, PropertySpec>; requiredInputs?: string[] }
    >;
    functions: Record<string, { inputs: ObjectSpec; outputs: ObjectSpec }>;
    types: Record<string, ObjectSpec>;
}

let folder: string;
let plugin: ChildProcess | undefined;
let schema: Schema;
const official = new OfficialTypes(path.join(root, "node_modules/@pulumi/aws"));

beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-aws-plugin-"));
    const binary = path.join(folder, "pulumi-resource-aws");
    await run(await findGo(), ["build", "-tags=no_compose", "-o", binary, "./aws"], {
        cwd: path.join(root, "lab/toolchain"),
    });
    plugin = spawn(binary, ["127.0.0.1:1"], { stdio: ["ignore", "pipe", "inherit"] });
    schema = await getSchema(plugin);
}, BUILD_LIMIT);

afterAll(() => {
    plugin?.kill("SIGKILL");
    fs.rmSync(folder, { recursive: true });
});

async function getSchema(started: ChildProcess): Promise<Schema> {
    const lines = readline.createInterface({ input: started.stdout! });
    const port = await new Promise<string>((resolve) => lines.once("line", resolve));
    const client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
        "grpc.max_receive_message_length": -1,
    });
    const { ResourceProviderService: service } = jest.requireActual<{
        ResourceProviderService: grpc.ServiceDefinition;
    }>("@pulumi/pulumi/proto/provider_grpc_pb");
    const { path: method, requestSerialize, responseDeserialize } = service.getSchema!;
    const response = await new Promise<Message>((resolve, reject) =>
        client.makeUnaryRequest(
            method,
            requestSerialize as (request: Message) => Buffer,
            responseDeserialize as (answer: Buffer) => Message,
            new GetSchemaRequest(),
            (error, answer) => (error ? reject(error) : resolve(answer!)),
        ),
    );
    client.close();
    return JSON.parse((response as GetSchemaResponse).getSchema()) as Schema;
}

function shapeOf(spec: PropertySpec): Shape {
    if (spec.$ref) {
        const declared = schema.types[spec.$ref.replace("#/types/", "")];
        return { kind: "object", properties: propertiesOf(declared?.properties ?? {}, declared?.required) };
    }
    if (spec.type === "array") return { kind: "array", of: shapeOf(spec.items!) };
    if (spec.type === "object") return { kind: "map", of: shapeOf(spec.additionalProperties ?? { type: "any" }) };
    return { kind: spec.type === "integer" ? "number" : (spec.type ?? "any") };
}

function propertiesOf(specs: Record<string, PropertySpec>, required: string[] = []): Properties {
    const shapes = Object.entries(specs).map(([name, spec]) => [
        name,
        { shape: shapeOf(spec), required: required.includes(name) },
    ]);
    return Object.fromEntries(shapes) as Properties;
}

/**
 * What the plugin has otherwise than the SDK. It may have less, but neither a name nor a type of its own, nor leave out
 * what must be given; what it says is always there must always be there officially.
 */
function differences(ours: Properties, theirs: Properties, way: "input" | "output", at = ""): string[] {
    const found: string[] = [];
    for (const [name, { shape, required }] of Object.entries(ours)) {
        const its = theirs[name];
        if (!its) {
            found.push(`${at}${name}: @pulumi/aws does not have it`);
            continue;
        }
        if (way === "input" ? required !== its.required : required && !its.required) {
            found.push(`${at}${name}: ${required ? "required" : "optional"} here only`);
        }
        found.push(...shapeDifferences(shape, its.shape, way, at + name));
    }
    for (const [name, its] of Object.entries(theirs)) {
        if (way === "input" && its.required && !ours[name]) {
            found.push(`${at}${name}: required by @pulumi/aws, not here`);
        }
    }
    return found;
}

function shapeDifferences(ours: Shape, theirs: Shape, way: "input" | "output", at: string): string[] {
    if (ours.kind !== theirs.kind) return [`${at}: ${ours.kind}, in @pulumi/aws ${theirs.kind}`];
    if (ours.of && theirs.of) return shapeDifferences(ours.of, theirs.of, way, `${at}[]`);
    if (ours.properties && theirs.properties) {
        return differences(ours.properties, theirs.properties, way, `${at}.`);
    }
    return [];
}

/** `aws:ec2/keyPair:KeyPair` is declared in ec2/keyPair.d.ts. */
function parts(token: string): { file: string; name: string } {
    const [, file, name] = token.split(":");
    return { file: file!, name: name! };
}

test("the plugin has the resources and functions that the lab offers", () => {
    expect(Object.keys(schema.resources).sort()).toEqual([
        "aws:ebs/volume:Volume",
        "aws:ec2/eip:Eip",
        "aws:ec2/eipAssociation:EipAssociation",
        "aws:ec2/instance:Instance",
        "aws:ec2/keyPair:KeyPair",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/volumeAttachment:VolumeAttachment",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/role:Role",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ]);
    expect(Object.keys(schema.functions).sort()).toEqual([
        "aws:ec2/getAmi:getAmi",
        "aws:ec2/getInstanceType:getInstanceType",
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings",
        "aws:ec2/getSubnet:getSubnet",
        "aws:ec2/getSubnets:getSubnets",
        "aws:ec2/getVpc:getVpc",
    ]);
});

test("the plugin is of the version that the program asks for", () => {
    const manifest = fs.readFileSync(path.join(root, "node_modules/@pulumi/aws/package.json"), "utf8");
    expect(schema.version).toBe((JSON.parse(manifest) as { version: string }).version);
});

test("a program's inputs mean the same to the plugin as to the official one", () => {
    const found = Object.entries(schema.resources).flatMap(([token, r]) => {
        const { file, name } = parts(token);
        const ours = propertiesOf(r.inputProperties, r.requiredInputs);
        return differences(ours, official.interface(file, `${name}Args`), "input", `${name}.`);
    });
    expect(found).toEqual([]);
});

test("a program finds the official outputs", () => {
    const found = Object.entries(schema.resources).flatMap(([token, r]) => {
        const { file, name } = parts(token);
        const ours = propertiesOf(r.properties ?? {}, r.required);
        return differences(ours, official.classMembers(file, name), "output", `${name}.`);
    });
    expect(found).toEqual([]);
});

test("functions take and give what the official ones do", () => {
    const found = Object.entries(schema.functions).flatMap(([token, f]) => {
        const { file, name } = parts(token);
        const type = name[0]!.toUpperCase() + name.slice(1);
        const args = propertiesOf(f.inputs.properties ?? {}, f.inputs.required);
        const result = propertiesOf(f.outputs.properties ?? {}, f.outputs.required);
        return [
            ...differences(args, official.interface(file, `${type}Args`), "input", `${name}.`),
            ...differences(result, official.interface(file, `${type}Result`), "output", `${name}()`),
        ];
    });
    expect(found).toEqual([]);
});

test("the provider is configured as the official one", () => {
    const ours = propertiesOf(schema.provider.inputProperties, schema.provider.requiredInputs);
    expect(differences(ours, official.interface("provider", "ProviderArgs"), "input")).toEqual([]);
});

test("a wrong name, a wrong type and a missing input are found", () => {
    const text = { shape: { kind: "string" }, required: false };
    const theirs = { name: { shape: { kind: "string" }, required: true }, tags: text };
    expect(differences({ nome: text, tags: { shape: { kind: "number" }, required: true } }, theirs, "input")).toEqual([
        "nome: @pulumi/aws does not have it",
        "tags: required here only",
        "tags: number, in @pulumi/aws string",
        "name: required by @pulumi/aws, not here",
    ]);
});
