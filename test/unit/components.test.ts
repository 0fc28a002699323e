import { clearCommand } from "../../components/engine/clearCommand";
import { DockerEngine } from "../../components/engine";
import { LocalHost, type LocalHostArgs } from "../../components/host";
import { ServiceGroup } from "../../components/services";
import { publicKey } from "./keys";
import { inputsOf, isSecret, names, registered, reset, settle, unwrap } from "./mocks";
import { project } from "./services";

const labels = { "berth.project": "berth", "berth.stack": "test" };
const hostArgs: LocalHostArgs = {
    machineName: "berth-test",
    image: "berth/host:x",
    sshPort: 20022,
    publishedPorts: [{ port: 8080 }],
    labels,
};
async function build(host: Partial<LocalHostArgs> = {}) {
    reset();
    const machine = new LocalHost("host", { ...hostArgs, ...host });
    const engine = new DockerEngine("engine", { host: machine, labels, users: ["deploy"] });
    const web = { image: "nginx:1.30", ports: [{ published: 8080, target: 80, protocol: "tcp" as const }] };
    new ServiceGroup("services", {
        engine,
        project: project({ web }),
        prefix: "berth-test",
        labels,
        protectVolumes: true,
    });
    await settle();
    return { machine, engine };
}

test("the machine is reached on loopback only, and by nothing but SSH", async () => {
    await build();
    expect(inputsOf("host-machine").ports).toEqual([{ internal: 22, external: 20022, ip: "127.0.0.1" }]);
    expect(inputsOf("host-port-8080").ports).toEqual([{ internal: 8080, external: 8080, ip: "127.0.0.1" }]);
});

test("a port of a service is a forwarder of its own without any privilege", async () => {
    await build({ publishedPorts: [{ port: 80 }, { port: 443 }, { port: 443, protocol: "udp" }] });
    expect(names()).toEqual(expect.arrayContaining(["host-port-80", "host-port-443", "host-port-443-udp"]));
    expect(inputsOf("host-port-443-udp")).toMatchObject({
        name: "berth-test-port-443-udp",
        entrypoints: ["forward-udp"],
        command: ["443", "berth-test:443"],
        ports: [{ internal: 443, external: 443, ip: "127.0.0.1", protocol: "udp" }],
        user: "nobody",
        readOnly: true,
    });
    expect(inputsOf("host-port-80")).toMatchObject({
        user: "nobody",
        readOnly: true,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
    });
});

test("the machine's Docker data lies in volumes, and what the engine lacks is not asked for", async () => {
    await build({ missingCapabilities: ["CAP_SYS_RESOURCE"], networks: ["lab"] });
    const machine = inputsOf("host-machine");
    expect(machine.volumes).toEqual(
        expect.arrayContaining([
            expect.objectContaining({ volumeName: "berth-test-docker", containerPath: "/var/lib/docker" }),
        ]),
    );
    expect(machine.capabilities).toEqual({ adds: ["ALL"], drops: ["CAP_SYS_RESOURCE"] });
    expect(machine.networksAdvanced).toEqual([{ name: "berth-test" }, { name: "lab" }]);
    expect(machine.privileged).toBeUndefined();
});

test("the host boots with the key that every connection pins, and private keys stay secrets", async () => {
    await build();
    const { uploads } = inputsOf("host-machine");
    expect(isSecret(uploads)).toBe(true);
    expect(unwrap(uploads)).toMatchObject([
        { file: expect.stringMatching(/user-data$/), permissions: "0600" },
        { file: expect.stringMatching(/meta-data$/) },
    ]);
    const connection = unwrap(inputsOf("engine-install").connection) as Record<string, unknown>;
    expect(unwrap(connection.hostKey)).toBe(publicKey);
    expect(isSecret(connection.privateKey) || isSecret(inputsOf("engine-install").connection)).toBe(true);
    const sshOpts = unwrap(inputsOf("engine-engine").sshOpts) as string | string[];
    expect(JSON.stringify(sshOpts)).toContain(`KnownHostsCommand=/bin/echo %H ${publicKey}`);
    expect(JSON.stringify(sshOpts)).toContain("StrictHostKeyChecking=yes");
});

test("SSH has more than three minutes to come up", async () => {
    await build();
    const { dialErrorLimit } = unwrap(inputsOf("engine-install").connection) as { dialErrorLimit: number };
    const delays = Array.from({ length: dialErrorLimit }, (_, i) => Math.min(0.1 * 1.5 ** i, 5));
    expect(delays.reduce((sum, delay) => sum + delay, 0)).toBeGreaterThan(180);
});

test("the install runs again on a new machine, as root, for the login and the named users", async () => {
    await build();
    const install = inputsOf("engine-install");
    expect(install.triggers).toEqual(["host-machine-id"]);
    expect(install.create).toMatch(/^sudo -n bash -s -- --user ubuntu --user deploy/);
    expect(install.stdin).toMatch(/^#!\/usr\/bin\/env bash/);
    expect(install.environment).toBeUndefined();
});

test("an engine of which the state knows nothing is cleared of the stack's containers and networks, and of no others", async () => {
    await build();
    expect(inputsOf("engine-clear")).toMatchObject({
        create: clearCommand({ "berth.project": "berth", "berth.stack": "test" }),
        triggers: ["host-docker-id"],
    });
});

test("each link of the chain is a component under its published type", async () => {
    await build();
    const components = registered().filter((r) => r.type.startsWith("berth:"));
    expect(components.map((c) => c.type).sort()).toEqual([
        "berth:index:AnonymousVolumes",
        "berth:index:DockerEngine",
        "berth:index:LocalHost",
        "berth:index:PulledImage",
        "berth:index:Service",
        "berth:index:ServiceContainer",
        "berth:index:ServiceGroup",
        "berth:index:SshIdentity",
        "berth:index:SshKey",
        "berth:index:SshKey",
    ]);
});
