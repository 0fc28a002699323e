import * as fs from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { Document, isCollection, parseDocument } from "yaml";
import { variable } from "../../components/environment";
import { type Holder, LockError, withLock } from "./lock";
import { defaultStackFile, own, root, stackFile } from "./paths";
import { UserError, say } from "./progress";
import { readStackName } from "./stackName";

export const DEFAULT_STACK = "local";

/**
 * Takes `-s NAME`, `--stack NAME` or `--stack=NAME` out of the arguments.
 *
 * @returns the stack's plain name (PULUMI_STACK, else `local`, when none is named) and the other arguments
 * @throws UserError when that is no name, or another project's stack
 */
export function splitStack(args: string[], env?: NodeJS.ProcessEnv): { stack: string; named: boolean; rest: string[] } {
    const rest: string[] = [];
    let stack: string | undefined;
    for (let i = 0; i < args.length; i++) {
        const arg = args[i] ?? "";
        if (arg === "--") {
            rest.push(...args.slice(i));
            break;
        }
        const joined = /^(?:--stack=|-s=?)(.+)$/.exec(arg);
        if (arg === "-s" || arg === "--stack") stack = args[++i] ?? "";
        else if (joined) stack = joined[1];
        else rest.push(arg);
    }
    const named = stack ?? variable("PULUMI_STACK", env);
    return { stack: named === undefined ? DEFAULT_STACK : readStackName(named), named: named !== undefined, rest };
}

/**
 * Runs `work` when no other run of this clone works on the stack. Whatever changes a stack, its state or its file takes
 * this lock; a run that was killed has given it back.
 *
 * @param stack `organization/project/` may stand before its name
 * @throws UserError where the lock cannot be written, or another computer holds it
 */
export async function alone<T>(stack: string, work: () => Promise<T>): Promise<T> {
    const name = stack.split("/").at(-1) ?? stack;
    const tell = ({ pid, command, since }: Holder) => {
        const what = command === undefined ? "" : `, ${command}${since === undefined ? "" : `, since ${since}`}`;
        say(`another run (pid ${pid}${what}) works on the stack ${name}: waiting for it`);
    };
    try {
        return await withLock(path.join(own, `${name}.lock`), work, tell);
    } catch (error) {
        throw error instanceof LockError ? new UserError(error.message) : error;
    }
}

/** The config of one stack, edited without losing comments. */
export class StackFile {
    private readonly document: Document;
    private readonly before: string;

    /** @param from the file that is read. Default: the stack's own */
    constructor(
        readonly stack: string,
        from = stackFile(stack),
    ) {
        this.before = fs.readFileSync(from, "utf8");
        this.document = parseDocument(this.before);
    }

    /** Opens the file; makes it from the default in the repository where it does not exist. */
    static open(stack: string): StackFile {
        if (!fs.existsSync(stackFile(stack))) {
            writeWhole(stackFile(stack), fs.readFileSync(defaultStackFile, "utf8"));
            say(`Pulumi.${stack}.yaml made from examples/nginx`);
        }
        return new StackFile(stack);
    }

    /** What stands below `config`: `get("berth:host", "kind")`. */
    get(...path: readonly string[]): unknown {
        const value = this.document.getIn(["config", ...path]);
        return isCollection(value) ? (value.toJSON() as unknown) : value;
    }

    set(path: readonly string[], value: unknown): void {
        this.document.setIn(["config", ...path], value);
    }

    delete(path: readonly string[]): void {
        this.document.deleteIn(["config", ...path]);
    }

    /** The file as it would be written. */
    text(): string {
        const [mistake] = this.document.errors;
        if (mistake) throw new UserError(`Pulumi.${this.stack}.yaml: ${mistake.message}`);
        return this.document.toString();
    }

    /** Writes the file where something changed. */
    save(): void {
        const text = this.text();
        if (text === this.before) return;
        writeWhole(stackFile(this.stack), text);
    }
}

/** Writes a file that is there in full or as it was: a full disk leaves no half of it. */
function writeWhole(file: string, text: string): void {
    const draft = `${file}.new`;
    try {
        fs.writeFileSync(draft, text, { flush: true });
        fs.renameSync(draft, file);
    } finally {
        fs.rmSync(draft, { force: true });
    }
}

/** What the other stacks of this clone have at a place of their files. */
export function portsOfOthers(stack: string, place: readonly string[]): unknown[] {
    const names = fs.readdirSync(root).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
    return names.filter((name) => name !== stack).map((name) => new StackFile(name).get(...place));
}

/** The first port from `first` on that is not among `taken`, and that nobody on 127.0.0.1 listens on. */
export async function freePort(first: number, taken: unknown[] = []): Promise<number> {
    for (let port = first; port < first + 1000; port++) {
        if (!taken.includes(port) && (await isFree(port))) return port;
    }
    throw new Error(`no free port from ${first} to ${first + 999}`);
}

/** Whether nobody on 127.0.0.1 listens on a TCP port. */
export function isFree(port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const server = net.createServer().once("error", () => resolve(false));
        server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
    });
}

/** Whether somebody answers at a TCP port within 3 seconds. */
export function isOpen(host: string, port: number): Promise<boolean> {
    return new Promise((resolve) => {
        const socket = net.createConnection({ host, port, timeout: 3000 });
        const end = (open: boolean) => {
            socket.destroy();
            resolve(open);
        };
        socket.once("connect", () => end(true));
        socket.once("timeout", () => end(false));
        socket.once("error", () => end(false));
    });
}
