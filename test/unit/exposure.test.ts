import { cidrMistake, isTooWide } from "../../components/host/cidr";
import { describeRanges, exposureMistakes, exposureOf } from "../../components/host/exposure";
import { type HostConfig, hostSchema } from "../../components/host/hostSchema";

const publish = (...ports: number[]) =>
    ports.map((port) => ({ port, service: "web", place: `berth:services.web.ports[${port}]` }));
const ec2 = (values: object = {}): HostConfig =>
    hostSchema.parse({ kind: "ec2", sshFrom: ["203.0.113.4/32"], ...values });
const existing = hostSchema.parse({
    kind: "existing",
    address: "server",
    hostKey: "ssh-ed25519 AAAA",
    privateKeyFile: "~/.ssh/id",
});

test("on EC2 the web ports are for everyone, SSH for the named, anything else for nobody until it is said", () => {
    expect(exposureOf(ec2(), publish(80, 443, 8080)).map(({ port, from }) => [port, from])).toEqual([
        [22, ["203.0.113.4/32"]],
        [80, ["0.0.0.0/0"]],
        [443, ["0.0.0.0/0"]],
        [8080, []],
    ]);
    const opened = exposureOf(ec2({ open: { "8080": ["10.0.0.0/8"], "80": ["10.0.0.0/8"] } }), publish(80, 8080));
    expect(opened.slice(1).map(({ from }) => from)).toEqual([["10.0.0.0/8"], ["10.0.0.0/8"]]);
});

test("on this computer everything stays on it, on a server of one's own nothing does", () => {
    const local = hostSchema.parse({ kind: "local", sshPort: 20022, image: "x" });
    expect(exposureOf(local, publish(80)).map(({ from }) => from)).toEqual([["127.0.0.1/32"], ["127.0.0.1/32"]]);
    expect(exposureOf(existing, publish(80), true)[1]).toMatchObject({ port: 80, from: ["0.0.0.0/0", "::/0"] });
});

test("a port that is opened but not published is a mistake", () => {
    expect(exposureMistakes(ec2({ open: { "8080": ["10.0.0.0/8"] } }), publish(80))).toEqual([
        expect.stringMatching(/^berth:host\.open\.8080: no service publishes port 8080/),
    ]);
});

test("a database that the internet would reach is refused, one for named addresses is not", () => {
    const mistake = /^berth:services\.web\.ports\[5432\]: the internet would reach port 5432 \(PostgreSQL\)/;
    expect(exposureMistakes(ec2({ open: { "5432": ["0.0.0.0/0"] } }), publish(5432))).toEqual([
        expect.stringMatching(mistake),
    ]);
    expect(exposureMistakes(existing, publish(5432))).toEqual([expect.stringMatching(mistake)]);
    expect(exposureMistakes(ec2({ open: { "5432": ["10.0.0.0/8"] } }), publish(5432))).toEqual([]);
    expect(exposureMistakes(ec2(), publish(5432))).toEqual([]);
});

test.each([
    ["203.0.113.4", /the prefix is missing; write "203\.0\.113\.4\/32"/],
    ["2001:db8::1", /write "2001:db8::1\/128"/],
    ["203.0.113.4/24", /is written "203\.0\.113\.0\/24"/],
    ["203.0.113.0/33", /not an address range/],
    ["my office", /not an address range/],
])("the range %s is refused", (text, message) => {
    expect(cidrMistake(text)).toMatch(message);
});

test("a range of the size of the internet is too wide, an office is not", () => {
    expect(["203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32"].map(cidrMistake)).toEqual([
        undefined,
        undefined,
        undefined,
    ]);
    expect(["0.0.0.0/0", "0.0.0.0/1", "::/0", "10.0.0.0/8", "2001:db8::/32"].map(isTooWide)).toEqual([
        true,
        true,
        true,
        false,
        false,
    ]);
});

test("the table says in words who everybody and nobody is", () => {
    expect(describeRanges([])).toBe("nobody");
    expect(describeRanges(["127.0.0.1/32"])).toBe("this computer");
    expect(describeRanges(["0.0.0.0/0"])).toBe("everyone (IPv4)");
    expect(describeRanges(["0.0.0.0/0", "::/0"])).toBe("everyone");
    expect(describeRanges(["10.0.0.0/8", "203.0.113.4/32"])).toBe("10.0.0.0/8, 203.0.113.4/32");
});
