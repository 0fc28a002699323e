import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

jest.setTimeout(120_000);

const scripts = path.join(__dirname, "../../scripts");

/** Runs a script of ours to its end, with a `pulumi` that knows no stack and writes down what it is asked. */
async function script(name: string, args: string[], folder: string): Promise<{ all: string; asked: string[] }> {
    const log = path.join(folder, `${name}.log`);
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ""}`, FAKE_LOG: log };
    const child = spawn(path.join(scripts, name), args, { env, stdio: ["ignore", "pipe", "pipe"] });
    let all = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (all += chunk.toString()));
    await new Promise((resolve) => child.on("close", resolve));
    return { all, asked: fs.existsSync(log) ? fs.readFileSync(log, "utf8").trim().split("\n") : [] };
}

const PULUMI = `#!/bin/sh
case $1 in
version) echo v3.259.0 ;;
plugin) echo '[{"name":"docker","version":"5.2.0"},{"name":"command","version":"1.2.1"},{"name":"aws","version":"7.48.0"}]' ;;
*) echo "$*" >>"$FAKE_LOG"; echo "error: no stack named 'x' found" >&2; exit 1 ;;
esac
`;

describe("every script", () => {
    let folder: string;
    beforeAll(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-names-"));
        fs.writeFileSync(path.join(folder, "pulumi"), PULUMI, { mode: 0o755 });
    });
    afterAll(() => fs.rmSync(folder, { recursive: true }));

    const all = fs
        .readdirSync(scripts, { withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.includes(".") && entry.name !== "test")
        .map(({ name }) => name);
    const words: Record<string, string[]> = {
        rotate: ["ssh-key"],
        volume: ["save", "data", "/nowhere/x"],
        pulumi: ["preview"],
        docker: ["ps"],
        compose: ["ls"],
    };

    test("refuses a stack of another project before it does anything", async () => {
        expect(all).toEqual(expect.arrayContaining(["up", "down", "doctor", "leftovers", "rollback", "prune"]));
        const results = await Promise.all(
            all.map((name) => script(name, ["-s", "organization/shop/prod", ...(words[name] ?? [])], folder)),
        );
        for (const [i, { all: text, asked }] of results.entries()) {
            expect({ name: all[i], text, asked }).toEqual({
                name: all[i],
                text: expect.stringMatching(/^berth: organization\/shop\/prod is a stack of the project shop; /),
                asked: [],
            });
        }
    });

    test.each(["releases", "docker", "pulumi"])("%s asks Pulumi for the stack as it was written", async (name) => {
        const { all: text, asked } = await script(
            name,
            ["-s", "organization/berth/nobodys", ...(words[name] ?? [])],
            folder,
        );
        expect({ text, asked }).toMatchObject({
            asked: expect.arrayContaining([expect.stringMatching(/(--stack|-s) organization\/berth\/nobodys/)]),
        });
        if (name !== "pulumi") expect(text).toContain("there is no stack nobodys: ./scripts/up -s nobodys");
    });
});
