import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { root } from "../../scripts/lib/paths";
import { Pulumi } from "../../scripts/lib/pulumiCli";
import { StackFile } from "../../scripts/lib/stack";
import { placeOf, refuseOutsideLab } from "../../scripts/lib/standIn";
import type { StackExport } from "../../scripts/lib/state";

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "stand-in-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

function fileWith(config: string): StackFile {
    const file = path.join(folder, "Pulumi.web.yaml");
    fs.writeFileSync(file, `config:\n${config}`);
    return new StackFile("web", file);
}
const EC2 = "  berth:host: { kind: ec2 }\n";
const IN_LAB = `${EC2}  berth:lab: { ec2: { endpoint: "http://172.30.0.2:5000", region: eu-west-1 } }\n`;
const madeBy = (endpoints?: unknown): StackExport => ({
    deployment: {
        resources: [
            { urn: "p", type: "pulumi:providers:aws", inputs: endpoints === undefined ? {} : { endpoints } },
            { urn: "i", type: "aws:ec2/instance:Instance" },
        ],
    },
});
const LAB = '[{"ec2":"http://172.30.0.2:5000"}]';
const built = { kind: "built" as const };
const official = { kind: "official" as const };

it("the stand-in for AWS runs what is in the lab, and no stack on AWS", () => {
    expect(() => refuseOutsideLab(built, fileWith(EC2), undefined)).toThrow(
        /stack web is on AWS, and Pulumi's official plugins cannot be downloaded here.*\.\/scripts\/up -s web --lab/,
    );
    expect(() => refuseOutsideLab(built, fileWith(EC2), madeBy())).toThrow(/is on AWS/);
    refuseOutsideLab(built, fileWith(IN_LAB), madeBy(LAB));
    refuseOutsideLab(built, fileWith("  berth:host: { kind: local }\n"), undefined);
    refuseOutsideLab(built, undefined, undefined);
});

it("the official plugins run what is on AWS, and never what was made in the lab", () => {
    refuseOutsideLab(official, fileWith(EC2), undefined);
    refuseOutsideLab(official, fileWith(EC2), madeBy());
    refuseOutsideLab(official, fileWith(IN_LAB), madeBy(LAB));
    expect(() => refuseOutsideLab(official, fileWith(EC2), madeBy(LAB))).toThrow(/made in the lab.*--lab/);
});

it.each([
    [undefined, undefined],
    [{}, undefined],
    [{ deployment: { resources: [{ urn: "p", type: "pulumi:providers:aws" }] } }, undefined],
    [madeBy(), "aws"],
    [madeBy("[]"), "aws"],
    [madeBy(LAB), "lab"],
    [madeBy([{ ec2: "http://172.30.0.2:5000" }]), "lab"],
])("a state says where its instances are: %#", (state, place) => expect(placeOf(state)).toBe(place));

it("an official Pulumi with its plugins is taken where there is one, and gets no agent", async () => {
    const plugins = ["docker", "command", "aws"].map((name) => {
        const manifest = fs.readFileSync(path.join(root, "node_modules/@pulumi", name, "package.json"), "utf8");
        return { name, version: (JSON.parse(manifest) as { version: string }).version };
    });
    fs.writeFileSync(
        path.join(folder, "pulumi"),
        `#!/bin/sh\ncase $1 in\nversion) echo v3.259.0 ;;\nplugin) echo '${JSON.stringify(plugins)}' ;;\n` +
            `*) echo "agent \${SSH_AUTH_SOCK-none}" ;;\nesac\n`,
        { mode: 0o755 },
    );
    const before = { ...process.env };
    Object.assign(process.env, { PATH: `${folder}:${process.env.PATH}`, SSH_AUTH_SOCK: "/nowhere" });
    delete process.env.BERTH_TOOLCHAIN;
    try {
        const pulumi = await Pulumi.find();
        expect(pulumi.toolchain).toMatchObject({ kind: "official", pulumi: "pulumi" });
        expect(await pulumi.output(["stack"])).toBe("agent none");
    } finally {
        process.env = before;
    }
});
