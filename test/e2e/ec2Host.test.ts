import * as fs from "node:fs";
import { type Config, DevStack } from "../hosts/devStack";
import { openPorts } from "../hosts/ec2";
import { HOST_IMAGE } from "../hosts/lab";
import { docker, expectSuccess, get, run } from "../hosts/project";

jest.setTimeout(20 * 60_000);

const WORLD = "berth-lab";

let stack: DevStack;
beforeAll(() => {
    stack = new DevStack("ec2");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

test("the stand-in for AWS's plugin runs no stack outside the lab, and it is said how to do without an account", async () => {
    stack.setHost({ sshFrom: ["203.0.113.4/32"] });
    const env = { BERTH_TOOLCHAIN: "built" };
    for (const [script, ...words] of [
        ["./scripts/up", "--stack", stack.name],
        ["./scripts/pulumi", "preview", "--stack", stack.name],
    ] as const) {
        const { code, all } = await run(script, words, { env });
        expect(code).not.toBe(0);
        expect(all).toMatch(/is on AWS, and Pulumi's official plugins cannot be downloaded here.*--lab/);
        expect(all).not.toMatch(/at Object\.|unhandled|Diagnostics/);
    }
});

test("the first up of the dev stack in the lab ends in HTTP 200 at its elastic address", async () => {
    stack.setHost({ ssm: true });
    const { all, stdout } = await stack.upInLab();
    const url = stdout.trimEnd().split("\n").at(-1) ?? "";
    expect(await get(url)).toEqual({ status: 200, server: expect.stringMatching(/^nginx/) });
    expect(all).not.toMatch(/warning:/i);
    expect(all).not.toContain("PRIVATE KEY");
});

test("the instance is locked down as asked", async () => {
    const instance = await stack.theInstance();
    expect(instance.MetadataOptions).toMatchObject({ HttpTokens: "required", HttpPutResponseHopLimit: 1 });
    expect(instance.EbsOptimized).toBe(true);
    expect(instance.PublicIpAddress).toBe(await stack.address());
});

test("a second up and a preview after refresh find nothing to change, though Canonical has a newer image", async () => {
    await stack.ec2.publishImage("24.04", "x86_64");
    await stack.expectUnchanged();
});

test("doctor says what the account has left for the stack beside others, which AMI it gets, and whether images fit", async () => {
    const doctor = () => run("./scripts/doctor", ["-s", stack.name]);
    const { code, stdout } = await doctor();
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.not.stringMatching(/^(warn|FAIL)/m) });
    expect(stdout).toMatch(/ok {4}AWS: the lab's endpoint \S+ answers/);
    expect(stdout).toMatch(/ok {4}AMI: ami-\w+: ubuntu\/images\/\S+-24\.04-amd64-server-/);
    expect(stdout).toContain("ok    image nginx:1.30: is there for amd64");
    expect(stdout).toContain("ok    quota: elastic IPs: 0 of 5 are used by others, the stack wants 1");
    expect(stdout).toContain("ok    quota: vCPUs: 0 of 5 are used by others, the stack wants 2");

    const before = fs.readFileSync(stack.file, "utf8");
    const other = await stack.ec2.runAnother(await stack.theInstance());
    stack.setHost({ count: 6, instanceType: "t4g.small" });
    const full = await doctor();
    fs.writeFileSync(stack.file, before);
    await stack.ec2.terminate([other]);
    expect(full.code).toBe(1);
    expect(full.stdout).toMatch(/ok {4}AMI: ami-\w+: ubuntu\/images\/\S+-24\.04-arm64-server-/);
    expect(full.stdout).toContain("FAIL  image nginx:1.30: is for amd64, the host of web is arm64\n");
    expect(full.stdout).toMatch(
        /warn {2}quota: elastic IPs: 0 of 5 are used by others, the stack wants 6\n.*→.*L-0263D0A3/,
    );
    expect(full.stdout).toMatch(/warn {2}quota: vCPUs: 2 of 5 are used by others, the stack wants 12\n.*→.*L-1216C47A/);
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
    const { InstanceId = "" } = await stack.theInstance();
    expect(await docker("inspect", InstanceId)).not.toContain("PRIVATE KEY");
    expect(await docker("logs", "berth-lab-ec2")).not.toContain("PRIVATE KEY");
});

test("all that AWS does not have is refused by name, and nothing is touched", async () => {
    const before = fs.readFileSync(stack.file, "utf8");
    stack.setHost({ instanceType: "t3.gigantic", subnetId: "subnet-0123456789abcdef0" });
    const { code, all } = await stack.up();
    fs.writeFileSync(stack.file, before);
    expect(code).not.toBe(0);
    expect(all).toMatch(/berth:host\.instanceType: "t3\.gigantic": there is no such instance type/);
    expect(all).toMatch(/berth:host\.subnetId: .*no such subnet/);
    expect(all).not.toMatch(/unhandled exception|at Object\./);
    expect((await get(`http://${await stack.address()}`))?.status).toBe(200);
});

test("a scan finds exactly the table's ports open, before and after a rule changes", async () => {
    const where = await stack.address();
    const tableSays = async () => (await stack.outputs()).exposure.filter(({ from }) => from.length > 0);
    const open = (rows: { port: number; from: string[] }[], range: RegExp) =>
        rows.filter(({ from }) => from.some((r) => range.test(r))).map(({ port }) => port);

    const before = await tableSays();
    expect(await openPorts(where, WORLD, HOST_IMAGE)).toEqual(open(before, /^0\.0\.0\.0/));
    expect(await openPorts(where, "host", HOST_IMAGE)).toEqual(open(before, /./));
    expect(before.map(({ port }) => port)).toEqual([22, 80]);

    stack.edit((config) => ((config["berth:services"] as Config).web!.ports = ["80:80", "8080:80", "9090:80"]));
    stack.setHost({ open: { "80": ["198.51.100.0/24"], "8080": ["0.0.0.0/0"] } });
    await stack.mustUp();
    const after = await tableSays();
    expect(await openPorts(where, WORLD, HOST_IMAGE)).toEqual([8080]);
    expect(open(after, /^0\.0\.0\.0/)).toEqual([8080]);
    expect((await stack.outputs()).exposure.find(({ port }) => port === 9090)).toMatchObject({ from: [] });
});

test("destroy leaves nothing on EC2, and down no endpoint", async () => {
    expectSuccess(await stack.pulumi("destroy", "--yes", "--skip-preview"));
    expect(await stack.ec2.leftovers(stack.name)).toEqual([]);
    const leftovers = () => run("./scripts/leftovers", ["-s", stack.name]);
    expect(await leftovers()).toMatchObject({ code: 0, stdout: `nothing of ${stack.name} is left\n` });
    await stack.ec2.makeRole("host-role-0a1b2c3", { "berth.project": "berth", "berth.stack": stack.name });
    await stack.ec2.makeRole("host-role-1a2b3c4", { "berth.project": "berth", "berth.stack": "another" });
    const { code, stdout } = await leftovers();
    expect({ code, rows: stdout.trimEnd().split("\n").slice(1) }).toEqual({
        code: 2,
        rows: [expect.stringMatching(/^AWS +role +host-role-0a1b2c3/)],
    });
    await stack.ec2.deleteRole("host-role-0a1b2c3");
    expectSuccess(await stack.down());
    expect(fs.readFileSync(stack.file, "utf8")).not.toContain("berth:lab");
});
