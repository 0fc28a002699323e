import { docker as localDocker, run } from "../../hosts/project";
import type { DayTwoHost } from "../../hosts/dayTwoHost";

/** `./scripts/leftovers`, and what `down` says of what is left. The stack is down after it. */
export function leftoversTests(host: DayTwoHost): void {
    const { stack } = host;
    test("./scripts/leftovers tells what is there, and down what is left", async () => {
        const leftovers = () => run("./scripts/leftovers", ["-s", stack.name]);
        const up = await leftovers();
        expect(up).toMatchObject({ code: 2, stdout: expect.stringMatching(/the state +resources +\d+/) });
        expect(up.stdout).toMatch(new RegExp(`this computer +container +${stack.prefix}\n`));
        const foreign = `${stack.prefix}-left`;
        await localDocker(
            "volume",
            "create",
            "--label",
            "berth.project=berth",
            "--label",
            `berth.stack=${stack.name}`,
            foreign,
        );
        const down = await stack.down();
        expect(down).toMatchObject({
            code: 1,
            all: expect.stringContaining(`berth: still there (this computer): volume ${foreign}\n`),
        });
        expect(await leftovers()).toMatchObject({
            code: 2,
            stdout: expect.stringMatching(new RegExp(`volume +${foreign}`)),
        });
        await localDocker("volume", "rm", foreign);
        expect(await leftovers()).toMatchObject({ code: 0, stdout: `nothing of ${stack.name} is left\n` });
    });
}
