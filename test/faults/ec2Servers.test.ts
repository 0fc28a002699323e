import * as fs from "node:fs";
import * as path from "node:path";
import { DevStack } from "../hosts/devStack";
import { cloneProject, expectSuccess, get, root, run, start, until } from "../hosts/project";

jest.setTimeout(20 * 60_000);

let stack: DevStack;
let kept: string;
beforeAll(() => {
    stack = new DevStack("ec2-faults");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

test("the dev stack comes up in the lab", async () => {
    await stack.upInLab();
});

test.each([
    [{ architecture: "arm64" }, /berth:host\.architecture: "arm64": t3\.small has .*x86_64/],
    [{ release: "26.04" }, /berth:host\.release: "26\.04": Canonical has no image/],
])("%j is refused by name, and nothing is touched", async (values, message) => {
    const before = fs.readFileSync(stack.file, "utf8");
    stack.setHost(values);
    const { code, all } = await stack.up();
    fs.writeFileSync(stack.file, before);
    expect(code).not.toBe(0);
    expect(all).toMatch(message);
    expect(all).not.toMatch(/unhandled exception|at Object\./);
    expect((await get(`http://${await stack.address()}`))?.status).toBe(200);
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
    const { InstanceId = "" } = await stack.theInstance();
    const where = await stack.address();
    await stack.ec2.terminate([InstanceId]);
    const { all } = await stack.mustUp();
    expect(all).toContain(`the instance ${InstanceId} is gone`);
    expect((await stack.theInstance()).InstanceId).not.toBe(InstanceId);
    expect(await stack.address()).toBe(where);
    expect((await get(`http://${where}`))?.status).toBe(200);
    await stack.mustUp("--expect-no-changes");
});

test("a new server that would lose volumes is refused; asked for with a data disk, it has the newest image and the volumes", async () => {
    stack.setHost({ generation: 2 });
    const refused = await stack.up();
    expect(refused.code).not.toBe(0);
    expect(refused.all).toMatch(/berth:host\.generation: 2: .*named volumes/);

    stack.setHost({ generation: 1, dataDisk: { size: 1 } });
    await stack.mustUp();
    await stack.mustUp("--expect-no-changes");
    const written = await stack.ssh(
        "docker run --rm -v kept:/data --entrypoint sh nginx:1.30 -c 'echo precious > /data/file'",
    );
    expectSuccess(written);
    const old = await stack.theInstance();

    const image = await stack.ec2.publishImage("24.04", "x86_64");
    stack.setHost({ dataDisk: undefined, instanceType: "t4g.small" });
    const torn = await stack.up();
    expect(torn.code).not.toBe(0);
    expect(torn.all).toMatch(/berth:host\.dataDisk: the named volumes of the running server are on its disk/);
    expect(torn.all).toMatch(/berth:host\.instanceType: it is arm64, the running server x86_64/);

    stack.setHost({ dataDisk: { size: 1 }, instanceType: "t3.small", generation: 2 });
    await stack.mustUp();
    const replaced = await stack.theInstance();
    expect(replaced.InstanceId).not.toBe(old.InstanceId);
    expect(replaced.ImageId).toBe(image);
    const read = await stack.ssh("docker run --rm -v kept:/data --entrypoint cat nginx:1.30 /data/file");
    expect(read).toMatchObject({ code: 0, stdout: "precious\n" });
    expect((await get(`http://${await stack.address()}`))?.status).toBe(200);
    await stack.mustUp("--expect-no-changes");
});

test("after a reboot nginx answers at the same address, from the data disk", async () => {
    const { InstanceId = "" } = await stack.theInstance();
    const bootId = () => stack.ssh("cat /proc/1/stat | cut -d ' ' -f 22; findmnt -no SOURCE /var/lib/docker");
    const before = await bootId();
    await stack.ec2.reboot(InstanceId);
    await until("the machine is another boot", async () => {
        const now = await bootId();
        return now.code === 0 && now.stdout !== before.stdout;
    });
    await until("nginx answers", async () => (await get(`http://${await stack.address()}`))?.status === 200);
    const read = await stack.ssh("docker run --rm -v kept:/data --entrypoint cat nginx:1.30 /data/file");
    expect(read).toMatchObject({ code: 0, stdout: "precious\n" });
    await stack.mustUp("--expect-no-changes");
});

test("a stopped server is named with the command that starts it, and has its address afterwards", async () => {
    const { InstanceId = "" } = await stack.theInstance();
    const where = await stack.address();
    await stack.ec2.stop(InstanceId);
    const { code, all } = await stack.up();
    expect(code).not.toBe(0);
    expect(all).toContain(`aws ec2 start-instances --instance-ids ${InstanceId}`);
    await stack.ec2.start(InstanceId);
    await until("nginx answers", async () => (await get(`http://${where}`))?.status === 200);
    await stack.mustUp("--expect-no-changes");
});

test("a second host comes beside the first, and goes again", async () => {
    stack.setHost({ count: 2 });
    await stack.mustUp();
    const { hosts } = (await stack.outputs()) as unknown as { hosts: { url: string }[] };
    expect(hosts).toHaveLength(2);
    for (const { url } of hosts) expect((await get(url))?.status).toBe(200);
    await stack.mustUp("--expect-no-changes");
    stack.setHost({ count: 1 });
    await stack.mustUp();
    await stack.theInstance();
    await stack.ec2.deleteVolume(await stack.ec2.keptVolume(`${stack.prefix}-2`));
});

test("the data disk outlives the stack", async () => {
    expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
    kept = await stack.ec2.keptVolume(stack.prefix);
    expect(await stack.ec2.leftovers(stack.name)).toEqual([`volume ${kept}`]);
});

test("after kill -9 while the instance is made, cancel and up leave one instance, which takes the old disk", async () => {
    stack.setHost({ generation: 1, dataDisk: { volumeId: kept } });
    const { child, result, output } = start("./scripts/up", ["--stack", stack.name]);
    await until("the instance is there", async () => (await stack.ec2.instances(stack.name)).length > 0);
    expect(output()).not.toMatch(/host-instance created/);
    process.kill(-(child.pid ?? 0), "SIGKILL");
    await result;
    await stack.pulumi("cancel", "--yes");
    const [orphan] = await stack.ec2.instances(stack.name);
    const { all } = await stack.mustUp();
    expect((await stack.theInstance()).PublicIpAddress).toBe(await stack.address());
    if ((await stack.theInstance()).InstanceId !== orphan?.InstanceId) {
        expect(all).toContain(`terminating ${orphan?.InstanceId}, which a killed run had begun`);
    }
    const read = await stack.ssh("docker run --rm -v kept:/data --entrypoint cat nginx:1.30 /data/file");
    expect(read).toMatchObject({ code: 0, stdout: "precious\n" });
});

test("down after the instance was terminated succeeds, and nothing is left on EC2", async () => {
    await stack.ec2.terminate([(await stack.theInstance()).InstanceId ?? ""]);
    expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
    await stack.ec2.deleteVolume(kept);
    expect(await stack.ec2.leftovers(stack.name)).toEqual([]);
    expectSuccess(await stack.down());
});
