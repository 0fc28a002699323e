import * as fs from "node:fs";
import * as path from "node:path";
import { backendEnv } from "../../scripts/lib/backend";
import { childrenOf } from "../../scripts/lib/deadHosts";
import { describeOutcome } from "../../scripts/lib/outcome";
import { own } from "../../scripts/lib/paths";
import { type StateResource, sshHostOf, sshWords, withoutResources } from "../../scripts/lib/state";

const resources: StateResource[] = [
    { urn: "instance", type: "aws:ec2/instance:Instance" },
    { urn: "engine", type: "pulumi:providers:docker", dependencies: ["instance"] },
    { urn: "image", type: "docker:index/remoteImage:RemoteImage", deletedWith: "instance" },
    {
        urn: "web",
        type: "docker:index/container:Container",
        deletedWith: "instance",
        dependencies: ["image"],
        propertyDependencies: { image: ["image"] },
    },
    {
        urn: "table",
        type: "berth:index:Table",
        dependencies: ["web", "engine"],
        propertyDependencies: { rows: ["web", "engine"] },
        deletedWith: "web",
    },
];

test("what dies with an instance leaves the state, and nothing points to it any more", () => {
    const gone = childrenOf([resources[0]!], resources);
    expect([...gone]).toEqual(["image", "web"]);
    const left = withoutResources(resources, gone);
    expect(left.map(({ urn }) => urn)).toEqual(["instance", "engine", "table"]);
    expect(left[2]).toMatchObject({ dependencies: ["engine"], propertyDependencies: { rows: ["engine"] } });
    expect(JSON.stringify(left)).not.toMatch(/"web"|"image"/);
});

test("the way to a host is read from its docker provider", () => {
    const inputs = { host: "ssh://ubuntu@198.51.100.7:22", sshOpts: '["-o","IdentityFile=/k y"]' };
    const host = sshHostOf({ urn: "p", type: "pulumi:providers:docker", inputs });
    expect(host).toEqual({ user: "ubuntu", address: "198.51.100.7", port: 22, options: ["IdentityFile=/k y"] });
    expect(sshWords(host!, ["-t"])).toEqual([
        "ssh",
        "-t",
        "-o",
        "IdentityFile=/k y",
        "-p",
        "22",
        "ubuntu@198.51.100.7",
    ]);
    const v6 = sshHostOf({
        urn: "p",
        type: "pulumi:providers:docker",
        inputs: { host: "ssh://root@[2001:db8::7]:2222", sshOpts: '["-o","IdentitiesOnly=yes"]' },
    });
    expect(sshWords(v6!).slice(3)).toEqual(["-p", "2222", "root@2001:db8::7"]);
    expect(sshHostOf({ urn: "p", type: "", inputs: { host: "unix:///run/docker.sock" } })).toBeUndefined();
    expect(sshHostOf(undefined)).toBeUndefined();
});

test("the outcome of an update says what runs and who reaches it, in aligned columns", () => {
    const exposure = [
        { port: 22, from: ["203.0.113.4/32"], why: "SSH" },
        { port: 8080, from: [], why: "web publishes it" },
        { port: 53, protocol: "udp" as const, from: ["10.0.0.0/8"], why: "dns publishes it" },
        { port: 7000, to: 7010, from: [], why: "voice publishes it" },
    ];
    const web = { containers: ["s-web"], image: "nginx:1.30", ports: ["8080:80"], run: "docker run", update: "x: y" };
    const app = { ...web, image: "me/app:1", ports: [], update: "start-first" };
    expect(describeOutcome({ containers: { web, app }, exposure, url: "http://203.0.113.9" }, "dev")).toBe(`
SERVICE  IMAGE       PORTS    UPDATE
web      nginx:1.30  8080:80  x: y
app      me/app:1             start-first

PORT           WHO             WHY
22/tcp         203.0.113.4/32  SSH
8080/tcp       nobody          web publishes it
53/udp         10.0.0.0/8      dns publishes it
7000-7010/tcp  nobody          voice publishes it

More, such as the docker run line of each service: ./scripts/pulumi stack output -s dev --json

http://203.0.113.9
`);
});

test("the outcome of several hosts has each of them", () => {
    const hosts = [{ url: "http://a" }, { url: "http://b" }];
    expect(describeOutcome({ hosts }, "dev")).toMatch(/\n\nhttp:\/\/a\nhttp:\/\/b\n$/);
});

test("an empty metadata file of a killed run does not stop the backend", () => {
    const folder = path.join(own, "state", ".pulumi", `test-${process.pid}`);
    fs.mkdirSync(folder, { recursive: true });
    const [empty, full] = ["a.json.attrs", "b.json.attrs"].map((name) => path.join(folder, name));
    try {
        fs.writeFileSync(empty!, "");
        fs.writeFileSync(full!, "{}");
        backendEnv({ PULUMI_CREDENTIALS_PATH: folder });
        expect([empty, full].map((file) => fs.existsSync(file!))).toEqual([false, true]);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
});
