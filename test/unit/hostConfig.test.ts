import { errorsOf as configErrors } from "./stackConfig";

const web = { image: "nginx:1.30", ports: ["80:80"] };
const hostKey = `ssh-ed25519 ${"A".repeat(68)}`;

const errorsOf = (host: object, more: Record<string, unknown> = {}) =>
    configErrors({ host, services: { web }, ...more });
const ec2 = { kind: "ec2", sshFrom: ["203.0.113.4/32"] };
const existing = { kind: "existing", address: "server.example.com", hostKey, privateKeyFile: "~/.ssh/id_ed25519" };

test("the smallest hosts of each kind are right", () => {
    expect(errorsOf(ec2)).toEqual([]);
    expect(errorsOf(existing)).toEqual([]);
});

test.each([
    ["no sshFrom", { kind: "ec2" }, /^berth:host\.sshFrom: it is required: the addresses that may use SSH/],
    ["an empty sshFrom", { ...ec2, sshFrom: [] }, /^berth:host\.sshFrom: name at least one address/],
    [
        "SSH for the internet",
        { ...ec2, sshFrom: ["0.0.0.0/0"] },
        /sshFrom\[0\]: "0\.0\.0\.0\/0": SSH would be open to the internet.*allowSshFromAnywhere/,
    ],
    ["half the internet", { ...ec2, sshFrom: ["128.0.0.0/1"] }, /SSH would be open/],
    [
        "a bad range",
        { ...ec2, sshFrom: ["203.0.113.4/40"] },
        /sshFrom\[0\]: "203\.0\.113\.4\/40": not an address range/,
    ],
    ["an address without a prefix", { ...ec2, sshFrom: ["203.0.113.4"] }, /write "203\.0\.113\.4\/32"/],
    ["a bad open range", { ...ec2, open: { "80": ["x"] } }, /open\.80\[0\]: "x": not an address range/],
    ["a port that is no port", { ...ec2, open: { http: ["10.0.0.0/8"] } }, /open\.http/],
    [
        "an instance type of another kind",
        { ...ec2, instanceType: "huge" },
        /instanceType: "huge": not an instance type/,
    ],
    [
        "an architecture that there is not",
        { ...ec2, architecture: "riscv" },
        /architecture: "riscv": one of x86_64, arm64/,
    ],
    ["a release without quotes", { ...ec2, release: 24.04 }, /release: 24\.04: one of .*in quotes/],
    ["two keys", { ...ec2, privateKey: "x", privateKeyFile: "~/.ssh/id" }, /privateKey: `privateKeyFile` is there too/],
    [
        "one volume for two hosts",
        { ...ec2, count: 2, dataDisk: { volumeId: "vol-0a1b2c3d" } },
        /dataDisk\.volumeId: "vol-0a1b2c3d": one volume cannot serve several/,
    ],
    [
        "a key of another kind of host",
        { ...ec2, sshPort: 1 },
        /^berth:host\.sshPort: unknown key; the keys are: .*instanceType/,
    ],
    [
        "a server without its host key",
        { ...existing, hostKey: undefined },
        /hostKey: it is missing: run `ssh-keyscan -t ed25519 -p 22 server\.example\.com`/,
    ],
    ["a server without a key to log in", { ...existing, privateKeyFile: undefined }, /privateKeyFile: it is missing/],
    ["a shell in the address", { ...existing, address: "a;reboot" }, /address: "a;reboot": not a host name/],
    ["an option as the address", { ...existing, address: "-oProxyCommand=x" }, /not a host name/],
    ["a shell in the key's path", { ...existing, privateKeyFile: "~/$(id)" }, /not the path of a key file/],
    [
        "an RSA host key",
        { ...existing, hostKey: "ssh-rsa AAAA" },
        /hostKey: "ssh-rsa AAAA": an RSA host key cannot .*ssh-keyscan -t ed25519/,
    ],
    [
        "a jump host's RSA host key",
        { ...existing, proxy: { host: "b", user: "me", hostKey: "ssh-rsa AAAA" } },
        /proxy\.hostKey: "ssh-rsa AAAA": an RSA host key/,
    ],
    ["a host key with a command", { ...existing, hostKey: "ssh-ed25519 AAAA;id" }, /not a public host key/],
    ["no host at all", { ...ec2, count: 0 }, /count: 0: write a whole number from 1 to 50/],
    ["half a host", { ...ec2, count: 1.5 }, /count: 1\.5: write a whole number from 1 to 50/],
    ["a small root disk", { ...ec2, rootDisk: { size: 7 } }, /rootDisk\.size: 7: write a whole number, in GiB, from 8/],
    ["a yes that is text", { ...ec2, elasticIp: "yes" }, /elasticIp: "yes": write true or false/],
    ["a disk that is no map", { ...ec2, dataDisk: 20 }, /dataDisk: 20: write a map, such as \{ size: 20 \}/],
    ["sshFrom that is no list", { ...ec2, sshFrom: "203.0.113.4/32" }, /sshFrom: "203\.0\.113\.4\/32": write a list/],
    ["a range that is there twice", { ...ec2, sshFrom: [...ec2.sshFrom, ...ec2.sshFrom] }, /sshFrom\[1\].*twice/],
    ["SSH by IPv6 alone", { ...ec2, sshFrom: ["2001:db8::/48"] }, /sshFrom: Berth itself connects by IPv4/],
    ["an octal address", { ...ec2, sshFrom: ["010.0.0.1/32"] }, /"010\.0\.0\.1\/32": not an address range/],
    ["a long prefix", { ...ec2, sshFrom: ["203.0.113.4/032"] }, /is written "203\.0\.113\.4\/32"/],
    ["SSH among the ports", { ...ec2, open: { "22": ["10.0.0.0/8"] } }, /open\.22: SSH is opened by sshFrom/],
    [
        "a size for a volume that exists",
        { ...ec2, dataDisk: { volumeId: "vol-0a1b2c3d", size: 9 } },
        /dataDisk\.size: 9: the volume/,
    ],
    ["a tag of AWS's own", { ...ec2, tags: { "aws:x": "y" } }, /tags\["aws:x"\]: "y": names that begin with aws:/],
    ["a tag of Berth's own", { ...ec2, tags: { Name: "y" } }, /tags\.Name: "y": Berth writes this tag itself/],
    ["an emoji in a tag", { ...ec2, tags: { team: "\u{1F6A2}" } }, /tags\.team: .*letters, digits/],
])("%s is refused", (_, host, message) => {
    const errors = errorsOf(host);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
});

test("what was said out loud is allowed", () => {
    expect(errorsOf({ ...ec2, sshFrom: ["0.0.0.0/0"], allowSshFromAnywhere: true })).toEqual([]);
    expect(errorsOf({ ...ec2, generation: 2, dataDisk: {} })).toEqual([]);
});

test("no service can have sshd's port", () => {
    const services = { web: { ...web, ports: ["22:80"] } };
    expect(errorsOf(ec2, { services })).toEqual([expect.stringMatching(/ports\[0\].*22.*the host's sshd/)]);
    expect(errorsOf({ ...existing, port: 2222 }, { services })).toEqual([]);
});

test("a private key that does not fit is not repeated", () => {
    expect(errorsOf({ ...ec2, privateKey: 5_551_234 }).join()).not.toContain("5551234");
});

test("mistakes of all sections come at once", () => {
    const errors = errorsOf(
        { ...ec2, sshFrom: ["0.0.0.0/0"], open: { "9000": ["10.0.0.0/8"] } },
        { engine: { users: ["Bad User"] } },
    );
    expect(errors).toHaveLength(2);
});
