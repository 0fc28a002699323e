import { cidrMistake, isTooWide } from "../../components/host/cidr";
import { describeRanges, exposureMistakes, exposureOf, forwardedPorts, portName } from "../../components/host/exposure";
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

const udp = (port: number, place = "ports[0]") => ({ port, protocol: "udp" as const, service: "dns", place });
const whoAndWhy = (host: HostConfig, ...published: Parameters<typeof exposureOf>[1]) =>
    exposureOf(host, published)
        .slice(1)
        .map((row) => [portName(row), describeRanges(row.from), row.why]);

test("on EC2 a UDP port is for nobody until it is opened as such, HTTP/3 and a TCP port of the number included", () => {
    const open = ec2({ open: { "53": ["10.0.0.0/8"], "54/udp": ["10.0.0.0/8"] } });
    expect(whoAndWhy(open, ...publish(53), udp(53), udp(54), udp(443))).toEqual([
        ["53/tcp", "10.0.0.0/8", "web publishes it, from berth:host.open"],
        ["53/udp", "nobody", "dns publishes it, closed: berth:host.open does not name it with /udp"],
        ["54/udp", "10.0.0.0/8", "dns publishes it, from berth:host.open"],
        ["443/udp", "nobody", "dns publishes it, HTTP/3 is closed: berth:host.open does not name it with /udp"],
    ]);
});

test("a range of the config is one row, where all of it is open to the same", () => {
    const range = [80, 81, 82, 83].map((port) => ({ port, service: "web", place: "ports[0]" }));
    const other = { port: 84, service: "web", place: "ports[1]" };
    const rows = whoAndWhy(ec2({ open: { "81-82": ["10.0.0.0/8"] } }), ...range, other);
    expect(rows.map(([port, who]) => [port, who])).toEqual([
        ["80/tcp", "everyone (IPv4)"],
        ["81-82/tcp", "10.0.0.0/8"],
        ["83/tcp", "nobody"],
        ["84/tcp", "nobody"],
    ]);
    expect(whoAndWhy(existing, ...range)).toEqual([["80-83/tcp", "everyone (IPv4)", "web publishes it"]]);
});

test("what two addresses or services publish under one number is one port", () => {
    const twice = [
        { port: 80, hostIp: "10.0.0.5", service: "web", place: "ports[0]" },
        { port: 80, hostIp: "10.0.0.6", service: "shop", place: "ports[1]" },
        { port: 80, hostIp: "::", service: "web", place: "ports[2]" },
    ];
    expect(whoAndWhy(ec2(), ...twice)).toEqual([["80/tcp", "everyone (IPv4)", "web, shop publish it"]]);
});

test("what no forwarder can bring to this computer says so", () => {
    const local = hostSchema.parse({ kind: "local", sshPort: 20022, image: "x" });
    const published = [
        udp(53),
        { ...udp(54), hostIp: "::1" },
        { port: 3868, protocol: "sctp" as const, service: "aaa", place: "ports[0]" },
    ];
    expect(whoAndWhy(local, ...published)).toEqual([
        ["53/udp", "this computer", "dns publishes it"],
        ["54/udp", "nobody", "dns publishes it, not forwarded: the machine has no IPv6 address"],
        ["3868/sctp", "nobody", "aaa publishes it, not forwarded: SCTP stays inside the machine"],
    ]);
    expect(forwardedPorts(published)).toEqual([{ port: 53, protocol: "udp", place: "ports[0]" }]);
    expect(whoAndWhy(ec2(), published[2]!)).toEqual([
        ["3868/sctp", "nobody", "aaa publishes it, closed: a security group opens all ports of SCTP or none"],
    ]);
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

test("a port that is published for another protocol than it is opened for is a mistake with the right key", () => {
    expect(exposureMistakes(ec2({ open: { "53": ["10.0.0.0/8"] } }), [udp(53)])).toEqual([
        `berth:host.open.53: no service publishes port 53; 53/udp is published: write "53/udp"`,
    ]);
    expect(exposureMistakes(ec2({ open: { "80/udp": ["10.0.0.0/8"] } }), publish(80))).toEqual([
        `berth:host.open.80/udp: no service publishes port 80/udp; 80/tcp is published: write "80"`,
    ]);
    expect(exposureMistakes(ec2({ open: { "50-60/udp": ["10.0.0.0/8"] } }), [udp(53)])).toEqual([]);
});

test("a port that two keys open is a mistake", () => {
    expect(() => ec2({ open: { "80": ["10.0.0.0/8"], "80/tcp": ["10.0.0.0/8"] } })).toThrow(
        /"80\\" names the port too/,
    );
    expect(() => ec2({ open: { "7000-7010": ["10.0.0.0/8"], "7010-7020": [] } })).toThrow(/names the port too/);
    expect(() => ec2({ open: { "7000-7010": [], "7010/udp": [] } })).not.toThrow();
    expect(() => ec2({ open: { "53/sctp": [] } })).toThrow(/not a port; write it as/);
});

test("a database that the internet would reach is refused, one for named addresses is not", () => {
    const mistake = /^berth:services\.web\.ports\[5432\]: the internet would reach port 5432 \(PostgreSQL\)/;
    expect(exposureMistakes(ec2({ open: { "5432": ["0.0.0.0/0"] } }), publish(5432))).toEqual([
        expect.stringMatching(mistake),
    ]);
    expect(exposureMistakes(existing, publish(5432))).toEqual([expect.stringMatching(mistake)]);
    expect(exposureMistakes(ec2({ open: { "5432": ["10.0.0.0/8"] } }), publish(5432))).toEqual([]);
    expect(exposureMistakes(ec2(), publish(5432))).toEqual([]);
    const range = [5431, 5432, 5433].map((port) => ({ port, service: "web", place: "ports[0]" }));
    expect(exposureMistakes(existing, range)).toHaveLength(1);
    expect(exposureMistakes(existing, [udp(5432)])).toEqual([]);
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
