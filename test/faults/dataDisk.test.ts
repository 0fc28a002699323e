import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import { killsWanted } from "./kills";
import { HOST_IMAGE, startLab, stopLab } from "../hosts/lab";
import { root } from "../hosts/project";

jest.setTimeout(30 * 60_000);

/** Kills, half of them followed by a boot; BERTH_KILLS=1000 takes each command. */
const KILLS = killsWanted() ?? 20;

/** Machines side by side; each has a part of the kills. */
const MACHINES = [0, 1].map((i) => `berth-test-data-disk-${process.pid}-${i}`);
/** A real disk and real mounts want this much; Docker and systemd are stood in for, see dataDisk/machine.sh. */
const RIGHTS = [
    ...["--cap-add", "ALL", "--cap-drop", "SYS_RESOURCE", "--device", "/dev/loop-control"],
    ...["--device-cgroup-rule", "b 7:* rwm", "--tmpfs", "/run", "--volume", "/var/lib"],
    ...["--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined"],
];
const docker = async (...args: string[]) => (await promisify(execFile)("docker", args)).stdout;
/** What lines of shell print on a machine, after machine.sh was read. */
const on = (machine: string, script: string) =>
    docker("exec", machine, "bash", "-c", `. /machine.sh 2>/dev/null; { ${script}\n} 2>/dev/null`);

beforeAll(async () => {
    await startLab();
    for (const machine of MACHINES) {
        const run = ["run", "--detach", "--init", "--name", machine, "--label", "berth.lab=1", ...RIGHTS];
        await docker(...run, "--entrypoint", "sleep", HOST_IMAGE, "infinity");
        await docker("cp", path.join(__dirname, "dataDisk/machine.sh"), `${machine}:/machine.sh`);
        await docker("cp", path.join(root, "scripts/mount-data-disk.sh"), `${machine}:/script.sh`);
    }
});
afterAll(async () => {
    for (const machine of MACHINES) {
        await on(machine, "finish").catch(() => undefined);
        await docker("rm", "--force", "--volumes", machine).catch(() => undefined);
    }
    await stopLab();
});
const [machine = ""] = MACHINES;

test("the data moves whole, with whiteouts, holes, links and attributes; containers are as they were; twice is once", async () => {
    expect(await on(machine, "fresh; run; echo $?; check; run; echo $?; check; reboot; check 2paused=running")).toBe(
        "0\n0\n",
    );
});

test("a disk that is too small is refused before anything stops", async () => {
    const said = await on(
        machine,
        "fresh 20M; processes >/before; run; echo $?; cat /fake/output; processes | diff /before -; data; states",
    );
    expect(said).toMatch(
        /^1\n[^]*too small for Docker's data: it takes \d+ MiB with a margin, and \d+ MiB are free[^]*Docker runs on from .* as before\n1running=running 2paused=paused 3restarting=restarting 4exited=exited\n$/,
    );
});

test.each([
    ["cp", "echo 'No space left on device' >&2; exit 1"],
    ["tar", "cat /proc/sys/kernel/random/uuid # no two folders are the same"],
    ["sync", "exit 1"],
])(
    "where %s fails, Docker and its containers run on from the old place, and the next run does all again",
    async (program, body) => {
        const fake = `printf '%s\\n' '#!/bin/sh' ${JSON.stringify(body)} >/fake/bin/${program}; chmod +x /fake/bin/${program}`;
        const said = await on(
            machine,
            `fresh; ${fake}; run; echo $?; rm /fake/bin/${program}; data; [ -e /fake/docker-up ] || echo down; run; echo $?; check`,
        );
        expect(said).toBe("1\n0\n");
    },
);

test("a Docker that does not say what runs is left alone", async () => {
    const silent = "printf '#!/bin/sh\\nexit 1\\n' >/fake/bin/docker";
    const said = await on(machine, `fresh; ${silent}; run; echo $?; cat /fake/output; ls /fake/shims; data`);
    expect(said).toMatch(/^1\n[^]*does not say what runs, so nothing is moved[^]*\n1running\n2paused\n3restarting\n$/);
});

test("what Docker does not start again for want of an answer is started by the next run", async () => {
    const body =
        'case "$1" in stop) touch /fake/mute ;; *) [ ! -e /fake/mute ] || exit 1 ;; esac; exec /fake/bin/docker.real "$@"';
    const mute = `mv /fake/bin/docker /fake/bin/docker.real; printf '%s\\n' '#!/bin/sh' ${JSON.stringify(body).replaceAll("$", "\\$")} >/fake/bin/docker; chmod +x /fake/bin/docker`;
    const said = await on(
        machine,
        `fresh; ${mute}; run; echo $?; cat /fake/output; rm /fake/mute; states; run; echo $?; check`,
    );
    expect(said).toMatch(
        /^1\n[^]*do not yet, and the next run starts them[^]*\n1running=exited 2paused=exited 3restarting=exited 4exited=exited\n0\n$/,
    );
});

test("killed at any command, then booted or not: Docker runs on old data or on the whole new, and the next run ends the same", async () => {
    const parts = MACHINES.map((each, i) => on(each, `all_killed ${i} ${MACHINES.length} ${KILLS}`));
    expect((await Promise.all(parts)).join("")).toBe("");
});
