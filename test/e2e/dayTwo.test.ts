import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
    type Result,
    Stack,
    docker as localDocker,
    expectSuccess,
    freePort,
    root,
    run,
    start,
    until,
} from "../hosts/project";
import { web } from "../hosts/webStack";

jest.setTimeout(20 * 60_000);

/** What strangers write. */
const HOSTILE = ["", " ", "a b", "'", '"', "$HOME", "`id`", "$(id)", ";", "\\", "\n", "한국어 ✓", "-x", "--", "*", "~"];

let stack: Stack;
/** A PATH on which there is no Docker CLI. */
let bare: string;

beforeAll(async () => {
    const keep = "while :; do date +%s%N >> /data/log; sleep 0.05; done";
    const services = {
        web: { ...web, ports: [`${await freePort()}:80`] },
        idle: {
            image: "busybox:1.37",
            container_name: "idle",
            command: ["sleep", "infinity"],
            init: true,
            restart: "always",
        },
        writer: {
            image: "busybox:1.37",
            command: ["sh", "-c", keep],
            init: true,
            restart: "always",
            volumes: ["kept:/data"],
        },
        reader: {
            image: "busybox:1.37",
            container_name: "reader",
            command: ["sleep", "infinity"],
            init: true,
            restart: "always",
            volumes: ["kept:/data:ro"],
        },
    };
    const config = { "berth:host": { kind: "local" }, "berth:services": services, "berth:volumes": { kept: {} } };
    stack = new Stack(config, "day2");
    expectSuccess(await stack.up());
    bare = fs.mkdtempSync(path.join(os.tmpdir(), "berth-bare-"));
    for (const folder of ["/bin", "/usr/bin", path.dirname(process.execPath)]) {
        for (const program of fs.readdirSync(folder).filter((name) => name !== "docker")) {
            const link = path.join(bare, program);
            if (!fs.existsSync(link)) fs.symlinkSync(path.join(folder, program), link);
        }
    }
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
    fs.rmSync(bare, { recursive: true, force: true });
});

/** With the CLI of this computer, and with the host's. */
const ways: [string, () => Record<string, string>][] = [
    ["the CLI of this computer", () => ({})],
    ["the CLI of the host", () => ({ PATH: bare })],
];
const dockerOf = (env: Record<string, string>, ...args: string[]) =>
    run("./scripts/docker", ["-s", stack.name, ...args], { env });
const docker = (...args: string[]) => dockerOf({}, ...args);

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

