import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expectSuccess, root, run } from "../hosts/project";
import type { DayTwoHost } from "../hosts/dayTwoHost";

/** `./scripts/rotate`. */
export function rotationTests(host: DayTwoHost): void {
    const { stack } = host;
    const rotate = (...args: string[]) => run("./scripts/rotate", ["-s", stack.name, ...args]);
    /** A login by a command line that was pasted earlier, with a copy of the key that it names. */
    const login = (ssh: string) => run("bash", ["-c", `${ssh} true`]);
    async function expectWell(untouched: string): Promise<void> {
        await stack.expectSettled();
        const now = await host.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", `${stack.prefix}-web`);
        expect(now.stdout).toBe(untouched);
    }
    const running = async () =>
        (await host.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", `${stack.prefix}-web`)).stdout;

    describe("./scripts/rotate", () => {
        test("gives another client key: the old one lets nobody in any more, and nothing else changes", async () => {
            const before = await running();
            const { ssh, identity } = await stack.outputs();
            const file = identity.file.replace("${HOME}", os.homedir());
            const copy = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "berth-old-")), "key");
            fs.copyFileSync(file, copy);
            const withOldKey = ssh.replace(/IdentityFile=[^' ]+/, `IdentityFile=${copy}`);
            expectSuccess(await login(withOldKey));
            expectSuccess(await rotate("ssh-key"));
            const renewed = await stack.outputs();
            expect(renewed.identity.file).not.toBe(identity.file);
            expect(fs.existsSync(file)).toBe(false);
            expectSuccess(await login(renewed.ssh));
            expect(await login(withOldKey)).toMatchObject({
                code: 255,
                all: expect.stringContaining("Permission denied"),
            });
            expect((await stack.pulumi("stack", "export")).stdout).not.toContain("PRIVATE KEY");
            await expectWell(before);
            fs.rmSync(path.dirname(copy), { recursive: true });
        });

        test("gives the host another key: the old one is refused, and nothing else changes", async () => {
            const before = await running();
            const { ssh } = await stack.outputs();
            expectSuccess(await rotate("host-key"));
            const renewed = await stack.outputs();
            expect(renewed.ssh).not.toBe(ssh);
            expectSuccess(await login(renewed.ssh));
            expect(await login(ssh)).toMatchObject({
                code: 255,
                all: expect.stringContaining("Host key verification failed"),
            });
            await expectWell(before);
        });

        test("a host key that nobody can log in by is not kept", async () => {
            const { ssh } = await stack.outputs();
            const script = fs.readFileSync(path.join(root, "scripts/host-key.sh"), "utf8");
            const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-key-"));
            expectSuccess(await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, "key")]));
            const key = fs.readFileSync(path.join(folder, "key"), "utf8");
            const args = ["-s", stack.name, "sudo", "bash", "--norc", "-c", script, "host-key"];
            const cut = await run("./scripts/ssh", args, { input: key });
            expect(cut).toMatchObject({
                code: 1,
                stdout: "installed\n",
                all: expect.stringContaining("the old one is back"),
            });
            expectSuccess(await login(ssh));
            const broken = await run("./scripts/ssh", args, {
                input: key.replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA"),
            });
            expect(broken.code).not.toBe(0);
            expectSuccess(await login(ssh));
            fs.rmSync(folder, { recursive: true });
        });

        test("says what it does not understand", async () => {
            expect(await rotate("no-such")).toMatchObject({
                code: 1,
                all: expect.stringContaining("no-such: not understood"),
            });
            expect((await rotate("--help")).code).toBe(0);
        });
    });
}
