import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { PassThrough } from "node:stream";
import { findMachine } from "../../scripts/lib/foreignMachine";
import type { NamedHost } from "../../scripts/lib/hosts";
import { overSsh } from "../../scripts/lib/overSsh";
import { printable, relay, shortLines } from "../../scripts/lib/printable";
import { UserError, print, say } from "../../scripts/lib/progress";
import { readRegistries } from "../../scripts/lib/registries";
import { readStackConfig } from "../../scripts/lib/stackConfig";

const NOISE = "gr\xfcn \x1b[31mred\x1b[0m\x1b]0;title\x07 end\r\n\x9b2J";
const QUIET = "grün red end\n2J";
const host: NamedHost = { name: "host", user: "root", address: "192.0.2.1", port: 22, options: [] };

let folder: string;
const { PATH } = process.env;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "host-output-"));
    process.env.PATH = `${folder}:${PATH}`;
});
afterEach(() => {
    process.env.PATH = PATH;
    fs.rmSync(folder, { recursive: true });
    jest.restoreAllMocks();
});

/** A program on the PATH that prints this. */
function fake(name: string, stdout: Buffer | string, stderr: Buffer | string = ""): void {
    fs.writeFileSync(path.join(folder, "out"), stdout);
    fs.writeFileSync(path.join(folder, "err"), stderr);
    fs.writeFileSync(path.join(folder, name), `#!/bin/sh\ncat ${folder}/out; cat ${folder}/err >&2\n`, { mode: 0o755 });
}
/** What is written to a stream of this process. */
function written(stream: "stdout" | "stderr"): () => string {
    const spy = jest.spyOn(process[stream], "write").mockReturnValue(true);
    return () => spy.mock.calls.map(([text]) => String(text)).join("");
}

test("what a host prints over SSH has nothing that a terminal obeys", async () => {
    fake("ssh", Buffer.from("gr\xfc\x1b[2Jn\x07\n", "latin1"), "\x1b]0;title\x07bad\n");
    const { exitCode, stdout, all } = await overSsh(host, "true");
    expect([exitCode, stdout]).toEqual([0, "gr\ufffdn"]);
    expect(all.split("\n").sort()).toEqual(["bad", "gr\ufffdn"]);
});

test("an error's text, what is said, and what is printed neither", () => {
    const [stdout, stderr] = [written("stdout"), written("stderr")];
    say(NOISE);
    print(`${NOISE}\n`);
    expect([stderr(), stdout()]).toEqual([`berth: ${QUIET}\n`, `${QUIET}\n`]);
});

test("a line of 200 KB is cut where it is said, and whole where a program reads it", () => {
    const [stdout, stderr] = [written("stdout"), written("stderr")];
    const long = "x".repeat(200_000);
    say(`${long}\nend`);
    print(long);
    expect(stderr()).toBe(`berth: ${"x".repeat(7993 + 7)} ... [192000 characters cut]\nend\n`);
    expect(stdout()).toBe(long);
    expect(shortLines("a\tb\n")).toBe(printable("a\tb\n"));
});

test("a stream of a host's is shown line by line, to its end", async () => {
    const stderr = written("stderr");
    const stream = new PassThrough();
    relay(stream);
    stream.write(Buffer.from("one\x1b[31m\ntw", "latin1"));
    stream.end("o\x07");
    await new Promise((resolve) => stream.on("close", resolve).resume());
    expect(stderr()).toBe("one\ntwo\n");
});

test("what is no JSON is a sentence, and never repeated: it may hold passwords", async () => {
    for (const text of ["hunter2{", '["hunter2"]', '{"ghcr.io":"hunter2"}']) {
        expect(() => readRegistries(text)).toThrow(UserError);
        expect(() => readRegistries(text)).toThrow(/^berth:registries(?!.*hunter2)/);
    }
    expect(readRegistries(undefined)).toEqual({});
    const pulumi = { output: () => Promise.resolve("warning: hunter2") };
    await expect(readStackConfig(pulumi, "dev")).rejects.toThrow(
        /^the config of stack dev cannot be read(?!.*hunter2)/,
    );
});

test("a Docker whose answer cannot be read has not said that there is no machine", async () => {
    fake("docker", "<html>");
    await expect(findMachine("unix:///nowhere", "berth-dev")).rejects.toThrow(UserError);
});
