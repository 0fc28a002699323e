import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import type { Exposure } from "../../components/host";
import { freePort as firstFreePort } from "../../scripts/lib/stack";

export const root = path.join(__dirname, "../..");

export interface Result {
    code: number;
    /** stdout and stderr in the order in which they came. */
    all: string;
    stdout: string;
}

/** Runs a command to its end. What it inherits of Docker's variables is cleared, as in a person's shell. */
export function run(
    command: string,
    args: string[],
    options: { cwd?: string; env?: Record<string, string>; input?: string } = {},
): Promise<Result> {
    const { child, result } = start(command, args, options);
    child.stdin.end(options.input);
    return result;
}

/** Starts a command in a process group of its own, so that it can be ended with its children. */
export function start(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
    const inherited = { ...process.env };
    for (const name of ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CERT_PATH"]) delete inherited[name];
    const env = { ...inherited, ...options.env };
    const child = spawn(command, args, {
        cwd: options.cwd ?? root,
        env,
        stdio: ["pipe", "pipe", "pipe"],
        detached: true,
    });
    let all = "";
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
        all += chunk.toString();
        stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => (all += chunk.toString()));
    const result = new Promise<Result>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) =>
            resolve({ code: code ?? 128 + os.constants.signals[signal ?? "SIGTERM"], all, stdout }),
        );
    });
    return { child, result, output: () => all };
}

/** Fails with what the command printed, unless it ended well. */
export function expectSuccess({ code, all }: Result): void {
    if (code !== 0) throw new Error(`exit code ${code}:\n${all.slice(-5000)}`);
}

/** What a person reads when an update fails: without the plan's table and colours. */
export function errorOf({ code, all }: Result): string {
    if (code === 0) throw new Error(`it did not fail:\n${all.slice(-5000)}`);
    return (all.split("Diagnostics:")[1] ?? all).trim();
}

