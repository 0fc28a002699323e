import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { ServiceSpec } from "../../components/services/compose";
import { ProjectFiles } from "../../components/services/compose/projectFiles";
import { checkProvider } from "../../components/services/compose/providerLimits";
import { securityOptions } from "../../components/services/compose/securityOptions";
import { service } from "./services";

const mistakes = (spec: Partial<ServiceSpec>) => {
    const said: string[] = [];
    checkProvider(service(spec), (at, message) => said.push(`${at.join(".")}: ${message}`));
    return said;
};
const attachment = { aliases: [], link_local_ips: [], driver_opts: {} };

test.each<[string, Partial<ServiceSpec>, RegExp]>([
    ["an empty word in a command", { command: ["sh", "-c", ""] }, /^command: .*no empty word/],
    ["no entrypoint and no command", { entrypoint: [] }, /^entrypoint: .*write command too/],
    ["an IPv6 address of another host", { extra_hosts: [{ host: "a.test", ip: "2001:db8::1" }] }, /a\.test: .*IPv6/],
    [
        "a negative priority",
        { networks: { front: { ...attachment, gw_priority: -1 } } },
        /^networks\.front\.gw_priority/,
    ],
    ["unmasked system paths", { security_opt: ["systempaths=unconfined"] }, /^security_opt: .*privileged/],
])("what the provider cannot say is refused with the remedy: %s", (_, spec, expected) => {
    expect(mistakes(spec)).toEqual([expect.stringMatching(expected)]);
});

test("what it can say is not refused", () => {
    expect(
        mistakes({
            entrypoint: ["sh"],
            command: ["-c", ""],
            extra_hosts: [{ host: "a.test", ip: "host-gateway" }],
            networks: { front: { ...attachment, gw_priority: 1 } },
            security_opt: ["seccomp=unconfined"],
        }),
    ).toEqual([]);
});

describe("a seccomp profile", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-seccomp-"));
    afterAll(() => fs.rmSync(folder, { recursive: true }));
    const read = (...options: string[]) => securityOptions(options, new ProjectFiles(folder));

    test("is taken from its file, in either way to write it", () => {
        fs.writeFileSync(path.join(folder, "open.json"), '{\n  "defaultAction": "SCMP_ACT_ALLOW"\n}\n');
        const profile = 'seccomp={"defaultAction":"SCMP_ACT_ALLOW"}';
        expect(read("seccomp=./open.json", "seccomp:open.json").options).toEqual([profile, profile]);
    });

    test("that the engine knows by name, and other options, stay as they are", () => {
        const options = ["seccomp=unconfined", "seccomp:builtin", "no-new-privileges", "label=disable"];
        expect(read(...options)).toEqual({ options, mistakes: [] });
    });

    test("that is not there, or is none, is a mistake with its place", () => {
        fs.writeFileSync(path.join(folder, "bad.json"), "not json");
        const { mistakes: wrong } = read("no-new-privileges", "seccomp=missing.json", "seccomp=bad.json");
        expect(wrong).toEqual([
            { at: 1, message: "there is no file missing.json" },
            { at: 2, message: expect.stringContaining("bad.json is not JSON") },
        ]);
    });
});
