import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { chooseHost, hostsIn } from "../../scripts/lib/hosts";
import { leadingOptions } from "../../scripts/lib/leadingOptions";
import { findOnPath } from "../../scripts/lib/paths";

test.each([
    [["ps"], { stack: "local", help: false, rest: ["ps"] }],
    [["-s", "dev", "-H", "web1", "ps", "-s"], { stack: "dev", host: "web1", help: false, rest: ["ps", "-s"] }],
    [["--host=a", "--stack=dev", "logs", "-f"], { stack: "dev", host: "a", help: false, rest: ["logs", "-f"] }],
    [["-H", "a", "--", "-H", "b"], { stack: "local", host: "a", help: false, rest: ["-H", "b"] }],
    [["--help"], { stack: "local", help: true, rest: [] }],
    [["run", "--help"], { stack: "local", help: false, rest: ["run", "--help"] }],
    [
        ["exec", "x", "echo", "a b", "", "\n"],
        { stack: "local", help: false, rest: ["exec", "x", "echo", "a b", "", "\n"] },
    ],
    [["-s", "a", "-s", "b", "ps"], { stack: "b", help: false, rest: ["ps"] }],
])("%j begins with options of ours", (args, expected) => expect(leadingOptions(args, {})).toEqual(expected));

test.each([[["-s"]], [["-H", ""]], [["--stack="]], [["-s", "../x", "ps"]]])("%j is refused", (args) =>
    expect(() => leadingOptions(args, {})).toThrow(/value is missing|not the name of a stack/),
);

test("PULUMI_STACK names the stack where no option does", () =>
    expect(leadingOptions(["ps"], { PULUMI_STACK: "dev" }).stack).toBe("dev"));

const provider = (name: string, host: string) => ({
    urn: `urn:pulumi:dev::berth::pulumi:providers:docker::${name}`,
    type: "pulumi:providers:docker",
    inputs: { host, sshOpts: '["-o","IdentityFile=${HOME}/k"]' },
});

test("hosts have the names of the config; the engine of this computer is none", () => {
    const hosts = hostsIn([
        provider("web1/engine-engine", "ssh://ubuntu@198.51.100.7:22"),
        provider("engine-engine", "ssh://root@[2001:db8::1]:2222"),
        provider("machine-engine", "unix:///run/docker.sock"),
    ]);
    const options = ["IdentityFile=${HOME}/k"];
    expect(hosts).toEqual([
        { name: "web1", user: "ubuntu", address: "198.51.100.7", port: 22, options },
        { name: "host", user: "root", address: "[2001:db8::1]", port: 2222, options },
    ]);
    expect(chooseHost(hosts, "web1").address).toBe("198.51.100.7");
    expect(chooseHost(hosts.slice(1), undefined).name).toBe("host");
    expect(() => chooseHost(hosts, undefined)).toThrow("say which host with -H: web1, host");
    expect(() => chooseHost(hosts, "web2")).toThrow('there is no host "web2": choose one of web1, host');
});

test("a program is looked for as a shell does", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-path-"));
    for (const [name, mode] of [
        ["plain", 0o600],
        ["program", 0o700],
    ] as const) {
        fs.writeFileSync(path.join(folder, name), "", { mode });
    }
    fs.mkdirSync(path.join(folder, "folder"));
    expect(findOnPath("program", `/nowhere:${folder}`)).toBe(path.join(folder, "program"));
    for (const name of ["plain", "folder", "absent"]) expect(findOnPath(name, folder)).toBeUndefined();
    fs.rmSync(folder, { recursive: true });
});
