import * as fs from "node:fs";
import * as path from "node:path";
import { stripVTControlCharacters } from "node:util";
import { type ConsoleStep, consoleSteps, mismatch } from "../hosts/consoleDoc";
import { cloneProject, root, run, start, until } from "../hosts/project";

jest.setTimeout(20 * 60_000);

const FIRST_PORT = 24_000 + (process.pid % 1000) * 4;
const PROMPT = /root@[0-9a-f]{12}:\S*# /g;
const read = (file: string) => fs.readFileSync(path.join(root, "docs", file), "utf8");

/** A clone as a person has it, under another name and with other ports than the document's, which may be taken. */
let clone: string;
let steps: ConsoleStep[];

beforeAll(() => {
    clone = cloneProject();
    // Whoever runs the tests may have these stacks.
    for (const stack of ["local", "java"]) fs.rmSync(path.join(clone, `Pulumi.${stack}.yaml`), { force: true });
    const name = `tutorial${process.pid}`;
    // They are used minutes later: below those that the system gives to connections.
    const port = (offset: number) => String(FIRST_PORT + offset);
    const change = (file: string, ...changes: [string | RegExp, string][]) => {
        const before = fs.readFileSync(path.join(clone, file), "utf8");
        fs.writeFileSync(
            path.join(clone, file),
            changes.reduce((text, [from, to]) => text.replace(from, to), before),
        );
    };
    change("Pulumi.yaml", [/^name: .*$/m, `name: ${name}`]);
    change(
        "examples/nginx/Pulumi.local.yaml",
        ["8080", port(0)],
        ["kind: local", `kind: local\n    sshPort: ${port(1)}`],
    );
    change("examples/java/Pulumi.java.yaml", ["8081", port(2)], ["kind: local", `kind: local, sshPort: ${port(3)}`]);
    const text = read("tutorial.md").replaceAll("8080", port(0)).replaceAll("8081", port(2));
    steps = consoleSteps(text.replace(/\bberth-(local|java)(?![a-z])/g, `${name}-$1`));
});
afterAll(async () => {
    for (const stack of ["java", "local"]) await run("./scripts/down", ["-s", stack, "--yes"], { cwd: clone });
    fs.rmSync(clone, { recursive: true, force: true });
});

test("both languages have the same commands, and show the same", () => {
    const english = consoleSteps(read("tutorial.md"));
    expect(english.length).toBeGreaterThan(30);
    expect(consoleSteps(read("tutorial.ko.md"))).toEqual(english);
});

test("the document's commands print what it shows, from nothing to the end", async () => {
    for (const step of steps) {
        const { code, lines } = await execute(step);
        const missing = mismatch(step.expected, lines);
        if (code === 0 && missing === undefined) continue;
        const why = missing === undefined ? `exit code ${code}` : `it does not show: ${missing}`;
        throw new Error(`$ ${step.command}\n${why}\n\n${lines.slice(-60).join("\n")}`);
    }
});

async function execute(step: ConsoleStep): Promise<{ code: number; lines: string[] }> {
    if (step.interrupted) return interrupt(step);
    if (step.typed.length > 0) return type(step);
    const { code, all } = await run("bash", ["-c", step.command], { cwd: clone });
    return { code, lines: plain(all) };
}

/** As in a terminal: each line when the shell asks for it. */
async function type({ command, typed }: ConsoleStep) {
    const terminal = start("script", ["-qec", command, "/dev/null"], { cwd: clone });
    for (const [index, line] of typed.entries()) {
        const prompts = () => plain(terminal.output()).join("\n").match(PROMPT)?.length ?? 0;
        await until(`a prompt for ${line}`, () => prompts() > index);
        terminal.child.stdin.write(`${line}\n`);
    }
    const { code, all } = await terminal.result;
    return { code, lines: plain(all) };
}

/** Ctrl-C, when it has shown what it shall. */
async function interrupt({ command, expected }: ConsoleStep) {
    const follower = start("bash", ["-c", command], { cwd: clone });
    await until(`${command} shows it`, () => mismatch(expected, plain(follower.output())) === undefined);
    process.kill(-(follower.child.pid ?? 0), "SIGINT");
    const { code, all } = await follower.result;
    return { code: code === 130 ? 0 : code, lines: plain(all) };
}

const plain = (output: string) => stripVTControlCharacters(output).replaceAll("\r", "").split("\n");
