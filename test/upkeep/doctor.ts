import * as fs from "node:fs";
import { parse } from "yaml";
import { Stack, expectSuccess, freePort, run } from "../hosts/project";
import type { DayTwoHost } from "../hosts/dayTwoHost";

/** `./scripts/doctor`. */
export function doctorTests(host: DayTwoHost): void {
    const { stack } = host;
    describe("./scripts/doctor", () => {
        const doctor = (name = stack.name) => run("./scripts/doctor", ["-s", name]);
        const stacks: Stack[] = [];
        const other = (config: Record<string, unknown>, kind: string) => {
            const made = new Stack(config, kind);
            stacks.push(made);
            return made.name;
        };
        /** The host of the stack, as a server that was there before. */
        async function asServer(change: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
            const { ssh, identity } = await stack.outputs();
            const [, port = ""] = /-p (\d+)/.exec(ssh) ?? [];
            const [hostKey = ""] = /ssh-ed25519 [^\s']+/.exec(ssh) ?? [];
            const privateKeyFile = identity.file.replace("${HOME}", "~");
            return {
                kind: "existing",
                address: "127.0.0.1",
                port: Number(port),
                user: "ubuntu",
                hostKey,
                privateKeyFile,
                ...change,
            };
        }
        afterAll(() => stacks.forEach(({ file }) => fs.rmSync(file)));

        test("finds a stack that is up well", async () => {
            const { code, stdout } = await doctor();
            expect(code).toBe(0);
            expect(stdout).not.toContain("FAIL");
            for (const what of [
                "Node.js",
                "OpenSSH",
                "Pulumi",
                `Pulumi.${stack.name}.yaml`,
                "Docker engine",
                "SSH to host",
                "containers on host",
                "image nginx:1.30",
                "image busybox:1.37",
            ]) {
                expect(stdout).toContain(`ok    ${what}: `);
            }
        });

        test("says every mistake of the config, and a port that is taken, with what to do", async () => {
            const taken = (parse(fs.readFileSync(stack.file, "utf8")) as { config: typeof stack.config }).config;
            const services = {
                a: {
                    image: "busybox:1.37",
                    ports: (taken["berth:services"] as { web: { ports: string[] } }).web.ports,
                },
            };
            const port = services.a.ports[0]?.split(":")[0];
            const full = await doctor(
                other({ "berth:host": { kind: "local" }, "berth:services": services }, "doctor-port"),
            );
            expect(full).toMatchObject({
                code: 1,
                stdout: expect.stringContaining(`FAIL  port ${port}: is taken on 127.0.0.1`),
            });
            const wrong = { "berth:host": { kind: "local" }, "berth:services": { a: { portz: 1 } }, "berth:typo": 1 };
            const mistakes = await doctor(other(wrong, "doctor-wrong"));
            expect(mistakes.code).toBe(1);
            expect(mistakes.stdout).toMatch(/FAIL .*berth:services\.a\.portz.*\n {6}→ /);
            expect(mistakes.stdout).toMatch(/FAIL .*berth:typo/);
        });

        test("looks at a server: whether it lets us in, whether it is fit, and who has its ports", async () => {
            const services = { a: { image: "busybox:1.37", ports: ["80:80"], mem_limit: "900g" } };
            const fit = await doctor(
                other({ "berth:host": await asServer(), "berth:services": services }, "doctor-fit"),
            );
            expect(fit.stdout).toContain("ok    SSH to host: ubuntu@127.0.0.1:");
            expect(fit.stdout).toContain("ok    server: it is fit for Docker");
            expect(fit.stdout).toMatch(/warn {2}memory: services may take 921600 MiB, host has \d+ MiB/);
            expect(fit.code).toBe(0);
            const cases: [string, Record<string, unknown>, RegExp][] = [
                [
                    "key",
                    { hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}` },
                    /FAIL {2}SSH to host: Host key verification failed/,
                ],
                ["user", { user: "nobody" }, /FAIL {2}SSH to host: .*Permission denied/],
                ["port", { port: await freePort() }, /FAIL {2}SSH to host: nobody answers at 127\.0\.0\.1:/],
                ["name", { address: "no-such.invalid" }, /FAIL {2}SSH to host: no-such\.invalid does not resolve/],
            ];
            for (const [kind, change, message] of cases) {
                const name = other(
                    { "berth:host": await asServer(change), "berth:services": services },
                    `doctor-ssh-${kind}`,
                );
                expect(await doctor(name)).toMatchObject({ code: 1, stdout: expect.stringMatching(message) });
            }
        });

        test("tells who has a port of the server", async () => {
            const services = { a: { image: "busybox:1.37", ports: ["22022:22"] } };
            const name = other({ "berth:host": await asServer(), "berth:services": services }, "doctor-ports");
            expectSuccess(
                await host.docker(
                    "run",
                    "-d",
                    "--name",
                    "holder",
                    "--init",
                    "-p",
                    "22022:22",
                    "busybox:1.37",
                    "sleep",
                    "9999",
                ),
            );
            expect(await doctor(name)).toMatchObject({
                code: 1,
                stdout: expect.stringMatching(/FAIL {2}ports: .*22022.*holder/),
            });
            expectSuccess(await host.docker("rm", "-f", "holder"));
        });
    });
}
