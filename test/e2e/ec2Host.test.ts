import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { Ec2, openPorts } from "./ec2";
import { Stack, cloneProject, docker, expectSuccess, get, root, run, start, until } from "./project";

jest.setTimeout(20 * 60_000);

type Config = Record<string, Record<string, unknown>>;
const HOST_IMAGE = "berth/host:debian-13";
const WORLD = "berth-lab";

let stack: Stack;
let ec2: Ec2;
let kept: string;
const committed = () =>
    (parse(fs.readFileSync(path.join(root, "Pulumi.dev.yaml"), "utf8")) as { config: Config }).config;
const setHost = (values: object) =>
    stack.edit((config) => (config["berth:host"] = { ...(config["berth:host"] as object), ...values }));
async function up(...args: string[]) {
    const result = await stack.up(...args);
    expectSuccess(result);
    return result;
}
async function theInstance() {
    const instances = await ec2.instances(stack.name);
    expect(instances).toHaveLength(1);
    return instances[0]!;
}
const address = async () => new URL((await stack.outputs()).url).hostname;

beforeAll(() => {
    stack = new Stack(committed(), "ec2");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

test("the committed stack asks for one value, and says which, before it asks AWS anything", async () => {
    const { code, all } = await stack.up();
    expect(code).not.toBe(0);
    expect(all).toMatch(/berth:host\.sshFrom: name at least one address/);
    expect(all).toMatch(/1 mistake/);
});

test("without credentials one message says so, and how to do without", async () => {
    setHost({ sshFrom: ["203.0.113.4/32"] });
    const env = {
        AWS_EC2_METADATA_DISABLED: "true",
        HOME: fs.mkdtempSync("/tmp/berth-home-"),
        XDG_CACHE_HOME: cacheHome(),
    };
    const { code, all } = await run("./scripts/up", ["--stack", stack.name], { env });
    expect(code).not.toBe(0);
    const [, diagnostics = ""] = all.split("Diagnostics:");
    expect(diagnostics.match(/there are no AWS credentials/g)).toHaveLength(1);
    expect(diagnostics.match(/error:/g)).toHaveLength(1);
    expect(all).toMatch(/--lab/);
    expect(all).not.toMatch(/at Object\.|unhandled/);
    fs.rmSync(env.HOME, { recursive: true });
});

test("the first up of the dev stack in the lab ends in HTTP 200 at its elastic address", async () => {
    setHost({ sshFrom: [] });
    const { all, stdout } = await up("--lab");
    const url = stdout.trimEnd().split("\n").at(-1) ?? "";
    expect(await get(url)).toEqual({ status: 200, server: expect.stringMatching(/^nginx/) });
    expect(all).not.toMatch(/warning:/i);
    expect(all).not.toContain("PRIVATE KEY");
    const lab = (parse(fs.readFileSync(stack.file, "utf8")) as { config: Config }).config["berth:lab"];
    ec2 = new Ec2(lab?.ec2 as { endpoint: string; region: string });
});

test("the instance is locked down as asked", async () => {
    const instance = await theInstance();
    expect(instance.MetadataOptions).toMatchObject({ HttpTokens: "required", HttpPutResponseHopLimit: 1 });
    expect(instance.EbsOptimized).toBe(true);
    expect(instance.PublicIpAddress).toBe(await address());
});

test("a second up and a preview after refresh find nothing to change", async () => {
    await up("--expect-no-changes");
    expectSuccess(await stack.pulumi("preview", "--refresh", "--expect-no-changes"));
});

test("SSH logs in with the pinned key, and refuses a host with another one", async () => {
    expect(await stack.ssh("docker ps --format '{{.Names}}'")).toMatchObject({
        code: 0,
        stdout: `${stack.prefix}-web\n`,
    });
    const { ssh } = await stack.outputs();
    const other = ssh.replace(/ssh-ed25519 (\S{30})\S{4}/, "ssh-ed25519 $1AAAA");
    const { code, all } = await run("bash", ["-c", `${other} true`]);
    expect(code).not.toBe(0);
    expect(all).toMatch(/Host key verification failed/);
});

test("no private key lies in the state, in the machine's description or in the endpoint's log", async () => {
    const { stdout } = await stack.pulumi("stack", "export");
    expect(stdout.length).toBeGreaterThan(1000);
    expect(stdout).not.toContain("PRIVATE KEY");
    const { InstanceId = "" } = await theInstance();
    expect(await docker("inspect", InstanceId)).not.toContain("PRIVATE KEY");
    expect(await docker("logs", "berth-lab-ec2")).not.toContain("PRIVATE KEY");
});

test("a scan finds exactly the table's ports open, before and after a rule changes", async () => {
    const where = await address();
    const tableSays = async () => (await stack.outputs()).exposure.filter(({ from }) => from.length > 0);
    const open = (rows: { port: number; from: string[] }[], range: RegExp) =>
        rows.filter(({ from }) => from.some((r) => range.test(r))).map(({ port }) => port);

    const before = await tableSays();
    expect(await openPorts(where, WORLD, HOST_IMAGE)).toEqual(open(before, /^0\.0\.0\.0/));
    expect(await openPorts(where, "host", HOST_IMAGE)).toEqual(open(before, /./));
    expect(before.map(({ port }) => port)).toEqual([22, 80]);

    stack.edit((config) => ((config["berth:services"] as Config).web!.ports = ["80:80", "8080:80", "9090:80"]));
    setHost({ open: { "80": ["198.51.100.0/24"], "8080": ["0.0.0.0/0"] } });
    await up();
    const after = await tableSays();
    expect(await openPorts(where, WORLD, HOST_IMAGE)).toEqual([8080]);
    expect(open(after, /^0\.0\.0\.0/)).toEqual([8080]);
    expect((await stack.outputs()).exposure.find(({ port }) => port === 9090)).toMatchObject({ from: [] });
    setHost({ open: {} });
    stack.edit((config) => ((config["berth:services"] as Config).web!.ports = ["80:80"]));
    await up();
});

test.each([
    [
        { instanceType: "t3.gigantic", subnetId: "subnet-0123456789abcdef0" },
        [
            /berth:host\.instanceType: "t3\.gigantic": there is no such instance type/,
            /berth:host\.subnetId: .*no such subnet/,
        ],
    ],
    [{ architecture: "arm64" }, [/berth:host\.architecture: "arm64": t3\.small has .*x86_64/]],
    [{ release: "26.04" }, [/berth:host\.release: "26\.04": Canonical has no image/]],
])("%j is refused by name, and nothing is touched", async (values, messages) => {
    const before = fs.readFileSync(stack.file, "utf8");
    setHost(values);
    const { code, all } = await stack.up();
    fs.writeFileSync(stack.file, before);
    expect(code).not.toBe(0);
    for (const message of messages) expect(all).toMatch(message);
    expect(all).not.toMatch(/unhandled exception|at Object\./);
    expect((await get(`http://${await address()}`))?.status).toBe(200);
});

test("neither a newer image nor other user data replaces the server", async () => {
    await ec2.publishImage("24.04", "x86_64");
    await up("--expect-no-changes");
    const clone = cloneProject();
    try {
        const file = path.join(clone, "components/host/cloudConfig.ts");
        const changed = fs
            .readFileSync(file, "utf8")
            .replace("disable_root: true", "disable_root: true, timezone: 'UTC'");
        expect(changed).toContain("timezone");
        fs.writeFileSync(file, changed);
        const result = await run("./scripts/pulumi", ["preview", "--expect-no-changes", "--stack", stack.name], {
            cwd: clone,
            env: {
                PULUMI_BACKEND_URL: `file://${path.join(root, ".berth/state")}`,
                PULUMI_CONFIG_PASSPHRASE_FILE: path.join(root, ".berth/passphrase"),
            },
        });
        expectSuccess(result);
    } finally {
        fs.rmSync(clone, { recursive: true });
    }
});

test("an instance that was terminated behind Pulumi's back is made again, with all that was on it", async () => {
    const { InstanceId = "" } = await theInstance();
    const where = await address();
    await ec2.terminate([InstanceId]);
    const { all } = await up();
    expect(all).toContain(`the instance ${InstanceId} is gone`);
    expect((await theInstance()).InstanceId).not.toBe(InstanceId);
    expect(await address()).toBe(where);
    expect((await get(`http://${where}`))?.status).toBe(200);
    await up("--expect-no-changes");
});

test("a new server that would lose volumes is refused; asked for with a data disk, it has the newest image and the volumes", async () => {
    setHost({ generation: 2 });
    const refused = await stack.up();
    expect(refused.code).not.toBe(0);
    expect(refused.all).toMatch(/berth:host\.generation: 2: .*named volumes/);

    setHost({ generation: 1, dataDisk: { size: 1 } });
    await up();
    await up("--expect-no-changes");
    const written = await stack.ssh(
        "docker run --rm -v kept:/data --entrypoint sh nginx:1.30 -c 'echo precious > /data/file'",
    );
    expectSuccess(written);
    const old = await theInstance();

    const image = await ec2.publishImage("24.04", "x86_64");
    setHost({ dataDisk: undefined, instanceType: "t4g.small" });
    const torn = await stack.up();
    expect(torn.code).not.toBe(0);
    expect(torn.all).toMatch(/berth:host\.dataDisk: the named volumes of the running server are on its disk/);
    expect(torn.all).toMatch(/berth:host\.instanceType: it is arm64, the running server x86_64/);

    setHost({ dataDisk: { size: 1 }, instanceType: "t3.small", generation: 2 });
    await up();
    const replaced = await theInstance();
    expect(replaced.InstanceId).not.toBe(old.InstanceId);
    expect(replaced.ImageId).toBe(image);
    const read = await stack.ssh("docker run --rm -v kept:/data --entrypoint cat nginx:1.30 /data/file");
    expect(read).toMatchObject({ code: 0, stdout: "precious\n" });
    expect((await get(`http://${await address()}`))?.status).toBe(200);
    await up("--expect-no-changes");
});

test("after a reboot nginx answers at the same address, from the data disk", async () => {
    const { InstanceId = "" } = await theInstance();
    const bootId = () => stack.ssh("cat /proc/1/stat | cut -d ' ' -f 22; findmnt -no SOURCE /var/lib/docker");
    const before = await bootId();
    await ec2.reboot(InstanceId);
    await until("the machine is another boot", async () => {
        const now = await bootId();
        return now.code === 0 && now.stdout !== before.stdout;
    });
    await until("nginx answers", async () => (await get(`http://${await address()}`))?.status === 200);
    const read = await stack.ssh("docker run --rm -v kept:/data --entrypoint cat nginx:1.30 /data/file");
    expect(read).toMatchObject({ code: 0, stdout: "precious\n" });
});

test("a stopped server is named with the command that starts it, and has its address afterwards", async () => {
    const { InstanceId = "" } = await theInstance();
    const where = await address();
    await ec2.stop(InstanceId);
    const { code, all } = await stack.up();
    expect(code).not.toBe(0);
    expect(all).toContain(`aws ec2 start-instances --instance-ids ${InstanceId}`);
    await ec2.start(InstanceId);
    await until("nginx answers", async () => (await get(`http://${where}`))?.status === 200);
    await up("--expect-no-changes");
});

test("a second host comes beside the first, and goes again", async () => {
    setHost({ count: 2 });
    await up();
    const { hosts } = (await stack.outputs()) as unknown as { hosts: { url: string }[] };
    expect(hosts).toHaveLength(2);
    for (const { url } of hosts) expect((await get(url))?.status).toBe(200);
    await up("--expect-no-changes");
    setHost({ count: 1 });
    await up();
    await theInstance();
    await ec2.deleteVolume(await ec2.keptVolume(`${stack.prefix}-2`));
});

test("the data disk outlives the stack", async () => {
    expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
    kept = await ec2.keptVolume(stack.prefix);
    expect(await ec2.leftovers(stack.name)).toEqual([`volume ${kept}`]);
});

test("after kill -9 while the instance is made, cancel and up leave one instance, which takes the old disk", async () => {
    setHost({ generation: 1, dataDisk: { volumeId: kept } });
    const { child, result, output } = start("./scripts/up", ["--stack", stack.name]);
    await until("the instance is there", async () => (await ec2.instances(stack.name)).length > 0);
    expect(output()).not.toMatch(/host-instance created/);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await result;
    await stack.pulumi("cancel", "--yes");
    const [orphan] = await ec2.instances(stack.name);
    const { all } = await up();
    expect((await theInstance()).PublicIpAddress).toBe(await address());
    if ((await theInstance()).InstanceId !== orphan?.InstanceId) {
        expect(all).toContain(`terminating ${orphan?.InstanceId}, which a killed run had begun`);
    }
    const read = await stack.ssh("docker run --rm -v kept:/data --entrypoint cat nginx:1.30 /data/file");
    expect(read).toMatchObject({ code: 0, stdout: "precious\n" });
});

test("down after the instance was terminated succeeds, and nothing is left on EC2", async () => {
    await ec2.terminate([(await theInstance()).InstanceId ?? ""]);
    expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
    await ec2.deleteVolume(kept);
    expect(await ec2.leftovers(stack.name)).toEqual([]);
    expectSuccess(await stack.down());
});

function cacheHome(): string {
    return process.env.XDG_CACHE_HOME ?? path.join(process.env.HOME ?? "", ".cache");
}
