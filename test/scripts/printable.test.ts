import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import fc from "fast-check";
import { printableCommand } from "../../components/remote/printableCommand";

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "printable-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** The command line as sshd hands it to the login's shell. */
function run(command: string, input: string | Buffer = "", PATH = process.env.PATH) {
    const { status, stdout, stderr } = spawnSync("sh", ["-c", printableCommand(command)], {
        input,
        maxBuffer: 2 ** 24,
        env: { PATH, LANG: "xx_XX.UTF-8", HOME: folder },
    });
    return { code: status, stdout, stderr };
}
/** What comes out of these bytes. */
function clean(bytes: string | Buffer): string {
    const { code, stdout, stderr } = run("cat", bytes);
    expect([code, stderr.toString()]).toEqual([0, ""]);
    return stdout.toString("utf8");
}
const long = (times: number) => "x".repeat(times);

it.each([
    ["nothing", "", ""],
    ["words without a newline", "abc", "abc"],
    ["JSON", '{"machineId":"0123","firewall":""}\n', '{"machineId":"0123","firewall":""}\n'],
    ["an id", `sha256:${"ab".repeat(32)}\n`, `sha256:${"ab".repeat(32)}\n`],
    ["tabs, blank lines and other scripts", "\ta\n\n\n  é€𝄞 日本語\n", "\ta\n\n\n  é€𝄞 日本語\n"],
    ["Latin-1", Buffer.from("gr\xfc\xdfe\n", "latin1"), "gr\ufffd\ufffde\n"],
    ["a character that breaks off", Buffer.from([0x61, 0xe2, 0x82]), "a\ufffd\ufffd"],
    ["an overlong slash, a surrogate", Buffer.from([0xc0, 0xaf, 0xed, 0xa0, 0x80, 0x0a]), "\ufffd".repeat(5) + "\n"],
    ["colours", "\x1b[1;31mred\x1b[0m \x1b[2K\x1b]0;title\x07\x1b]8;;http://x\x1b\\link\x1b(B\n", "red link\n"],
    ["escapes that are none", "a\x1b[\nb\x1b", "a[\nb"],
    ["control characters", "a\0b\x07c\bd\x7fe\u0085f\u009bg\n", "abcdefg\n"],
    ["a carriage return", "10%\r50%\r\r100%\r\nnext\r\n\r\n", "10%\n50%\n100%\nnext\n\n"],
    ["8,000 characters", `${"é".repeat(8000)}\n`, `${"é".repeat(8000)}\n`],
    ["a long line", `${"é".repeat(8001)}\nnext\n`, `${"é".repeat(8000)} ... [1 characters cut]\nnext\n`],
    ["a long line at the end", long(200_000), `${long(8000)} ... [192000 characters cut]`],
    [
        "two long lines",
        `${long(9000)}\r${long(9001)}\n`,
        `${long(8000)} ... [1000 characters cut]\n${long(8000)} ... [1001 characters cut]\n`,
    ],
])("what is said: %s", (_, bytes, said) => {
    expect(clean(bytes)).toBe(said);
});

it("whatever bytes come, UTF-8 in short lines without control characters comes out, and sane lines stay", () => {
    const piece = fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.string({ unit: "grapheme" }).map((text) => Buffer.from(text)),
        fc.constantFrom("\x1b", "\x1b[", "\x1b]", "\r", "\n", long(8100)).map((text) => Buffer.from(text)),
    );
    fc.assert(
        fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
            const said = run("cat", Buffer.concat([...pieces, Buffer.from('\n{"sane":"é"}\n')])).stdout;
            const text = new TextDecoder("utf8", { fatal: true }).decode(said);
            expect(text).not.toMatch(/[\0-\x08\x0b-\x1f\x7f-\x9f]/);
            expect(Math.max(...text.split("\n").map((line) => [...line].length))).toBeLessThan(8100);
            expect(text.endsWith('\n{"sane":"é"}\n')).toBe(true);
        }),
        { numRuns: 25 },
    );
});

it("the exit code is the command's, and the streams stay apart", () => {
    const { code, stdout, stderr } = run("printf 'out\\377'; printf 'err\\377' >&2; exit 7");
    expect([code, stdout.toString(), stderr.toString()]).toEqual([7, "out\ufffd", "err\ufffd"]);
    expect(run("kill -9 $$").code).toBe(137);
    expect(run("exec 3>&-; echo free >&3").code).toBe(1);
});

it("stdin reaches the command byte for byte, and nothing of it is lost", () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
    const file = path.join(folder, "got");
    expect(run(`cat >${file}`, bytes).code).toBe(0);
    expect(fs.readFileSync(file).equals(bytes)).toBe(true);
    expect(run("bash -s -- word", 'echo "$1"; read -r line; echo "$line"\nrest\n').stdout.toString()).toBe(
        "word\nrest\n",
    );
});

it("nothing is lost at the end of a flood", () => {
    const { stdout, stderr } = run("seq 1 200000; seq 1 100000 >&2");
    expect(stdout.toString().endsWith("\n200000\n")).toBe(true);
    expect(stdout.length).toBe(1_288_895);
    expect(stderr.length).toBe(588_895);
});

it("a host without Perl still answers, in plain ASCII", () => {
    const bin = path.join(folder, "bin");
    fs.mkdirSync(bin);
    for (const tool of ["bash", "sh", "cat", "tr", "fold"]) {
        fs.symlinkSync(spawnSync("which", [tool], { encoding: "utf8" }).stdout.trim(), path.join(bin, tool));
    }
    const { code, stdout } = run("cat; exit 3", Buffer.from(`ok\n\xe9\x1b${long(9000)}\n`, "latin1"), bin);
    expect([code, stdout.toString()]).toEqual([3, `ok\n??${long(7998)}\n${long(1002)}\n`]);
});

describe("while it runs", () => {
    let child: ChildProcess;
    const start = (command: string) => {
        child = spawn("sh", ["-c", printableCommand(command)], { stdio: ["pipe", "pipe", "inherit"] });
        return child;
    };
    const gone = async (file: string) => {
        const pid = Number(fs.readFileSync(file, "utf8"));
        for (;;) {
            try {
                process.kill(pid, 0);
            } catch {
                return;
            }
            await new Promise((resolve) => setTimeout(resolve, 20));
        }
    };
    /** The next words from it. */
    const next = async () => String((await once(child.stdout!, "data"))[0]);

    it("lines pass as they come, and a line that does not end up to where it is cut", async () => {
        start(
            "echo one; read -r go; printf 'unfinished'; read -r go; head -c 100000 /dev/zero | tr '\\0' x; read -r go",
        );
        expect(await next()).toBe("one\n");
        child.stdin!.write("\n");
        expect(await next()).toBe("unfinished");
        child.stdin!.write("\n");
        let words = "";
        while (words.length < 7990) words += await next();
        child.stdin!.end("\n");
        await once(child, "close");
        expect(words).toBe(long(7990));
    });

    it("a client that is gone ends the command, as it would without this", async () => {
        const file = path.join(folder, "pid");
        start(`echo $$ >${file}; echo begun; while :; do echo more; sleep 0.02; done`);
        await next();
        child.stdout!.destroy();
        child.stdin!.destroy();
        await gone(file);
    });

    it("a signal to the session's processes ends the command", async () => {
        const file = path.join(folder, "pid");
        child = spawn("sh", ["-c", printableCommand(`echo $$ >${file}; echo begun; sleep 600`)], {
            stdio: ["pipe", "pipe", "inherit"],
            detached: true,
        });
        await next();
        process.kill(-child.pid!, "SIGHUP");
        await gone(file);
    });
});
