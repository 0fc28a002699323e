import * as fs from "node:fs";
import * as path from "node:path";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import { startLab, stopLab } from "../hosts/lab";
import { Ec2Lab } from "../hosts/labEc2Client";
import { KeyPair, LabServer } from "../hosts/labServer";
import { Stack, cloneProject, errorOf, expectSuccess, get, root, run } from "../hosts/project";

jest.setTimeout(10 * 60_000);

let internet: LabAnswer;
let lab: Ec2Lab;
let server: LabServer;
let stack: Stack;
const client = new KeyPair();

const edit = (host: object, port = 8080) =>
    stack.edit((config) => Object.assign(config, server.stackConfig(internet, port, host)));
const web = (port: number) => get(`http://${server.address}:${port}`);
const serves = async (port: number) => expect((await web(port))?.status).toBe(200);
beforeAll(async () => {
    const started = await startLab();
    internet = started.internet;
    lab = new Ec2Lab(started.ec2);
    server = await LabServer.launch(lab, "server", client);
    await server.booted();
    stack = new Stack(server.stackConfig(internet, 8080), "existing");
});
afterAll(async () => {
    await (stack as Stack | undefined)?.down();
    await (stack as Stack | undefined)?.forget();
    await (server as LabServer | undefined)?.remove();
    await (lab as Ec2Lab | undefined)?.remove();
    client.remove();
    await stopLab();
});

test("a server with another host key is refused", async () => {
    const other = new KeyPair();
    edit({ hostKey: other.public });
    other.remove();
    expect(errorOf(await stack.up())).toMatch(/the host host shows the key SHA256:\S+, and SHA256:\S+ is pinned/);
    expect(await server.hasDocker()).toBe(false);
});

test("a login whose sudo asks for a password is refused, with what to do, and little else", async () => {
    edit({ user: "tom" });
    const error = errorOf(await stack.up());
    expect(error).toMatch(/berth: tom may not use sudo without a password, .*tom ALL=\(ALL\) NOPASSWD:ALL/);
    expect(error.match(/may not use sudo/g)).toHaveLength(1);
    expect(error.split("\n").length).toBeLessThan(15);
});

test("a port that another program has is refused, with the program's name, before anything is installed", async () => {
    edit({}, 8088);
    const error = errorOf(await stack.up());
    expect(error).toMatch(/berth: port 8088 of the server is taken by python3 \(pid \d+\)/);
    expect(await server.hasDocker()).toBe(false);
    await serves(8088);
});

test("the first up ends in HTTP 200, with a table of who reaches what", async () => {
    edit({});
    const { all, stdout } = await stack.mustUp();
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(`http://${server.address}:8080`);
    expect(await web(8080)).toEqual({ status: 200, server: expect.stringMatching(/^nginx/) });
    expect(all).toMatch(/^8080\/tcp +everyone.* web publishes it; ufw does not keep it closed/m);
    expect(all).not.toMatch(/warning:/i);
    expect(all).not.toContain("PRIVATE KEY");
});

test("a second up and a preview after refresh find nothing to change", () => stack.expectUnchanged());

test("neither a newer survey nor another way to hand over the key makes containers show a change", async () => {
    const clone = cloneProject();
    const before = fs.readFileSync(stack.file, "utf8");
    edit({ privateKeyFile: undefined, privateKey: client.private });
    fs.copyFileSync(stack.file, path.join(clone, path.basename(stack.file)));
    fs.writeFileSync(stack.file, before);
    fs.appendFileSync(path.join(clone, "scripts/survey-host.sh"), "# newer\n");
    const preview = await run("./scripts/pulumi", ["preview", "--stack", stack.name], {
        cwd: clone,
        env: {
            PULUMI_BACKEND_URL: `file://${path.join(root, ".berth/state")}`,
            PULUMI_CONFIG_PASSPHRASE_FILE: path.join(root, ".berth/passphrase"),
        },
    });
    fs.rmSync(clone, { recursive: true });
    expectSuccess(preview);
    expect(preview.all).not.toMatch(/docker:index:|remote:Command/);
});

test("a port of somebody else's container is refused by the container's name, and the service stays", async () => {
    const image = `nginx:${internet.nginx.at(-1)}`;
    await server.asRoot(
        `docker run -d --name theirs -p 8085:80 -v theirs:/data ${image} && docker exec theirs touch /data/kept`,
    );
    edit({}, 8085);
    expect(errorOf(await stack.up())).toMatch(/port 8085 of the server is taken by the container theirs:/);
    await serves(8080);
    edit({});
});

test("down leaves the engine and whatever else runs there, and nothing of the stack's", async () => {
    expectSuccess(await stack.down());
    const own = `--filter label=berth.stack=${stack.name}`;
    expect(await server.asRoot(`docker ps -aq ${own}; docker network ls -q ${own}; docker volume ls -q ${own}`)).toBe(
        "",
    );
    expect(await server.asRoot("docker exec theirs ls /data/kept")).toBe("/data/kept");
    await Promise.all([8085, 8088].map(serves));
});
