import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { Ec2 } from "../hosts/ec2";
import { Stack, cloneProject, expectSuccess, get, root, run, start, until } from "../hosts/project";

jest.setTimeout(20 * 60_000);

type Config = Record<string, Record<string, unknown>>;

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
    stack = new Stack(committed(), "ec2-faults");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

test("the dev stack comes up in the lab", async () => {
    setHost({ sshFrom: [] });
    await up("--lab");
    const lab = (parse(fs.readFileSync(stack.file, "utf8")) as { config: Config }).config["berth:lab"];
    ec2 = new Ec2(lab?.ec2 as { endpoint: string; region: string });
});

test.each([
    [{ architecture: "arm64" }, /berth:host\.architecture: "arm64": t3\.small has .*x86_64/],
    [{ release: "26.04" }, /berth:host\.release: "26\.04": Canonical has no image/],
])("%j is refused by name, and nothing is touched", async (values, message) => {
    const before = fs.readFileSync(stack.file, "utf8");
    setHost(values);
    const { code, all } = await stack.up();
    fs.writeFileSync(stack.file, before);
    expect(code).not.toBe(0);
    expect(all).toMatch(message);
    expect(all).not.toMatch(/unhandled exception|at Object\./);
    expect((await get(`http://${await address()}`))?.status).toBe(200);
});

test("other user data does not replace the server", async () => {
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
