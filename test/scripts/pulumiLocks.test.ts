import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { stateFolder } from "../../scripts/lib/backend";
import { readPulumiCommand } from "../../scripts/lib/pulumiCommands";
import { liftDeadLocks, lockState, pulumiLocks, refuseLocked } from "../../scripts/lib/pulumiLocks";
import { replaceState } from "../../scripts/lib/replaceState";
import type { StackExport } from "../../scripts/lib/state";

describe("commands of Pulumi", () => {
    const CHANGING = `up --yes|update|refresh|refresh -y --target x|destroy|dn|import a b c|state delete URN|state remove URN
state rename a b|state unprotect --all|state repair|state move --source a --dest b URN|state something-new|watch|cancel
cancel dev|stack rm|stack rm dev --yes|stack remove dev|stack delete dev|stack rename other|stack import --file f|stack init x
stack new x|stack tag set a b|stack tag rm a|stack change-secrets-provider passphrase|stack something-new|config set a b
config set --secret --path berth:x|config set-all --plaintext a=b|config rm a|config remove a|config rm-all a b|config cp -d x
config refresh|config env add x|--color never up|-C folder up|-v 9 up|config --config-file f set a b|new
up --config berth:x=--help`;
    const READING = `preview|pre|logs|stack|stack ls|stack list|stack output --json|stack export|stack graph x|stack history
stack select dev|stack unselect|stack tag ls|stack tag get x|config|config get a|config --show-secrets|config env ls|plugin ls
state|state get URN|login|whoami|version|about|console|help|up --help|destroy -h|refresh --preview-only|--color never stack
-C up stack|schema check x|convert|`;
    const split = (text: string) => text.split(/[|\n]/).map((line) => [line]);

    test.each(split(CHANGING))("%s takes the lock", (line) =>
        expect(readPulumiCommand(line.split(" ")).changes).toBe(true),
    );
    test.each(split(READING))("%s does not", (line) => expect(readPulumiCommand(line.split(" ")).changes).toBe(false));

    test.each<[string, string[], boolean]>([
        ["up", [], true],
        ["stack rm dev", ["dev"], false],
        ["stack rm --yes", [], true],
        ["cancel dev", ["dev"], false],
        ["cancel --yes", [], true],
        ["stack rename other", [], true],
        ["stack init other", ["other"], false],
        ["config cp --dest other", ["other"], true],
        ["state move --source=a --dest b urn", ["a", "b"], true],
    ])("%s means the stacks %j, and that of --stack: %s", (line, named, meansStack) =>
        expect(readPulumiCommand(line.split(" "))).toMatchObject({ named, meansStack }),
    );

    test.each<[string, boolean]>([
        ["up", true],
        ["cancel", true],
        ["cancel dev", false],
        ["stack output", true],
        ["stack rm dev", false],
        ["stack remove dev", false],
        ["stack new dev", false],
        ["stack list", false],
        ["whoami", false],
    ])("%s takes --stack: %s", (line, expected) =>
        expect(readPulumiCommand(line.split(" ")).takesStack).toBe(expected),
    );
});

