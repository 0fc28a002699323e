import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expectSuccess, root, run, start, until } from "../../hosts/project";
import type { DayTwoHost } from "../../hosts/dayTwoHost";

/** What strangers write. */
const HOSTILE = ["", " ", "a b", "'", '"', "$HOME", "`id`", "$(id)", ";", "\\", "\n", "한국어 ✓", "-x", "--", "*", "~"];

/** `./scripts/docker`, `compose` and `ssh`. */
export function reachTests(host: DayTwoHost): void {
    const { stack } = host;
    /** With the CLI of this computer, and with the host's. */
    const ways: [string, () => Record<string, string>][] = [
        ["the CLI of this computer", () => ({})],
        ["the CLI of the host", () => ({ PATH: host.bare })],
    ];
    const dockerOf = (env: Record<string, string>, ...args: string[]) =>
        run("./scripts/docker", ["-s", stack.name, ...args], { env });

    test.each(["docker", "compose", "ssh"])("./scripts/%s says what it does", async (script) => {
        const { code, stdout } = await run(`./scripts/${script}`, ["--help"]);
        expect(code).toBe(0);
        expect(stdout).toMatch(new RegExp(`^\\./scripts/${script} \\[-s STACK\\] \\[-H HOST\\]`));
    });

    test.each(["docker", "compose", "ssh"])("./scripts/%s names what is not there", async (script) => {
        const absent = await run(`./scripts/${script}`, ["-s", "no-such", "ps"]);
        expect(absent).toMatchObject({ code: 1, all: "berth: there is no stack no-such: ./scripts/up -s no-such\n" });
        const host = await run(`./scripts/${script}`, ["-s", stack.name, "-H", "a b", "ps"]);
        expect(host).toMatchObject({ code: 1, all: 'berth: there is no host "a b": choose one of host\n' });
    });

    describe.each(ways)("%s", (_name, env) => {
        test("shows what runs, in its own words and with its exit code", async () => {
            const names = await dockerOf(env(), "ps", "--format", "{{.Names}}");
            expect(names).toMatchObject({ code: 0, stdout: expect.stringContaining("idle\n") });
            expect((await dockerOf(env(), "exec", "idle", "sh", "-c", "exit 42")).code).toBe(42);
            const missing = await dockerOf(env(), "inspect", "no such");
            expect(missing).toMatchObject({ code: 1, all: expect.stringMatching(/No such object: no such/i) });
            expect((await dockerOf(env(), "no-such-command")).code).not.toBe(0);
        });

        test("hands arguments and stdin over as they are", async () => {
            const print = ["exec", "idle", "printf", "[%s]", ...HOSTILE];
            expect((await dockerOf(env(), ...print)).stdout).toBe(HOSTILE.map((word) => `[${word}]`).join(""));
            const bytes = "ab\n\0c\r\n".repeat(50_000);
            const args = ["-s", stack.name, "exec", "-i", "idle", "cat"];
            const copy = await run("./scripts/docker", args, { env: env(), input: bytes });
            expect(copy).toMatchObject({ code: 0 });
            expect(copy.stdout).toBe(bytes);
        });

        test("runs in a terminal", async () => {
            const command = `./scripts/docker -s ${stack.name} exec -it idle sh`;
            const typed = "stty size; test -t 0 && test -t 1 && echo both; exit 7\n";
            const shell = start("script", ["-qec", `stty rows 33 cols 77; ${command}`, "/dev/null"], { env: env() });
            await until("the shell asks", () => shell.output().includes("/ #"));
            shell.child.stdin.write(typed);
            const { code, all } = await shell.result;
            expect(all).toMatch(/33 77\r\nboth/);
            expect(code).toBe(7);
        });

        test("hands signals over", async () => {
            const loop = "trap 'echo got it; exit 9' INT; echo ready; while :; do sleep 0.1; done";
            const args = ["-s", stack.name, "run", "--rm", "--init", "busybox:1.37", "sh", "-c", loop];
            const attached = start("./scripts/docker", args, { env: env() });
            await until("the container runs", () => attached.output().includes("ready"));
            process.kill(attached.child.pid ?? 0, "SIGINT");
            const { code, all } = await attached.result;
            expect(all).toBe("ready\ngot it\n");
            expect(code).toBe(9);
        });
    });

    test("Compose runs a project of the person's own", async () => {
        const compose = (args: string[], input?: string) =>
            run("./scripts/compose", ["-s", stack.name, "-p", "mine", ...args], { input });
        const file = "services: { one: { image: 'busybox:1.37', command: [sleep, infinity], init: true } }";
        expectSuccess(await compose(["-f", "-", "up", "-d"], file));
        expect((await compose(["ps", "--format", "{{.Service}}"])).stdout).toBe("one\n");
        expectSuccess(await compose(["-f", "-", "down", "-t", "0"], file));
    });

    test("./scripts/ssh runs a command on the host, with its arguments as they are", async () => {
        const ssh = (args: string[], input?: string) => run("./scripts/ssh", ["-s", stack.name, ...args], { input });
        const printed = await ssh(["printf", "[%s]", ...HOSTILE]);
        expect(printed.stdout).toBe(HOSTILE.map((word) => `[${word}]`).join(""));
        expect((await ssh(["sh", "-c", "exit 5"])).code).toBe(5);
        expect((await ssh([], "echo $((6 * 7)); exit 3\n")).stdout).toContain("42\n");
    });

    test("the way to the engine holds no secret, and leads to no host with another key", async () => {
        const folder = path.join(root, ".berth/ssh");
        const { ssh } = await stack.outputs();
        const [, port = ""] = /-p (\d+)/.exec(ssh) ?? [];
        const wrapper = fs.readdirSync(folder).find((name) => name.endsWith(encodeURIComponent(`:${port}`)));
        const text = fs.readFileSync(path.join(folder, wrapper ?? "", "ssh"), "utf8");
        expect(text).not.toContain("PRIVATE KEY");
        const other = text.replace(/ssh-ed25519 (\S{30})\S{4}/, "ssh-ed25519 $1AAAA");
        expect(other).not.toBe(text);
        const copy = fs.mkdtempSync(path.join(os.tmpdir(), "berth-other-"));
        fs.writeFileSync(path.join(copy, "ssh"), other, { mode: 0o700 });
        const env = { PATH: `${copy}:${process.env.PATH}` };
        const refused = await run("docker", ["--host", `ssh://${decodeURIComponent(wrapper ?? "")}`, "ps"], { env });
        expect(refused).toMatchObject({ code: 1, all: expect.stringContaining("Host key verification failed") });
        fs.rmSync(copy, { recursive: true });
    });
}
