import * as fs from "node:fs";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import { startLab, stopLab } from "../hosts/lab";
import { Ec2Lab, tcp } from "../hosts/labEc2Client";
import { KeyPair, LabServer } from "../hosts/labServer";
import { Stack, errorOf, expectSuccess, get } from "../hosts/project";

jest.setTimeout(10 * 60_000);

/** A name of the server that the jump host alone knows: who reaches the server by it went through there. */
const HIDDEN_NAME = "server.behind.test";

let internet: LabAnswer;
let lab: Ec2Lab;
let server: LabServer;
let bastion: LabServer;
let stack: Stack;
let second: Stack;
const client = new KeyPair();

const edit = (of: Stack, host: object, port = 8080) =>
    of.edit((config) => Object.assign(config, server.stackConfig(internet, port, host)));
const web = (port: number) => get(`http://${server.address}:${port}`);
const serves = async (port: number) => expect((await web(port))?.status).toBe(200);
beforeAll(async () => {
    const started = await startLab();
    internet = started.internet;
    lab = new Ec2Lab(started.ec2);
    [server, bastion] = await Promise.all([
        LabServer.launch(lab, "server", client),
        LabServer.launch(lab, "bastion", client),
    ]);
    await Promise.all([server.booted(), bastion.booted()]);
    await bastion.asRoot(`echo ${server.privateAddress} ${HIDDEN_NAME} >> /etc/hosts`);
    stack = new Stack(server.stackConfig(internet, 8080), "existing-faults");
    second = new Stack(server.stackConfig(internet, 8081), "existing-faults-2");
});
afterAll(async () => {
    for (const each of [second, stack] as (Stack | undefined)[]) {
        await each?.down();
        await each?.forget();
    }
    for (const each of [server, bastion] as (LabServer | undefined)[]) await each?.remove();
    await (lab as Ec2Lab | undefined)?.remove();
    client.remove();
    await stopLab();
});

test("the first stack comes up beside somebody else's container", async () => {
    await stack.mustUp();
    const image = `nginx:${internet.nginx.at(-1)}`;
    await server.asRoot(`docker run -d --name theirs -p 8085:80 ${image}`);
    await Promise.all([8080, 8085].map(serves));
});

test("a second stack, as root and through a jump host, is refused the first one's port and lives beside it", async () => {
    const proxy = {
        host: bastion.address,
        user: "admin",
        hostKey: bastion.hostKey.public,
        privateKeyFile: client.file,
    };
    const key = { privateKeyFile: undefined, privateKey: client.private };
    const host = { user: "root", address: HIDDEN_NAME, proxy, ...key, removeOnDestroy: true };
    edit(second, host, 8080);
    expect(errorOf(await second.up())).toContain(
        `port 8080 of the server is taken by the container ${stack.prefix}-web:`,
    );

    edit(second, host, 8081);
    await second.mustUp();
    await second.mustUp("--expect-no-changes");
    expectSuccess(await second.pulumi("preview", "--refresh", "--expect-no-changes"));
    await Promise.all([8080, 8081, 8085].map(serves));
    await stack.mustUp("--expect-no-changes");
});

test("the second stack's end, which would take Docker along, leaves the first one's containers and with them Docker", async () => {
    const down = await second.down();
    expectSuccess(down);
    expect(down.all).toMatch(/Docker stays: other containers are here than this stack's: /);
    expect(down.all).toContain(`${stack.prefix}-web`);
    expect(await web(8081)).toBeUndefined();
    await Promise.all([8080, 8085].map(serves));
});

test("down of a server that is silent ends soon, and says which; when it is back, down goes on", async () => {
    await lab.close(server.group, tcp(22));
    const began = Date.now();
    const error = errorOf(await stack.down());
    await lab.open(server.group, tcp(22));
    expect(error).toMatch(new RegExp(`admin@${server.address}:22: after \\d+ failed attempts: .*timeout`, "i"));
    expect(error).toContain("where the server does not answer, start it and try again");
    expect(Date.now() - began).toBeLessThan(120_000);
});

test("with removeOnDestroy Docker goes with the stack, and not before", async () => {
    expectSuccess(await stack.down());
    await serves(8085);
    edit(stack, { removeOnDestroy: true });
    await stack.mustUp();
    edit(stack, { removeOnDestroy: false });
    await stack.mustUp(); // a changed mind
    await serves(8080);
    edit(stack, { removeOnDestroy: true });
    stack.edit((config) => Object.assign(config["berth:engine"] as object, { logs: { maxFile: 5 } }));
    await stack.mustUp(); // another install
    await serves(8080);

    const first = await stack.down();
    expectSuccess(first);
    expect(first.all).toContain("Docker stays: other containers are here than this stack's: theirs");
    await serves(8085);
    await server.asRoot("docker rm -f theirs && docker volume create their_data");
    await stack.mustUp();
    expect((await stack.down()).all).toContain("Docker stays: other volumes are here than this stack's: their_data");
    await server.asRoot("docker volume rm their_data");
    await stack.mustUp();

    expectSuccess(await stack.down());
    expect(await server.hasDocker()).toBe(false);
    const data = "find /var/lib/docker /var/lib/containerd -mindepth 1 2>/dev/null";
    const files = "ls -d /var/lib/berth /etc/docker /etc/apt/sources.list.d/docker.list /etc/apt/keyrings/docker.asc";
    expect((await server.ssh("root", `${data}; ${files} 2>/dev/null; true`)).all).toBe("");
    expect(await server.asRoot("dpkg --audit; systemctl is-failed docker.service || true")).not.toContain("failed");
    await serves(8088);
    expect(fs.existsSync(client.file)).toBe(true);
});
