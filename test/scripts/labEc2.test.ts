import { DeregisterImageCommand, RegisterImageCommand } from "@aws-sdk/client-ec2";
import { execFileSync, spawnSync } from "node:child_process";
import * as path from "node:path";
import { startEc2, startLab, stateOf, stopLab } from "../hosts/lab";
import { Ec2Lab, type Endpoint, type Machine, code, name, noble, tcp } from "../hosts/labEc2Client";
import { answers, answersTo, connect, echo } from "../hosts/labEc2Machine";
import { root } from "../hosts/project";

// Its rarer ways are in test/faults: rules of other kinds, and machines that stop, move and end.
const minute = 60_000;
jest.setTimeout(5 * minute);

const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: "pipe" }).trim();
const neighbour = name("neighbour");
let endpoint: Endpoint;
let lab: Ec2Lab;
let machine: Machine;

// Building the endpoint's image takes half a minute; the time is for a busy machine, and for the lab's first build.
beforeAll(async () => {
    endpoint = (await startLab()).ec2;
    lab = new Ec2Lab(endpoint);
    const idle = ["berth/base:trixie", "sleep", "900"];
    docker("run", "-d", "--rm", "--name", neighbour, "--network", endpoint.network, ...idle);
    machine = await lab.machine("machine");
}, 20 * minute);

afterAll(async () => {
    spawnSync("docker", ["rm", "-f", neighbour]);
    await (lab as Ec2Lab | undefined)?.remove();
    await stopLab();
}, minute);

test("EC2 lab: start says where it is; a second start changes nothing", async () => {
    const container = docker("inspect", "--format", "{{ .Id }}", "berth-lab-ec2");
    expect(endpoint).toEqual({
        endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
        region: "us-east-1",
        network: "berth-lab",
        gateway: expect.stringMatching(/^172\.\d+\.0\.1$|^192\.168\.\d+\.1$|^10\./) as string,
    });
    expect(await startEc2()).toEqual(endpoint);
    expect(docker("inspect", "--format", "{{ .Id }}", "berth-lab-ec2")).toBe(container);
});

test("EC2 lab: stop leaves everything while there are instances, and says which", () => {
    const stop = spawnSync(path.join(root, "lab/ec2/stop.sh"), { encoding: "utf8" });
    expect(stop.status).toBe(0);
    expect(stop.stderr).toContain(`${machine.id} (running)`);
    expect(stateOf("berth-lab-ec2")).toBe("running");
});

test("an instance boots from its user data and answers at its elastic address with the host key that it was given", async () => {
    const { PrivateDnsName, PublicIpAddress } = await lab.describe(machine.id);
    expect(await machine.keys.ssh(machine.address, "hostname")).toBe(PrivateDnsName!.split(".")[0]);
    expect(await machine.keys.ssh(machine.privateAddress, "id -un")).toBe("ubuntu");
    expect(PublicIpAddress).toBe(machine.address);
});

test("a port is closed until a rule opens it and closed again without it; established connections live on", async () => {
    const reached = (): Promise<boolean[]> =>
        Promise.all([
            answers(machine.address, 9000),
            answers(machine.privateAddress, 9000),
            answersTo(neighbour, machine.address, 9000),
        ]);
    expect(await reached()).toEqual([false, false, false]);
    await lab.open(machine.group, tcp(9000));
    expect(await reached()).toEqual([true, true, true]);

    const connection = (await connect(machine.address, 9000))!;
    await lab.close(machine.group, tcp(9000));
    expect(await reached()).toEqual([false, false, false]);
    expect(await echo(connection, "still here")).toBe("still here");
    connection.destroy();
});

test("the newest AMI of Canonical's is one that was just registered under its naming scheme", async () => {
    // Images belong to a region: a stack that asks for the newest in its own is not disturbed.
    const elsewhere = new Ec2Lab({ ...endpoint, region: "eu-north-1" });
    const earlier = await elsewhere.newestImage();
    const { ImageId } = await elsewhere.ec2.send(
        new RegisterImageCommand({ Name: `${noble}${name("ami")}`, Architecture: "x86_64" }),
    );
    expect(await elsewhere.newestImage()).toBe(ImageId);
    await elsewhere.ec2.send(new DeregisterImageCommand({ ImageId }));
    expect(await elsewhere.newestImage()).toBe(earlier);
    await elsewhere.remove();
});

test("an unknown AMI, an unknown type and a type of another architecture are refused as by EC2", async () => {
    expect(await code(lab.launch({ ImageId: "ami-00000000000000000" }))).toBe("InvalidAMIID.NotFound");
    expect(await code(lab.launch({ InstanceType: "t9.small" as "t3.small" }))).toBe("InvalidInstanceType");
    expect(await code(lab.launch({ InstanceType: "t4g.small" }))).toBe("InvalidParameterValue");
});
