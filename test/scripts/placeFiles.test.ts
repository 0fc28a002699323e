import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

let folder: string;
let mounted: string;
let answers: boolean;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "files-"));
    mounted = "nothing";
    answers = true;
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const script = fs.readFileSync(path.resolve(__dirname, "../../scripts/place-files.sh"), "utf8");
const base = () => path.join(folder, "berth-test");
const [uid, gid] = [process.getuid!(), process.getgid!()];
const line = (content: string | Buffer, mode = "444") =>
    `${uid} ${gid} ${mode} ${Buffer.from(content).toString("base64")}\n`;

function run(verb: "place" | "remove", at: string, files: string) {
    const docker = path.join(folder, "bin/docker");
    fs.mkdirSync(path.dirname(docker), { recursive: true });
    const body = answers ? `case "$5" in "volume=${mounted}") echo 0123 ;; esac` : "exit 1";
    fs.writeFileSync(docker, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    const sync = path.join(path.dirname(docker), "sync"); // the real one waits for all of this computer's disk
    if (!fs.existsSync(sync)) fs.writeFileSync(sync, "#!/bin/sh\n", { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", script, "place-files", verb, base(), at], {
        input: files,
        encoding: "utf8",
        env: { PATH: `${path.dirname(docker)}:/usr/bin:/bin` },
    });
    return { code: status, stdout: stdout.trim(), stderr };
}
const PLAIN = "files/web/0123";
const SECRET = "files/web/secret/";

it("each file has its content, byte for byte, its owner and its mode, below a folder that only root may enter", () => {
    const binary = Buffer.from([0, 255, 10, 13, 0]);
    const files = line("text\n\n") + line(binary, "400") + line("", "755");
    expect(run("place", PLAIN, files)).toEqual({ code: 0, stdout: `${base()}/${PLAIN}`, stderr: "" });
    const at = (i: number) => path.join(base(), PLAIN, String(i));
    expect(fs.readFileSync(at(0), "utf8")).toBe("text\n\n");
    expect(fs.readFileSync(at(1)).equals(binary)).toBe(true);
    expect(fs.readFileSync(at(2)).length).toBe(0);
    expect([0, 1, 2].map((i) => (fs.statSync(at(i)).mode & 0o777).toString(8))).toEqual(["444", "400", "755"]);
    expect(fs.statSync(base()).mode & 0o777).toBe(0o700);
});

it("files are for the user that the service names", () => {
    if (uid !== 0) return;
    run("place", PLAIN, `103 104 440 ${Buffer.from("x").toString("base64")}\n`);
    expect(fs.statSync(path.join(base(), PLAIN, "0"))).toMatchObject({ uid: 103, gid: 104 });
});

it("a secret's folder is the same for the same content, another for another one, and another on another host", () => {
    const first = run("place", SECRET, line("hunter2")).stdout;
    expect(first).toMatch(/\/files\/web\/secret\/[0-9a-f]{16}$/);
    expect(run("place", SECRET, line("hunter2")).stdout).toBe(first);
    expect(run("place", SECRET, line("hunter3")).stdout).not.toBe(first);
    expect(run("place", SECRET, line("hunter2", "400")).stdout).not.toBe(first);
    fs.rmSync(base(), { recursive: true });
    expect(run("place", SECRET, line("hunter2")).stdout).not.toBe(first);
    expect(fs.statSync(path.join(base(), SECRET, ".key")).mode & 0o777).toBe(0o600);
});

it("each content goes by itself, and the last without a trace", () => {
    run("place", PLAIN, line("config"));
    const one = run("place", SECRET, line("1")).stdout;
    const two = run("place", SECRET, line("2")).stdout;
    expect(run("remove", SECRET, line("1")).code).toBe(0);
    expect([fs.existsSync(one), fs.existsSync(two)]).toEqual([false, true]);
    expect(run("remove", SECRET, line("2")).code).toBe(0);
    expect(run("remove", PLAIN, line("config")).code).toBe(0);
    expect(fs.existsSync(base())).toBe(false);
    expect(run("remove", SECRET, line("2"))).toEqual({ code: 0, stdout: "", stderr: "" });
});

/** `sync` and `mv` note the files that are there; `rm` does this before the real one. */
function intercept(rm = "") {
    const bin = path.join(folder, "bin");
    fs.mkdirSync(bin, { recursive: true });
    const note = `{ echo "$(basename "$0")"; cd ${base()}; find . -type f; } >>${folder}/order`;
    for (const name of ["sync", "mv"])
        fs.writeFileSync(
            path.join(bin, name),
            `#!/bin/sh\n(${note})\n[ ${name} = sync ] || exec /usr/bin/${name} "$@"\n`,
            { mode: 0o755 },
        );
    fs.writeFileSync(path.join(bin, "rm"), `#!/bin/sh\n${rm}\nexec /usr/bin/rm "$@"\n`, { mode: 0o755 });
}

it("files and their key are on the disk before they get their names", () => {
    intercept();
    run("place", SECRET, line("1"));
    const order = fs.readFileSync(path.join(folder, "order"), "utf8").trim().split("\n");
    expect(order.filter((entry) => !entry.startsWith("."))).toEqual(["sync", "mv", "sync", "mv", "sync"]);
    expect(order.at(-1)).toMatch(/^\.\/files\/web\/secret\/(\.key|[0-9a-f]{16}\/0)$/);
});

it("a key that a power cut has emptied is made again", () => {
    run("place", SECRET, line("1"));
    const key = path.join(base(), SECRET, ".key");
    fs.writeFileSync(key, "");
    expect(run("place", SECRET, line("1")).code).toBe(0);
    expect(fs.statSync(key).size).toBe(32);
});

it("a removal that is killed half-way leaves no half files for the next placing", () => {
    const files = line("1") + line("2");
    run("place", PLAIN, files);
    intercept(`case "$1" in -rf) find ${base()} -name 0 -delete; kill -9 $PPID; exit ;; esac`);
    expect(run("remove", PLAIN, files).code).not.toBe(0);
    intercept();
    expect(run("place", PLAIN, files).code).toBe(0);
    expect(fs.readdirSync(path.join(base(), PLAIN)).sort()).toEqual(["0", "1"]);
    expect(fs.readdirSync(base())).toEqual(["files"]);
});

it("what killed runs have left goes with the last content", () => {
    run("place", SECRET, line("1"));
    fs.mkdirSync(path.join(base(), ".draft.abcdef"));
    fs.writeFileSync(path.join(base(), SECRET, ".key.abcdef"), "x");
    expect(run("remove", SECRET, line("1")).code).toBe(0);
    expect(fs.existsSync(base())).toBe(false);
});

it("what a container mounts stays", () => {
    const at = run("place", SECRET, line("1") + line("2")).stdout;
    mounted = `${at}/1`;
    expect(run("remove", SECRET, line("1") + line("2")).stderr).toContain("a container mounts files of");
    expect(fs.existsSync(at)).toBe(true);
});

it("a Docker that does not say what is mounted leaves the files", () => {
    const at = run("place", SECRET, line("1")).stdout;
    answers = false;
    expect(run("remove", SECRET, line("1"))).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("so they stay"),
    });
    expect(fs.existsSync(at)).toBe(true);
    answers = true;
    expect(run("remove", SECRET, line("1")).code).toBe(0);
    expect(fs.existsSync(at)).toBe(false);
});

it("a file that cannot be made as asked leaves nothing behind", () => {
    const result = run("place", PLAIN, `${uid} ${gid} 444 not*base64\n`);
    expect(result.code).not.toBe(0);
    expect(fs.readdirSync(path.join(base(), "files/web"))).toEqual([]);
});
