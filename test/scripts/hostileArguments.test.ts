import * as fs from "node:fs";
import * as path from "node:path";
import { root, run } from "../hosts/project";

jest.setTimeout(5 * 60_000);

/** All that a person runs. */
const SCRIPTS = fs
    .readdirSync(path.join(root, "scripts"))
    .filter((name) => !name.includes(".") && name !== "lib" && name !== "test");
/** No names of a stack. That each other one is refused, setUp.test.ts tells. */
const NAMES = ["$(touch berth-was-here)", "--help '한국어' \"\n"];

test("there are scripts", () => expect(SCRIPTS).toEqual(expect.arrayContaining(["up", "down", "doctor", "volume"])));

test.each(SCRIPTS)(
    "./scripts/%s takes no name that is none, runs no part of it, and says so in one line",
    async (name) => {
        for (const stack of NAMES) {
            const { code, all } = await run(`./scripts/${name}`, ["-s", stack]);
            expect({ stack, code, all }).toEqual({
                stack,
                code: 1,
                all: expect.stringMatching(/^berth: ".*" is not the name of a stack: .*\n$/),
            });
        }
        expect(fs.existsSync(path.join(root, "berth-was-here"))).toBe(false);
    },
);

test.each(SCRIPTS.filter((name) => name !== "pulumi"))("./scripts/%s --help says what it does", async (name) => {
    const { code, stdout } = await run(`./scripts/${name}`, ["--help"]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`./scripts/${name} [-s STACK]`) });
});