/** The local engine, as the test runner found it. */
export async function docker(...args: string[]): Promise<string> {
    const host = process.env.DOCKER_HOST;
    const { code, all, stdout } = await run("docker", [...(host ? ["--host", host] : []), ...args]);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: ${all}`);
    return stdout.trim();
}

/** A port below those that the system gives to connections: one of these may be taken before it is used. */
export const freePort = () => firstFreePort(randomInt(28_000, 31_000));

/** The status and the Server header of a URL; undefined when nobody answers. */
export async function get(url: string): Promise<{ status: number; server: string | null } | undefined> {
    try {
        const response = await fetch(url, { signal: AbortSignal.timeout(5000), headers: { connection: "close" } });
        await response.text();
        return { status: response.status, server: response.headers.get("server") };
    } catch {
        return undefined;
    }
}

/** Waits until a condition holds, at most 60 s. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await condition())) {
        if (Date.now() > deadline) throw new Error(`not within 60 s: ${what}`);
        await new Promise((resolve) => setImmediate(resolve));
    }
}

/** A second clone of the project, as it is now, without what belongs to the first. To be removed by the caller. */
export function cloneProject(): string {
    const clone = fs.mkdtempSync(path.join(os.tmpdir(), "berth-clone-"));
    for (const entry of fs.readdirSync(root)) {
        if (entry.startsWith(".")) continue;
        if (entry === "node_modules") fs.symlinkSync(path.join(root, entry), path.join(clone, entry));
        else fs.cpSync(path.join(root, entry), path.join(clone, entry), { recursive: true });
    }
    return clone;
}

/** A stack of its own, reached by the project's scripts as a person would. */
export class Stack {
    readonly file: string;
    readonly name: string;
    /** Prefix of the names of all its containers. */
    readonly prefix: string;

    /** @param kind tells the stacks of one test run apart */
    constructor(
        readonly config: Record<string, unknown>,
        kind: string,
    ) {
        this.name = `e2e-${kind}-${process.pid}`;
        this.prefix = `berth-${this.name}`;
        this.file = path.join(root, `Pulumi.${this.name}.yaml`);
        fs.writeFileSync(this.file, stringify({ config }));
    }

    up(...args: string[]): Promise<Result> {
        return run("./scripts/up", ["--stack", this.name, ...args]);
    }
    /** `up`, which must end well. */
    async mustUp(...args: string[]): Promise<Result> {
        const result = await this.up(...args);
        expectSuccess(result);
        return result;
    }
    down(): Promise<Result> {
        return run("./scripts/down", ["--stack", this.name, "--yes"]);
    }
    pulumi(...args: string[]): Promise<Result> {
        return run("./scripts/pulumi", [...args, "--stack", this.name]);
    }
    /** Changes the stack's file as a person's editor would. */
    edit(change: (config: Record<string, unknown>) => void): void {
        const file = parse(fs.readFileSync(this.file, "utf8")) as { config: Record<string, unknown> };
        change(file.config);
        fs.writeFileSync(this.file, stringify(file));
    }
    async outputs(): Promise<Outputs> {
        return JSON.parse((await this.pulumi("stack", "output", "--json")).stdout) as Outputs;
    }
    /** Runs a command line on the host by the `ssh` output, as pasted into a shell. */
    async ssh(command: string, input?: string): Promise<Result> {
        const { ssh } = await this.outputs();
        return run("bash", ["-c", `${ssh} "$1"`, "bash", command], { input });
    }
    /** What ./scripts/drift finds, in words, without what only needs care soon: that depends on this computer. */
    async drift(): Promise<string[]> {
        const { code, stdout, all } = await run("./scripts/drift", ["-s", this.name, "--json"]);
        if (code !== 0 && code !== 2) throw new Error(all);
        const { hosts } = JSON.parse(stdout) as { hosts: { findings: Record<string, string>[] }[] };
        const drift = hosts.flatMap(({ findings }) => findings).filter(({ level }) => level === "drift");
        if ((code === 2) !== drift.length > 0) throw new Error(`exit code ${code}: ${stdout}`);
        return drift.map(({ kind, name, found }) => `${kind} ${name} ${found}`);
    }
    /** Fails where a second up, a preview after a refresh, or a look at the hosts finds anything to change. */
    async expectUnchanged(): Promise<void> {
        expectSuccess(await this.up("--expect-no-changes"));
        expectSuccess(await this.pulumi("preview", "--refresh", "--expect-no-changes"));
        expect(await this.drift()).toEqual([]);
    }
    /** Like `expectUnchanged`, in one update that looks at the hosts first: for after a change. */
    async expectSettled(): Promise<void> {
        expectSuccess(await this.up("--refresh", "--expect-no-changes"));
        expect(await this.drift()).toEqual([]);
    }
    /** Names of what carries the stack's label on the local engine. */
    async leftovers(): Promise<string[]> {
        const filter = ["--filter", `label=berth.stack=${this.name}`];
        const lists = await Promise.all([
            docker("ps", "-a", ...filter, "--format", "container {{.Names}}"),
            docker("volume", "ls", ...filter, "--format", "volume {{.Name}}"),
            docker("network", "ls", ...filter, "--format", "network {{.Name}}"),
        ]);
        return lists.flatMap((list) => list.split("\n")).filter(Boolean);
    }
    /** Forgets a stack whose host is about to go, or has gone, with all that is on it. */
    async discard(): Promise<void> {
        expectSuccess(await this.pulumi("stack", "rm", "--force", "--yes"));
        fs.rmSync(this.file, { force: true });
    }
    /** Removes the empty stack from the backend, and its file. */
    async forget(): Promise<void> {
        await this.pulumi("stack", "rm", "--yes");
        fs.rmSync(this.file, { force: true });
    }
}

export interface Outputs {
    url: string;
    ssh: string;
    engine: Record<string, string>;
    exposure: Exposure[];
    containers: Record<string, { containers: string[]; image: string; ports: string[]; update: string; run: string }>;
    identity: { file: string };
}
