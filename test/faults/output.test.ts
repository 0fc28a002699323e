import { Stack, errorOf, expectSuccess, freePort, get } from "../hosts/project";

// An update that hangs is the failure: a line of more than 64 KiB once blocked one for ever.
jest.setTimeout(5 * 60_000);

/** Prints Latin-1, ANSI escapes and a line of 200 KB; the backslashes are printf's. */
const noise = (who: string) =>
    `printf '${who} gr\\374\\337e\\n\\033[31m${who} red\\033[0m \\033]0;title\\007end\\n'; head -c 200000 /dev/zero | tr '\\0' x; echo`;
/** As a person reads it. */
const readable = (who: string) => [`${who} gr\ufffd\ufffde\n`, `${who} red end\n`];

let port: number;
let stack: Stack;

beforeAll(async () => {
    port = await freePort();
    stack = new Stack({ "berth:host": { kind: "local" }, "berth:engine": { users: [] } }, "output");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

/** @param command what the container runs when it has printed its noise */
function setApp(command: string): void {
    const build = {
        context: "./test/fixtures/compose/shop/web",
        dockerfile_inline: `FROM nginx:1.30\nRUN ${noise("built")}\n`,
    };
    stack.edit((config) => {
        config["berth:services"] = {
            app: { build, command: ["sh", "-c", `${noise("ran")}; ${command}`], ports: [`${port}:80`] },
        };
    });
}

/** A terminal can show it, and a person read it. */
function expectReadable(text: string, words: string[]): void {
    for (const word of words) expect(text).toContain(word);
    expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThan(9000);
}

/** Fails where nobody can read the state any more, or what is in it would poison the next update. */
async function expectReadableState(): Promise<void> {
    const result = await stack.pulumi("stack", "export");
    expectSuccess(result);
    const { deployment } = JSON.parse(result.stdout) as { deployment: { resources: object[] } };
    expect(deployment.resources.length).toBeGreaterThan(3);
    expect(JSON.stringify(deployment)).not.toMatch(/\\u001b|x{9000}/);
}

test("whatever a build and a container print, the message is readable, the state too, and the next up goes on", async () => {
    setApp("exit 4");
    const failed = await stack.up();
    expectReadable(failed.all, [...readable("built"), ...readable("ran")]);
    const failure = errorOf(failed);
    for (const word of [...readable("ran"), "... [192", "exited with 4"]) expect(failure).toContain(word);
    expect(failure).not.toMatch(/fault in Berth|TypeError|\n\s+at /);
    await expectReadableState();

    setApp("exec nginx -g 'daemon off;'");
    await stack.mustUp();
    expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);
    await expectReadableState();
    await stack.mustUp("--expect-no-changes");
});
