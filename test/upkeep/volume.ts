import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { expectSuccess, run, start, until } from "../hosts/project";
import type { DayTwoHost } from "../hosts/dayTwoHost";

/** `./scripts/volume save` and `restore`. */
export function volumeTests(host: DayTwoHost): void {
    const { stack } = host;
    describe("./scripts/volume", () => {
        const volume = (...args: string[]) => run("./scripts/volume", ["-s", stack.name, ...args]);
        let folder: string;
        beforeAll(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-volume-"))));
        afterAll(() => fs.rmSync(folder, { recursive: true }));
        const writer = () => `${stack.prefix}-writer`;
        const onVolume = async (script: string) => {
            const result = await host.docker("exec", writer(), "sh", "-c", script);
            expectSuccess(result);
            return result.stdout;
        };

        test.each(["--stop", ""])(
            "saves at one moment, and puts back owners, modes, links and odd names %s",
            async (flag) => {
                await onVolume(`cd /data && rm -rf odd && mkdir -m 750 odd && cd odd && printf x > 'a b
    "한' && ln -s nowhere link && chown 123:456 a* && chmod 4711 a* && truncate -s 5M sparse`);
                const list = "cd /data && ls -lanR odd | grep -v '\\.\\.$'";
                const before = await onVolume(list);
                const file = path.join(folder, `kept ${flag}.tar.gz`);
                const saved = await volume("save", "kept", file, ...(flag === "" ? [] : [flag]));
                expectSuccess(saved);
                expect(saved.all).toContain(`berth: ${flag === "" ? "pause" : "stop"}: ${writer()}\n`);
                expectSuccess(await run("sha256sum", ["-c", `${path.basename(file)}.sha256`], { cwd: folder }));
                await until("the writer goes on", async () => (await onVolume("tail -n 1 /data/log")) !== "");
                const restarted = flag === "--stop" ? "" : await onVolume("cat /proc/1/stat");

                await onVolume("rm -rf /data/odd /data/log; touch /data/later");
                const refused = await volume("restore", "kept", file);
                expect(refused).toMatchObject({ code: 1, all: expect.stringMatching(/has content: --replace/) });
                const restored = await volume("restore", `${stack.prefix}_kept`, file, "--replace");
                expectSuccess(restored);
                expect(restored.all).toMatch(
                    new RegExp(`berth: stop: ${writer()} reader|berth: stop: reader ${writer()}`),
                );
                expect(await onVolume(list)).toBe(before);
                expect(await onVolume("ls /data")).not.toContain("later");
                expect(restarted).not.toBe(await onVolume("cat /proc/1/stat"));
                await until("the writer goes on", async () => (await onVolume("wc -l < /data/log")) !== "0\n");
                expectSuccess(await stack.up("--expect-no-changes"));
            },
        );

        test("what is no archive, another archive, or half of one changes nothing", async () => {
            const file = path.join(folder, "broken.tar.gz");
            const whole = fs.readFileSync(path.join(folder, "kept .tar.gz"));
            fs.writeFileSync(file, whole.subarray(0, whole.length - 100));
            expect((await volume("restore", "kept", file)).all).toContain("broken.tar.gz.sha256 is missing");
            fs.writeFileSync(`${file}.sha256`, `${"0".repeat(64)}  broken.tar.gz\n`);
            expect((await volume("restore", "kept", file)).all).toContain("its checksum is another");
            const { stdout } = await run("sha256sum", [file]);
            fs.writeFileSync(`${file}.sha256`, stdout);
            const before = await onVolume("ls -la /data/odd");
            const result = await volume("restore", "kept", file, "--replace");
            expect(result).toMatchObject({ code: 1, all: expect.stringContaining("the volume is as it was") });
            expect(await onVolume("ls -la /data/odd")).toBe(before);
        });

        test("names are checked, and no backup is overwritten", async () => {
            expect((await volume("save", "no such; id", "/x")).all).toContain(
                'has no volume "no such; id": choose one of kept',
            );
            expect((await volume("save", "kept", path.join(folder, "kept .tar.gz"))).all).toContain("is there already");
            expect((await volume("save", "kept")).all).toContain("not understood");
            expect((await volume("--help")).code).toBe(0);
        });

        test("the content before a restore is put back by --undo, and removed when it is asked for", async () => {
            const file = path.join(folder, "kept .tar.gz");
            await onVolume("echo mine > /data/mine");
            expectSuccess(await volume("restore", "kept", file, "--replace"));
            expect(await onVolume("ls /data")).not.toContain("mine");
            expectSuccess(await volume("restore", "kept", "--undo"));
            expect(await onVolume("cat /data/mine")).toBe("mine\n");
            expectSuccess(await volume("restore", "kept", "--undo"));
            expect(await onVolume("ls /data")).not.toContain("mine");
            expectSuccess(await volume("restore", "kept", "--undo"));
            expect(await onVolume("cat /data/mine")).toBe("mine\n");
            expectSuccess(await volume("restore", "kept", file, "--replace"));
            expectSuccess(await volume("restore", "kept", "--remove-old"));
            expect((await volume("restore", "kept", "--undo")).all).toContain("nothing to put back");
        });

        test("what is paused is held by a restore, and paused afterwards", async () => {
            expectSuccess(await host.docker("pause", writer()));
            expectSuccess(await volume("restore", "kept", path.join(folder, "kept .tar.gz"), "--replace"));
            const state = await host.docker("inspect", "--format", "{{.State.Status}}", writer());
            expect(state.stdout).toBe("paused\n");
            expectSuccess(await host.docker("unpause", writer()));
        });

        test("a restore whose script on the host is killed is put in order by the next command", async () => {
            const file = path.join(folder, "kept .tar.gz");
            await onVolume("echo mine > /data/mine");
            const { output, result } = start("./scripts/volume", [
                "-s",
                stack.name,
                "restore",
                "kept",
                file,
                "--replace",
            ]);
            await until("containers are stopped", () => output().includes("berth: stop:"));
            const kill = "kill -9 $(ps -eo pid,args | awk '$3 == \"--norc\" && / volume-data restore/ { print $1 }')";
            await run("./scripts/ssh", ["-s", stack.name, "sudo", "sh", "-c", kill]);
            await result;
            expectSuccess(await volume("save", "kept", path.join(folder, "after.tar.gz")));
            const there = (await onVolume("cat /data/mine 2>/dev/null || true")) === "mine\n";
            if (!there) expectSuccess(await volume("restore", "kept", "--undo")); // it was exchanged already
            expect(await onVolume("cat /data/mine")).toBe("mine\n");
            const names = await host.docker("ps", "--format", "{{.Names}}");
            expect(names.stdout.split("\n")).toEqual(expect.arrayContaining([writer(), "reader"]));
        });

        test("a run that is killed leaves no half archive, and the writer goes on", async () => {
            await onVolume("head -c 300000000 /dev/urandom > /data/large");
            const file = path.join(folder, "killed.tar.gz");
            const { child, output, result } = start("./scripts/volume", ["-s", stack.name, "save", "kept", file]);
            await until("the writer is paused", () => output().includes("berth: pause"));
            process.kill(-(child.pid ?? 0), "SIGKILL");
            await result;
            const state = ["inspect", "--format", "{{.State.Status}}", writer()];
            await until("the writer goes on", async () => (await host.docker(...state)).stdout === "running\n");
            expect(fs.existsSync(file)).toBe(false);
            await onVolume("rm /data/large");
        });
    });
}