test("the tutorial's Docker commands work as typed", async () => {
    const ok = async (...args: string[]): Promise<Result> => {
        const result = await docker(...args);
        expectSuccess(result);
        return result;
    };
    await ok("pull", "busybox:1.37");
    expect((await ok("images", "--format", "{{.Repository}}:{{.Tag}}")).stdout).toContain("busybox:1.37\n");
    await ok("run", "--name", "mine", "-dit", "busybox:1.37", "sh");
    await ok("exec", "mine", "sh", "-c", "echo changed > /note");
    await ok("stop", "-t", "0", "mine");
    expect((await ok("ps", "-a", "--format", "{{.Names}} {{.State}}")).stdout).toContain("mine exited\n");
    await ok("restart", "mine");
    await ok("commit", "-a", "A Person <a@example.com>", "-m", "a note's added", "mine", "mine:1");
    const layers = JSON.parse(
        (await ok("inspect", "mine:1", "--format", "{{json .RootFS.Layers}}")).stdout,
    ) as string[];
    expect(layers.length).toBeGreaterThan(1);
    expect((await ok("run", "--rm", "mine:1", "cat", "/note")).stdout).toBe("changed\n");
    await ok("rm", "-f", "mine");
    await ok("rmi", "mine:1");
    const logs = start("./scripts/docker", ["-s", stack.name, "logs", "-f", `${stack.prefix}-web`]);
    await until("nginx's log comes", () => /notice|start worker/.test(logs.output()));
    process.kill(logs.child.pid ?? 0, "SIGINT");
    expect((await logs.result).code).toBe(130);
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

describe("./scripts/drift", () => {
    const drift = (...args: string[]) => run("./scripts/drift", ["-s", stack.name, ...args]);
    /** What is found, in words, without what this machine's packages have to say. */
    async function found(): Promise<string[]> {
        const { code, stdout, all } = await drift("--json");
        if (code !== 0 && code !== 2) throw new Error(all);
        const { hosts } = JSON.parse(stdout) as { hosts: { findings: Record<string, string>[] }[] };
        const findings = hosts.flatMap(({ findings }) => findings).filter(({ level }) => level === "drift");
        expect(code).toBe(findings.length === 0 ? 0 : 2);
        return findings.map(({ kind, name, found }) => `${kind} ${name} ${found}`);
    }
    const service = (name: string) => `${stack.prefix}-${name}`;

    test("finds nothing on a host that is as it was made", async () => expect(await found()).toEqual([]));

    test("finds what was changed behind Pulumi's back; --repair brings it back, and leaves the rest alone", async () => {
        const untouched = (await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", service("web"))).stdout;
        const onHost = `set -e
            docker stop -t 0 idle
            docker rm -f reader
            docker update --restart no ${service("writer")}
            docker run -d --name foreign --init busybox:1.37 sleep infinity
            gpasswd -d ubuntu docker
            systemctl disable docker
            sed -i 's/10m/11m/' /etc/docker/daemon.json
            dpkg --force-depends --remove docker-compose-plugin`;
        expectSuccess(await run("./scripts/ssh", ["-s", stack.name, "sudo", "bash", "-c", onHost]));
        const changes = [
            `container idle is stopped (exited, exit code 143)`,
            `container reader is missing`,
            `container ${service("writer")} has another restart`,
            "container foreign is not the stack's",
            "file /etc/docker/daemon.json has another log-opts.max-size",
            "package docker-compose-plugin is not installed",
            "unit docker.service does not start at boot (disabled)",
            "user ubuntu is not in the group docker",
        ];
        expect((await found()).sort()).toEqual(changes.sort());
        const people = await drift();
        expect(people.stdout).toMatch(/^ +WHAT +NAME +FOUND\n/);
        expect(people.stdout).toContain(`\nWhat to do:\n`);
        expect(people.stdout).toContain(`  ./scripts/up -s ${stack.name} --repair\n`);

        expectSuccess(await stack.up("--repair"));
        expect(await found()).toEqual(["container foreign is not the stack's"]);
        expect((await docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", service("web"))).stdout).toBe(
            untouched,
        );
        expectSuccess(await docker("rm", "-f", "foreign"));
        expectSuccess(await stack.up("--expect-no-changes"));
    });

    test("says which variable of a container that somebody made anew is another, and no value", async () => {
        expectSuccess(await docker("rm", "-f", "idle"));
        const made = ["run", "-d", "--name", "idle", "--init", "-e", "TOKEN=hidden", "busybox:1.37", "sleep", "9999"];
        expectSuccess(await docker(...made));
        const [finding = ""] = await found();
        expect(finding).toMatch(
            new RegExp(`^container idle was made anew by somebody, with another .*environment \\(TOKEN\\)`),
        );
        expect(finding).not.toContain("hidden");
        const { stdout } = await drift();
        const [, remedy = ""] = /What to do:\n {2}(.*)\n/.exec(stdout) ?? [];
        expectSuccess(await run("bash", ["-c", remedy]));
        expect(await found()).toEqual([]);
    });

    test("says that a host does not answer, and what it does not understand", async () => {
        expect(await drift("--no-such")).toMatchObject({
            code: 1,
            all: expect.stringContaining("--no-such: not understood"),
        });
        expectSuccess(await run("./scripts/ssh", ["-s", stack.name, "sudo", "systemctl", "stop", "ssh.socket", "ssh"]));
        const silent = await drift();
        expect(silent).toMatchObject({ code: 1, all: expect.stringContaining("berth: host cannot be looked at: ") });
        await localDocker("restart", stack.prefix);
        await until("the host answers", async () => (await drift()).code === 0);
    });
});

describe("./scripts/volume", () => {
    const volume = (...args: string[]) => run("./scripts/volume", ["-s", stack.name, ...args]);
    let folder: string;
    beforeAll(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-volume-"))));
    afterAll(() => fs.rmSync(folder, { recursive: true }));
    const writer = () => `${stack.prefix}-writer`;
    const onVolume = async (script: string) => {
        const result = await docker("exec", writer(), "sh", "-c", script);
        expectSuccess(result);
        return result.stdout;
    };

    test.each(["--stop", ""])(
        "saves at one moment, and puts back owners, modes, links and odd names %s",
        async (flag) => {
            await onVolume(`cd /data && rm -rf odd && mkdir -m 750 odd && cd odd && printf x > 'a b
"한' && ln -s nowhere link && chown 123:456 a* && chmod 4711 a* && truncate -s 5M sparse`);
            const list = "cd /data && ls -lanR odd | grep -v '\\.\\.$'";
            const before = await onVolume(list);
            const file = path.join(folder, `kept ${flag}.tar.gz`);
            const saved = await volume("save", "kept", file, ...(flag === "" ? [] : [flag]));
            expectSuccess(saved);
            expect(saved.all).toContain(`berth: ${flag === "" ? "pause" : "stop"}: ${writer()}\n`);
            expectSuccess(await run("sha256sum", ["-c", `${path.basename(file)}.sha256`], { cwd: folder }));
            await until("the writer goes on", async () => (await onVolume("tail -n 1 /data/log")) !== "");
            const restarted = flag === "--stop" ? "" : await onVolume("cat /proc/1/stat");

            await onVolume("rm -rf /data/odd /data/log; touch /data/later");
            const refused = await volume("restore", "kept", file);
            expect(refused).toMatchObject({ code: 1, all: expect.stringMatching(/has content: --replace/) });
            const restored = await volume("restore", `${stack.prefix}_kept`, file, "--replace");
            expectSuccess(restored);
            expect(restored.all).toMatch(new RegExp(`berth: stop: ${writer()} reader|berth: stop: reader ${writer()}`));
            expect(await onVolume(list)).toBe(before);
            expect(await onVolume("ls /data")).not.toContain("later");
            expect(restarted).not.toBe(await onVolume("cat /proc/1/stat"));
            await until("the writer goes on", async () => (await onVolume("wc -l < /data/log")) !== "0\n");
            expectSuccess(await stack.up("--expect-no-changes"));
        },
    );

    test("what is no archive, another archive, or half of one changes nothing", async () => {
        const file = path.join(folder, "broken.tar.gz");
        const whole = fs.readFileSync(path.join(folder, "kept .tar.gz"));
        fs.writeFileSync(file, whole.subarray(0, whole.length - 100));
        expect((await volume("restore", "kept", file)).all).toContain("broken.tar.gz.sha256 is missing");
        fs.writeFileSync(`${file}.sha256`, `${"0".repeat(64)}  broken.tar.gz\n`);
        expect((await volume("restore", "kept", file)).all).toContain("its checksum is another");
        const { stdout } = await run("sha256sum", [file]);
        fs.writeFileSync(`${file}.sha256`, stdout);
        const before = await onVolume("ls -la /data/odd");
        const result = await volume("restore", "kept", file, "--replace");
        expect(result).toMatchObject({ code: 1, all: expect.stringContaining("the volume is as it was") });
        expect(await onVolume("ls -la /data/odd")).toBe(before);
    });

    test("names are checked, and no backup is overwritten", async () => {
        expect((await volume("save", "no such; id", "/x")).all).toContain(
            'has no volume "no such; id": choose one of kept',
        );
        expect((await volume("save", "kept", path.join(folder, "kept .tar.gz"))).all).toContain("is there already");
        expect((await volume("save", "kept")).all).toContain("not understood");
        expect((await volume("--help")).code).toBe(0);
    });

    test("a run that is killed leaves no half archive, and the writer goes on", async () => {
        await onVolume("head -c 300000000 /dev/urandom > /data/large");
        const file = path.join(folder, "killed.tar.gz");
        const { child, output, result } = start("./scripts/volume", ["-s", stack.name, "save", "kept", file]);
        await until("the writer is paused", () => output().includes("berth: pause"));
        process.kill(-(child.pid ?? 0), "SIGKILL");
        await result;
        const state = ["inspect", "--format", "{{.State.Status}}", writer()];
        await until("the writer goes on", async () => (await docker(...state)).stdout === "running\n");
        expect(fs.existsSync(file)).toBe(false);
        await onVolume("rm /data/large");
    });
});
