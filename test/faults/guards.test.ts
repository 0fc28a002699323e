import { expectSuccess, freePort, run, start, until } from "../hosts/project";
import { WebStack, web } from "../hosts/webStack";

jest.setTimeout(10 * 60_000);

let stack: WebStack;

beforeAll(async () => {
    stack = new WebStack("guards", await freePort());
    stack.edit((config) => {
        const services = config["berth:services"] as { web: Record<string, unknown> };
        services.web = { ...services.web, volumes: ["db:/data"] };
        config["berth:volumes"] = { db: {} };
    });
    await stack.mustUp();
    expectSuccess(await onHost(`docker exec ${stack.prefix}-web sh -c 'echo precious > /data/file'`));
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

const onHost = (command: string) => stack.ssh(command);
const volume = () => `${stack.prefix}_db`;

/** The data and the machine are as they were, and the next `up` finds nothing to do. */
async function expectUntouched(): Promise<void> {
    const read = await onHost(`docker exec ${stack.prefix}-web cat /data/file`);
    expect(read).toMatchObject({ code: 0, stdout: "precious\n" });
}

/** What somebody sees who runs a command at a terminal and types a line at its question. */
async function atTerminal(command: string, question: RegExp, line: string) {
    const terminal = start("script", ["-qec", command, "/dev/null"]);
    await until("the question", () => question.test(terminal.output()));
    terminal.child.stdin.write(`${line}\n`);
    return terminal.result;
}

test.each<[string, object, RegExp]>([
    [
        "existing",
        {
            kind: "existing",
            address: "127.0.0.1",
            hostKey: `ssh-ed25519 ${"A".repeat(68)}`,
            privateKeyFile: "~/.ssh/x",
        },
        /berth:host\.kind: .*kind local .*says existing.*Put back: kind: local/,
    ],
    ["ec2", { kind: "ec2", sshFrom: ["203.0.113.4/32"] }, /berth:host\.kind: .*kind local .*says ec2/],
])(
    "kind: %s for a stack on this computer is refused by up, preview, refresh, destroy and down",
    async (_, host, message) => {
        const before = await stack.machineId();
        let kept: unknown;
        stack.edit((config) => {
            kept = config["berth:host"];
            config["berth:host"] = host;
        });
        try {
            const commands: [string, ...string[]][] = [
                ["./scripts/up"],
                ["./scripts/down", "--yes"],
                ["./scripts/pulumi", "preview"],
                ["./scripts/pulumi", "refresh", "--yes"],
                ["./scripts/pulumi", "destroy", "--yes"],
            ];
            for (const [command, ...words] of commands) {
                const { code, all } = await run(command, [...words, "--stack", stack.name]);
                expect({ code, all }).toEqual({ code: 1, all: expect.stringMatching(message) });
            }
        } finally {
            stack.edit((config) => (config["berth:host"] = kept));
        }
        expect(await stack.machineId()).toBe(before);
        await expectUntouched();
    },
);

test("another engine than the one that has the machine is refused", async () => {
    let kept: unknown;
    stack.edit((config) => {
        kept = config["berth:host"];
        config["berth:host"] = { ...(kept as object), dockerHost: "unix:///run/elsewhere.sock" };
    });
    try {
        const { code, all } = await run("./scripts/pulumi", ["preview", "--stack", stack.name]);
        expect({ code, all }).toEqual({ code: 1, all: expect.stringContaining("berth:host.dockerHost: ") });
    } finally {
        stack.edit((config) => (config["berth:host"] = kept));
    }
});

test("a volume with other options is refused, and a folder of the project as its device", async () => {
    const withOptions = async (driver_opts: object) => {
        stack.edit((config) => (config["berth:volumes"] = { db: { driver_opts } }));
        const result = await stack.pulumi("preview");
        stack.edit((config) => (config["berth:volumes"] = { db: {} }));
        return result;
    };
    const other = await withOptions({ type: "tmpfs", device: "tmpfs" });
    expect(other.code).not.toBe(0);
    expect(other.all).toContain("volumes.db: driver_opts: ");
    const relative = await withOptions({ type: "none", o: "bind", device: "./db" });
    expect(relative.code).not.toBe(0);
    expect(relative.all).toMatch(/berth:volumes\.db\.driver_opts\.device: .*volumes: \["\.\/db:\/path"\]/);
});

test("down without a terminal is refused, and with another name typed; it shows the volume and its size", async () => {
    const shown = new RegExp(`volume +${volume()} +[\\d.]+ k?B`);
    const refused = await run("./scripts/down", ["--stack", stack.name]);
    expect(refused).toMatchObject({ code: 1, all: expect.stringMatching(shown) });
    expect(refused.all).toContain(`nothing was removed: there is no terminal to ask at`);
    const wrong = await atTerminal(`./scripts/down -s ${stack.name}`, /type the stack's name/, "local");
    expect(wrong).toMatchObject({ code: 1, all: expect.stringMatching(shown) });
    expect(wrong.all).toContain("nothing was removed: that is not the stack's name");
    const variable = await run("./scripts/down", ["--yes"], { env: { PULUMI_STACK: stack.name } });
    expect(variable).toMatchObject({ code: 1, all: expect.stringContaining(`down -s ${stack.name}, or`) });
    await expectUntouched();
    expectSuccess(await stack.up("--expect-no-changes"));
});

test("a first up that fails on a volume's device is followed by one that succeeds, the way the refusal says", async () => {
    const port = await freePort();
    const second = new WebStack("guards-device", port);
    const withDevice = (device: string) =>
        second.edit((config) => {
            config["berth:services"] = { web: { ...web, ports: [`${port}:80`], volumes: ["db:/data"] } };
            config["berth:volumes"] = { db: { driver_opts: { type: "none", o: "bind", device } } };
        });
    try {
        withDevice("/srv/typo");
        expect((await second.up()).code).not.toBe(0);
        withDevice("/srv");
        const refused = await second.up();
        expect(refused.code).not.toBe(0);
        expect(refused.all).toMatch(/volumes\.db: driver_opts: .*device=\/srv\/typo/);
        const name = `${second.prefix}_db`;
        const docker = (...words: string[]) => run("./scripts/docker", ["-s", second.name, ...words]);
        await docker("rm", "-f", `${second.prefix}-web`);
        expectSuccess(await docker("volume", "rm", name));
        expectSuccess(await second.pulumi("refresh", "--yes"));
        await second.mustUp();
        const { stdout } = await docker("volume", "inspect", "--format", "{{.Options.device}}", name);
        expect(stdout.trim()).toBe("/srv");
        const typed = await atTerminal(`./scripts/down -s ${second.name}`, /type the stack's name/, second.name);
        expectSuccess(typed);
        expect(await second.leftovers()).toEqual([]);
    } finally {
        await second.down();
        await second.forget();
    }
});

test("down --yes removes it, without a question", async () => {
    await expectUntouched();
    const { code, all } = await stack.down();
    expect({ code, all }).toEqual({ code: 0, all: expect.stringContaining(volume()) });
    expect(all).not.toContain("type the stack's name");
    expect(await stack.leftovers()).toEqual([]);
});
