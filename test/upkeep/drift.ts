import { docker as localDocker, expectSuccess, run, until } from "../hosts/project";
import type { DayTwoHost } from "../hosts/dayTwoHost";

/** `./scripts/drift`, and `./scripts/up --repair`. */
export function driftTests(host: DayTwoHost): void {
    const { stack } = host;
    describe("./scripts/drift", () => {
        const drift = (...args: string[]) => run("./scripts/drift", ["-s", stack.name, ...args]);
        const found = () => stack.drift();
        const service = (name: string) => `${stack.prefix}-${name}`;

        test("finds nothing on a host that is as it was made", async () => expect(await found()).toEqual([]));

        test("finds what was changed behind Pulumi's back; --repair brings it back, and leaves the rest alone", async () => {
            const untouched = (await host.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", service("web")))
                .stdout;
            const onHost = `set -e
                docker stop -t 0 idle
                docker rm -f reader
                docker update --restart no ${service("writer")}
                docker run -d --name foreign --init busybox:1.37 sleep infinity
                gpasswd -d ubuntu docker
                systemctl disable docker
                sed -i 's/10m/11m/' /etc/docker/daemon.json
                dpkg --force-depends --remove docker-compose-plugin`;
            expectSuccess(await run("./scripts/ssh", ["-s", stack.name, "sudo", "bash", "-c", onHost]));
            const changes = [
                `container idle is stopped (exited, exit code 143)`,
                `container reader is missing`,
                `container ${service("writer")} has another restart`,
                "container foreign is not the stack's",
                "file /etc/docker/daemon.json has another log-opts.max-size",
                "package docker-compose-plugin is not installed",
                "unit docker.service does not start at boot (disabled)",
                "user ubuntu is not in the group docker",
            ];
            expect((await found()).sort()).toEqual(changes.sort());
            const people = await drift();
            expect(people.stdout).toMatch(/^ +WHAT +NAME +FOUND\n/);
            expect(people.stdout).toContain(`\nWhat to do:\n`);
            expect(people.stdout).toContain(`  ./scripts/up -s ${stack.name} --repair\n`);

            expectSuccess(await stack.up("--repair"));
            expect(await found()).toEqual(["container foreign is not the stack's"]);
            expect(
                (await host.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", service("web"))).stdout,
            ).toBe(untouched);
            expectSuccess(await host.docker("rm", "-f", "foreign"));
            expectSuccess(await stack.up("--expect-no-changes"));
        });

        test("says which variable of a container that somebody made anew is another, and no value", async () => {
            expectSuccess(await host.docker("rm", "-f", "idle"));
            const made = [
                "run",
                "-d",
                "--name",
                "idle",
                "--init",
                "-e",
                "TOKEN=hidden",
                "busybox:1.37",
                "sleep",
                "9999",
            ];
            expectSuccess(await host.docker(...made));
            const [finding = ""] = await found();
            expect(finding).toMatch(
                new RegExp(`^container idle was made anew by somebody, with another .*environment \\(TOKEN\\)`),
            );
            expect(finding).not.toContain("hidden");
            const { stdout } = await drift();
            const [, remedy = ""] = /What to do:\n {2}(.*)\n/.exec(stdout) ?? [];
            expectSuccess(await run("bash", ["-c", remedy]));
            expect(await found()).toEqual([]);
        });

        test("says that a host does not answer, and what it does not understand", async () => {
            expect(await drift("--no-such")).toMatchObject({
                code: 1,
                all: expect.stringContaining("--no-such: not understood"),
            });
            expectSuccess(
                await run("./scripts/ssh", ["-s", stack.name, "sudo", "systemctl", "stop", "ssh.socket", "ssh"]),
            );
            const silent = await drift();
            expect(silent).toMatchObject({
                code: 1,
                all: expect.stringContaining("berth: host cannot be looked at: "),
            });
            await localDocker("restart", stack.prefix);
            await until("the host answers", async () => (await drift()).code === 0);
        });
    });
}
