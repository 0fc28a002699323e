import { expectSuccess, run } from "../hosts/project";
import type { DayTwoHost } from "../hosts/dayTwoHost";

/** `./scripts/prune`, and `berth:keepReleases`. */
export function pruneTests(host: DayTwoHost): void {
    const { stack } = host;
    test("./scripts/prune, and each up where the config says so, remove images that nobody uses, and no others", async () => {
        const prune = (...args: string[]) => run("./scripts/prune", ["-s", stack.name, ...args]);
        const images = async () => (await host.docker("images", "--format", "{{.Repository}}:{{.Tag}}")).stdout;
        const before = await images();
        expectSuccess(await host.docker("pull", "redis:8.0"));
        const shown = await prune("--dry-run");
        expect(shown).toMatchObject({
            code: 0,
            stdout: expect.stringMatching(/^host: 1 image would go\n.*\nredis:8\.0 /),
        });
        expect(await images()).not.toBe(before);
        const done = await prune("--keep", "1");
        expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/^host: 1 image gone\n/) });
        expect(await images()).toBe(before);
        expectSuccess(await stack.pulumi("preview", "--refresh", "--expect-no-changes"));
        stack.edit((config) => (config["berth:keepReleases"] = 1));
        expectSuccess(await host.docker("pull", "redis:8.0"));
        await stack.mustUp();
        expect(await images()).toBe(before);
        await stack.expectSettled();
        stack.edit((config) => (config["berth:keepReleases"] = 0));
        expect(await prune()).toMatchObject({ code: 1, all: expect.stringContaining("berth:keepReleases: 0: write") });
        stack.edit((config) => delete config["berth:keepReleases"]);
        const absent = await run("./scripts/prune", ["-s", "no-such"]);
        expect(absent).toMatchObject({ code: 1, all: "berth: there is no stack no-such: ./scripts/up -s no-such\n" });
        for (const wrong of [["--keep", "0"], ["--keep"], ["web"]]) {
            expect(await prune(...wrong)).toMatchObject({ code: 1, all: expect.stringContaining("not understood") });
        }
    });
}