describe("Pulumi's lock on a stack", () => {
    let folder: string;
    let place: string;
    let holder: ChildProcess | undefined;
    const host = os.hostname();
    const deadPid = spawnSync("true").pid;
    beforeEach(() => {
        folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-locks-"));
        place = path.join(folder, ".pulumi/locks/organization/berth/dev");
        fs.mkdirSync(place, { recursive: true });
    });
    afterEach(() => {
        holder?.kill("SIGKILL");
        fs.rmSync(folder, { recursive: true });
    });
    const write = (lock: unknown, file = path.join(place, "a.json")) => {
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, typeof lock === "string" ? lock : JSON.stringify(lock));
        return file;
    };
    const now = () => new Date().toISOString();

    test("of a process that is gone is lifted, and no other's", () => {
        const dead = write({ pid: deadPid, hostname: host, username: "me", timestamp: now() });
        const torn = write("", path.join(place, "b.json"));
        const living = write({ pid: process.pid, hostname: host, timestamp: now() }, path.join(place, "c.json"));
        const foreign = write({ pid: deadPid, hostname: "elsewhere", timestamp: now() }, path.join(place, "d.json"));
        expect(liftDeadLocks(pulumiLocks(folder, "dev"))).toBe(2);
        expect([dead, torn, living, foreign].map((file) => fs.existsSync(file))).toEqual([false, false, true, true]);
    });

    test("of other stacks and projects is not looked at", () => {
        const lock = { pid: deadPid, hostname: host, timestamp: now() };
        for (const other of ["berth/dev-2", "other/dev", "berth/x"]) {
            write(lock, path.join(folder, ".pulumi/locks/organization", other, "a.json"));
        }
        expect(pulumiLocks(folder, "dev")).toEqual([]);
        expect(pulumiLocks(folder, "organization/other/dev")).toHaveLength(1);
        expect(pulumiLocks(path.join(folder, "none"), "dev")).toEqual([]);
    });

    test("of a living process says whose it is and what to do, and so does another computer's", () => {
        holder = spawn("bash", ["-c", "exec -a pulumi-up sleep 60"]);
        const pid = holder.pid ?? 0;
        write({ pid, hostname: host, username: "me", timestamp: "2026-11-28T10:00:00Z" });
        expect(() => refuseLocked(pulumiLocks(folder, "dev"), "dev")).toThrow(
            new RegExp(
                `^another run works on the stack dev: .+ \\(pid ${pid}, me, since 2026-11-28T10:00:00Z\\)\\. ` +
                    `Wait until it has ended, or end it: kill -INT ${pid}$`,
            ),
        );
        write({ pid: 7, hostname: "elsewhere", username: "me", timestamp: "2026-11-28T10:00:00Z" });
        expect(() => refuseLocked(pulumiLocks(folder, "dev"), "dev")).toThrow(
            "another computer works on the stack dev: me on elsewhere (pid 7, since 2026-11-28T10:00:00Z). " +
                "Wait until that has ended. Where it was killed there: ./scripts/pulumi cancel -s dev",
        );
        expect(() => refuseLocked(pulumiLocks(folder, "dev"), "dev", { foreign: false })).not.toThrow();
    });

    test("of a number that another process has got since is dead; in doubt it lives", () => {
        holder = spawn("sleep", ["60"]);
        const lock = { file: "", pid: holder.pid, hostname: host };
        expect(lockState({ ...lock, timestamp: "2020-01-01T00:00:00Z" })).toBe("dead");
        expect(lockState({ ...lock, timestamp: new Date(Date.now() + 60_000).toISOString() })).toBe("living");
        expect(lockState({ ...lock, timestamp: undefined })).toBe("living");
        expect(lockState({ ...lock, hostname: undefined })).toBe("foreign");
        expect(lockState({ file: "" })).toBe("dead");
    });

    test.each([
        [{ PULUMI_BACKEND_URL: "file:///shared/state" }, "/shared/state"],
        [{ PULUMI_BACKEND_URL: "file:///shared/state?no_tmp_dir=true" }, "/shared/state"],
        [{ PULUMI_BACKEND_URL: "file://~", HOME: "/home/me" }, "/home/me"],
        [{ PULUMI_BACKEND_URL: "s3://bucket" }, undefined],
        [{ PULUMI_ACCESS_TOKEN: "pul-x" }, undefined],
        [{ PULUMI_CREDENTIALS_PATH: "/nowhere" }, path.join(__dirname, "../../.berth/state")],
    ])("is looked for where the state lies: %j", (env, expected) => expect(stateFolder(env)).toBe(expected));

    describe("a state that was exported and changed", () => {
        const before: StackExport = { deployment: { resources: [{ urn: "a", type: "t" }] } };
        const after: StackExport = { deployment: { resources: [] } };
        const backend = (state: unknown) => ({
            output: jest.fn((args: string[]) => Promise.resolve(args[1] === "export" ? JSON.stringify(state) : "")),
        });
        const imports = ({ output }: ReturnType<typeof backend>) =>
            output.mock.calls.filter(([args]) => args[1] === "import");

        test("is imported where nothing has changed meanwhile", async () => {
            const pulumi = backend({ version: 3, ...before });
            await replaceState(pulumi, "dev", { before, after }, folder);
            expect(imports(pulumi)).toEqual([[["stack", "import", "--stack", "dev"], JSON.stringify(after)]]);
        });

        test("is not imported over what another run has written meanwhile, or writes now", async () => {
            const changed = backend({ deployment: { resources: [{ urn: "a", type: "t", id: "new" }] } });
            await expect(replaceState(changed, "dev", { before, after }, folder)).rejects.toThrow(
                "another run has changed the state of the stack dev meanwhile: nothing was written to it",
            );
            const same = backend(before);
            write({ pid: 7, hostname: "elsewhere", timestamp: now() });
            await expect(replaceState(same, "dev", { before, after }, folder)).rejects.toThrow("another computer");
            expect([...imports(changed), ...imports(same)]).toEqual([]);
        });
    });
});
