import { execFileSync } from "node:child_process";
import * as dgram from "node:dgram";
import * as fs from "node:fs";
import * as http from "node:http";
import * as os from "node:os";
import * as path from "node:path";
import * as fc from "fast-check";
import { parse } from "yaml";
import { installCommand } from "../../components/engine/installCommand";
import { shellQuote } from "../../components/shellQuote";
import { cloudConfig } from "../../components/host/cloudConfig";
import { sshCommand, sshOptions } from "../../components/host/sshOptions";
import { hostNameOf } from "../../components/host/localHost";
import { keyFileName, publicKeyOf } from "../../components/host/publicKey";
import { checkLocalEngine, holderAmongContainers, missingCapabilities } from "../../components/host/localEngine";
import { privateKey, publicKey } from "./keys";

test("a shell gets back every word as it was", () => {
    const word = fc.string({ unit: "grapheme", maxLength: 40 }).filter((text) => !text.includes("\0"));
    fc.assert(
        fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
            const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${words.map(shellQuote).join(" ")}`]);
            expect(printed.toString("utf8").split("\0").slice(0, -1)).toEqual(words);
        }),
        { numRuns: 100 },
    );
});

test("the install command says what the script's options are called", () => {
    const apt = { url: "http://lab:8081", fingerprint: "A".repeat(40) };
    const spec = {
        users: ["deploy"],
        version: "28.5",
        apt,
        registryMirrors: ["http://m:5000"],
        logs: { maxSize: "5m", maxFile: 2 },
    };
    expect(installCommand(spec, "ubuntu")).toBe(
        `sudo -n bash -s -- --user ubuntu --user deploy --version 28.5 --apt-url http://lab:8081 --apt-fingerprint ${apt.fingerprint} ` +
            "--registry-mirror http://m:5000 --log-max-size 5m --log-max-file 2",
    );
    expect(installCommand({ users: [] }, "root")).toBe("bash -s --");
});

test("the public half of a private key is found, and a bad key is not repeated", () => {
    expect(publicKeyOf(privateKey)).toBe(publicKey);
    expect(() => publicKeyOf("hunter2")).toThrow(/not a private key/);
    expect(() => publicKeyOf("hunter2")).not.toThrow(/hunter2/);
    expect(keyFileName(publicKey)).toMatch(/^[0-9a-f]{16}$/);
});

test("ssh accepts the pinned key only, and offers the stack's key only", () => {
    const options = sshOptions({ identityFile: "${HOME}/.berth/ssh/x", hostKey: publicKey });
    expect(options).toEqual(
        expect.arrayContaining([
            "StrictHostKeyChecking=yes",
            "UserKnownHostsFile=/dev/null",
            `KnownHostsCommand=/bin/echo %H ${publicKey}`,
            "IdentitiesOnly=yes",
        ]),
    );
});

test("the ssh command survives a shell: ssh itself reads the options back", () => {
    const command = sshCommand({
        host: "127.0.0.1",
        port: 20022,
        user: "ubuntu",
        identityFile: "${HOME}/.berth/ssh/x",
        hostKey: publicKey,
    });
    const config = execFileSync("sh", ["-c", command.replace(/^ssh /, "ssh -G ")], { encoding: "utf8" });
    expect(config).toMatch(/^hostname 127\.0\.0\.1$/m);
    expect(config).toMatch(/^port 20022$/m);
    expect(config).toMatch(/^stricthostkeychecking true$/m);
    expect(config).toContain(`/bin/echo %H ${publicKey}`);
});

test("user data makes the user, its key, and the host key that is pinned", () => {
    const text = cloudConfig({
        user: "ubuntu",
        authorizedKey: publicKey,
        hostPrivateKey: privateKey,
        hostPublicKey: publicKey,
    });
    expect(text).toMatch(/^#cloud-config\n/);
    expect(parse(text)).toMatchObject({
        users: [{ name: "ubuntu", ssh_authorized_keys: [publicKey], lock_passwd: true }],
        ssh_pwauth: false,
        disable_root: true,
        ssh_keys: { ed25519_private: privateKey, ed25519_public: publicKey },
    });
});

test.each([
    ["berth-local", "berth-local"],
    ["my.app_Stage", "my-app-stage"],
    [`b-${"x".repeat(61)}-y`, `b-${"x".repeat(61)}`],
])("%s has the host name %s", (name, expected) => expect(hostNameOf(name)).toBe(expected));

test("what the engine lacks is dropped", () => {
    expect(missingCapabilities("CapBnd:\t000001fffeffffff\n")).toEqual(["CAP_SYS_RESOURCE"]);
    expect(missingCapabilities("CapBnd:\t000001ffffffffff\n")).toEqual([]);
    expect(missingCapabilities("")).toEqual([]);
});

test("a port that a program of this computer holds is named with the program, TCP and UDP apart", async () => {
    const engine = http.createServer((_, response) => response.end("[]"));
    const socketPath = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "berth-engine-")), "docker.sock");
    await new Promise<void>((resolve) => engine.listen(socketPath, resolve));
    const holder = dgram.createSocket("udp4");
    await new Promise<void>((resolve) => holder.bind(0, "127.0.0.1", resolve));
    const { port } = holder.address();
    const check = (protocol: "tcp" | "udp") =>
        checkLocalEngine({
            dockerHost: `unix://${socketPath}`,
            ports: [{ port, protocol, place: "ports[0]" }],
            labels: {},
        });
    try {
        expect(await check("tcp")).toEqual([]);
        expect(await check("udp")).toEqual([
            expect.stringMatching(new RegExp(`^ports\\[0\\]: port ${port}/udp of this computer is taken.*; stop it`)),
        ]);
    } finally {
        holder.close();
        engine.close();
        fs.rmSync(path.dirname(socketPath), { recursive: true });
    }
});

describe("the holder of a port", () => {
    const labels = { "berth.project": "berth", "berth.stack": "local" };
    const container = (name: string, IP: string, Labels: Record<string, string> | null) => ({
        Names: [`/${name}`],
        Labels,
        Ports: [{ IP, PublicPort: 8080, Type: "tcp" }],
    });

    test("of the same stack is in nobody's way", () => {
        expect(holderAmongContainers([container("a", "127.0.0.1", labels)], { port: 8080 }, labels)).toBe("own");
    });
    test("of another stack or of nobody is named", () => {
        const other = container("a", "0.0.0.0", { ...labels, "berth.stack": "dev" });
        expect(holderAmongContainers([other], { port: 8080 }, labels)).toBe("a");
        expect(holderAmongContainers([container("b", "::", null)], { port: 8080 }, labels)).toBe("b");
    });
    test("on another address or port is none", () => {
        expect(holderAmongContainers([container("a", "192.0.2.1", null)], { port: 8080 }, labels)).toBeUndefined();
        expect(holderAmongContainers([container("a", "0.0.0.0", null)], { port: 80 }, labels)).toBeUndefined();
        const udp = { port: 8080, protocol: "udp" as const };
        expect(holderAmongContainers([container("a", "0.0.0.0", null)], udp, labels)).toBeUndefined();
    });
});
