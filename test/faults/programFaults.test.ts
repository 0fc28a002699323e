import * as fs from "node:fs";
import * as path from "node:path";
import { cloneProject, errorOf, expectSuccess, run } from "../hosts/project";

jest.setTimeout(5 * 60_000);

let clone: string;
beforeAll(async () => {
    clone = cloneProject();
    fs.writeFileSync(
        path.join(clone, "Pulumi.faulty.yaml"),
        "config:\n  berth:host: { kind: local }\n  berth:services: { web: { image: nginx:1.30 } }\n",
    );
    expectSuccess(await run("./scripts/pulumi", ["stack", "init", "faulty", "--no-select"], { cwd: clone }));
});
afterAll(() => fs.rmSync(clone, { recursive: true, force: true }));

/** What a person sees of a plan of a copy of the program in which one text is another. */
async function planOf(file: string, from: string, to: string): Promise<string> {
    const source = path.join(clone, file);
    const before = fs.readFileSync(source, "utf8");
    expect(before).toContain(from);
    fs.writeFileSync(source, before.replace(from, to));
    try {
        return errorOf(await run("./scripts/pulumi", ["preview", "-s", "faulty"], { cwd: clone }));
    } finally {
        fs.writeFileSync(source, before);
    }
}

const LINE = (place: string) =>
    new RegExp(
        `^pulumi:pulumi:Stack \\(berth-faulty\\):\\n +error: this is a fault in Berth: TypeError: [^\\n]*null[^\\n]* ` +
            `\\(${place}:\\d+\\)\\. Please report this line: docs/operations\\.md#a-fault-in-berth\\n\\n *(Outputs|Resources):`,
    );

test("an exception in a component is one line with its place, and no stack", async () => {
    const all = await planOf(
        "components/services/addresses.ts",
        "const known = new Map",
        "(null as never as string[]).map(String); const known = new Map",
    );
    expect(all).toMatch(LINE("components/services/addresses\\.ts"));
});

test("so is one in a function that runs when a value is known", async () => {
    const all = await planOf(
        "components/services/serviceGroup.ts",
        "this.createStartOrder(`${scope}start-order`, this.gates);",
        "pulumi.output(1).apply(() => (null as never as string[]).map(String));",
    );
    expect(all).toMatch(LINE("components/services/serviceGroup\\.ts"));
});

test("so is one that is thrown while a file of the program loads", async () => {
    const all = await planOf(
        "components/services/addresses.ts",
        "/** What the provider says of a container in the state",
        "(null as never as string[]).map(String);\n/** What the provider says of a container in the state",
    );
    expect(all).toMatch(LINE("components/services/addresses\\.ts"));
});
