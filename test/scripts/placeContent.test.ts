import { execFileSync, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { readLocalContent } from "../../components/services/files/localContent";

let folder: string;
const cache = () => path.join(folder, "cache");

const script = fs.readFileSync(path.resolve(__dirname, "../../scripts/place-content.sh"));
const base = () => path.join(folder, "host/berth-test");
const onHost = (file: string) => path.join(base(), file);
const read = (file: string) => fs.readFileSync(onHost(file), "utf8");
let mounted: string[];
/** Whether the host's Docker answers. */
let answers: boolean;

beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "place-"));
    mounted = [];
    answers = true;
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A folder of the project with these files and nothing else. */
function project(files: Record<string, string | { link: string }>, name = "site"): string {
    const root = path.join(folder, name);
    fs.rmSync(root, { recursive: true, force: true });
    fs.mkdirSync(root);
    for (const [file, what] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
        if (typeof what === "string") fs.writeFileSync(path.join(root, file), what);
        else fs.symlinkSync(what.link, path.join(root, file));
    }
    return root;
}

function run(...args: string[]) {
    const docker = path.join(folder, "bin/docker");
    fs.mkdirSync(path.dirname(docker), { recursive: true });
    const cases = mounted.map((m) => `"volume=${m}") echo 0123 ;;`).join(" ");
    const body = answers === false ? "exit 1" : `case "$5" in ${cases} *) ;; esac`;
    fs.writeFileSync(docker, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    const sync = path.join(path.dirname(docker), "sync"); // the real one waits for all of this computer's disk
    if (!fs.existsSync(sync)) fs.writeFileSync(sync, "#!/bin/sh\n", { mode: 0o755 });
    const { status, stdout, stderr } = spawnSync("bash", ["-s", "--", ...args], {
        input: script,
        encoding: "utf8",
        cwd: folder,
        env: { PATH: `${path.dirname(docker)}:/usr/bin:/bin` },
    });
    return { code: status, stdout, stderr };
}

/** Places a file or folder as Berth does, and gives the words that take it away. */
async function place(kind: "pinned" | "kept", source: string, at: string) {
    const content = readLocalContent(source);
    const archive = path.join(folder, "upload.tar");
    fs.copyFileSync(await content.archive(cache()), archive);
    const words = [kind, content.kind, base(), at, content.hash];
    const result = run("place", ...words, "upload.tar");
    return { ...result, remove: () => run("remove", ...words), uploadIsThere: fs.existsSync(archive) };
}
const good = { code: 0, stdout: "", stderr: "" };

it("pinned content is there as a whole, below a folder that only root may enter", async () => {
    const root = project({ "index.html": "hi", "css/a.css": "body{}", "-rf": "dash", "new\nline": "x" });
    expect(await place("pinned", root, "content/abc/site")).toMatchObject({ ...good, uploadIsThere: false });
    expect(read("content/abc/site/css/a.css")).toBe("body{}");
    expect(read("content/abc/site/new\nline")).toBe("x");
    expect(read("content/abc/site/-rf")).toBe("dash");
    expect(fs.statSync(base()).mode & 0o777).toBe(0o700);
    expect(fs.statSync(onHost("content/abc/site")).mode & 0o777).toBe(0o755);
    expect(fs.readdirSync(base())).toEqual(["content"]);
});

it("a web server's caches see that content is new: its time is not that of the archive", async () => {
    const [pinned, kept] = ["content/abc/site/a", "kept/data/a"];
    await place("pinned", project({ a: "1" }), "content/abc/site");
    await place("kept", project({ a: "1" }), "kept/data");
    for (const file of [pinned, kept]) expect(Date.now() - fs.statSync(onHost(file)).mtimeMs).toBeLessThan(60_000);
});

it("placing the same again changes nothing", async () => {
    const root = project({ a: "1" });
    await place("pinned", root, "content/abc/site");
    const before = fs.statSync(onHost("content/abc/site/a"));
    expect(await place("pinned", root, "content/abc/site")).toMatchObject({ ...good, uploadIsThere: false });
    expect(fs.statSync(onHost("content/abc/site/a")).ino).toBe(before.ino);
});

it("a single file is pinned under its own name", async () => {
    const root = project({ "app.conf": "x" });
    expect(await place("pinned", path.join(root, "app.conf"), "content/abc/app.conf")).toMatchObject(good);
    expect(read("content/abc/app.conf")).toBe("x");
});

it("pinned content goes without a trace, but not what a container mounts", async () => {
    const root = project({ a: "1" });
    const { remove } = await place("pinned", root, "content/abc/site");
    mounted = [onHost("content/abc/site")];
    expect(remove()).toMatchObject({ code: 0, stderr: expect.stringMatching(/a container mounts .*: it stays/) });
    expect(read("content/abc/site/a")).toBe("1");
    mounted = [];
    expect(remove()).toEqual(good);
    expect(fs.existsSync(base())).toBe(false);
    expect(remove()).toEqual(good);
});

it("a Docker that does not say what is mounted leaves pinned content", async () => {
    const { remove } = await place("pinned", project({ a: "1" }), "content/abc/site");
    answers = false;
    expect(remove()).toMatchObject({ code: 1, stderr: expect.stringContaining("so it stays") });
    expect(read("content/abc/site/a")).toBe("1");
});

/** What the commands do before the real ones: `sync` and `mv` note what is there, `rm` does this. */
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

it("content is on the disk before it gets its name, and so is the name at the end", async () => {
    intercept();
    await place("pinned", project({ a: "1" }), "content/abc/site");
    const draft = expect.stringMatching(/^\.\/\.draft\.\w+\/site\/a$/);
    const order = () => fs.readFileSync(path.join(folder, "order"), "utf8").trim().split("\n");
    expect(order()).toEqual(["sync", draft, "mv", draft, "sync", "./content/abc/site/a"]);
    fs.rmSync(path.join(folder, "order"));
    await place("kept", project({ a: "1" }), "kept/data");
    expect(order().filter((line) => !line.startsWith("."))).toEqual(["sync", "mv", "sync"]);
    expect(order().slice(0, order().indexOf("mv"))).toContain("./kept/data/a");
});

it("a removal that is killed half-way leaves no half content for the next placing", async () => {
    const root = project({ a: "1", b: "2" });
    const { remove } = await place("pinned", root, "content/abc/site");
    intercept(`case "$1" in -rf) find ${base()} -name a -delete; kill -9 $PPID; exit ;; esac`);
    expect(remove().code).not.toBe(0);
    intercept();
    expect(await place("pinned", root, "content/abc/site")).toMatchObject(good);
    expect(fs.readdirSync(onHost("content/abc/site")).sort()).toEqual(["a", "b"]);
    expect(fs.readdirSync(base())).toEqual(["content"]);
});

it("what killed runs have left goes with the last content, also where that is gone already", async () => {
    const { remove } = await place("pinned", project({ a: "1" }), "content/abc/site");
    fs.rmSync(onHost("content"), { recursive: true });
    fs.mkdirSync(onHost(".draft.abcdef/site"), { recursive: true });
    expect(remove()).toEqual(good);
    expect(fs.existsSync(base())).toBe(false);
});

it("a broken upload leaves nothing behind, and is still there for the next try", () => {
    fs.writeFileSync(path.join(folder, "upload.tar"), "not a tar archive");
    const result = run("place", "pinned", "folder", base(), "content/abc/site", "hash", "upload.tar");
    expect(result).toMatchObject({ code: 2, stderr: expect.stringContaining("tar") });
    expect(fs.readdirSync(base())).toEqual([]);
    expect(fs.existsSync(path.join(folder, "upload.tar"))).toBe(true);
});

it("files are overwritten where they lie, and what a container wrote beside them stays", async () => {
    await place("kept", project({ "app.conf": "1", "old.conf": "1", "mine.conf": "1" }), "kept/data");
    const before = fs.statSync(onHost("kept/data/app.conf"));
    fs.writeFileSync(onHost("kept/data/written"), "by a container");
    fs.writeFileSync(onHost("kept/data/mine.conf"), "edited by a container");
    expect(await place("kept", project({ "app.conf": "longer" }), "kept/data")).toMatchObject(good);
    expect(read("kept/data/app.conf")).toBe("longer");
    expect(fs.statSync(onHost("kept/data/app.conf")).ino).toBe(before.ino);
    expect(fs.readdirSync(onHost("kept/data")).sort()).toEqual(["app.conf", "mine.conf", "written"]);
});

it("the old content's removal spares the new one's files", async () => {
    const old = await place("kept", project({ a: "same", gone: "1" }), "kept/data");
    await place("kept", project({ a: "same", b: "2" }), "kept/data");
    expect(old.remove()).toEqual(good);
    expect(fs.readdirSync(onHost("kept/data")).sort()).toEqual(["a", "b"]);
});

it("removed are the files that are still as they were placed, and folders that are empty then", async () => {
    const files = {
        a: "1",
        "sub/b": "2",
        "full/c": "3",
        "new\nline  d": "4",
        link: { link: "a" },
        moved: { link: "a" },
    };
    const { remove } = await place("kept", project(files), "kept/data");
    fs.writeFileSync(onHost("kept/data/a"), "changed");
    fs.writeFileSync(onHost("kept/data/full/written"), "x");
    fs.rmSync(onHost("kept/data/moved"));
    fs.symlinkSync("sub", onHost("kept/data/moved"));
    expect(remove()).toEqual(good);
    const left = fs.readdirSync(onHost("kept/data"), { recursive: true }).sort();
    expect(left).toEqual(["a", "full", "full/written", "moved"]);
    expect(remove()).toEqual(good);
});

it("kept content that nobody touched goes without a trace", async () => {
    const { remove } = await place("kept", project({ a: "1", "sub/b": "2" }), "kept/data/deep");
    expect(remove()).toEqual(good);
    expect(fs.existsSync(base())).toBe(false);
});

it("a single file is kept in its place, in a folder that the host keeps", async () => {
    fs.mkdirSync(onHost("kept/data"), { recursive: true });
    fs.writeFileSync(onHost("kept/data/content"), "a container's");
    const first = await place("kept", path.join(project({ "x.conf": "1" }), "x.conf"), "kept/data/x.conf");
    expect(first).toMatchObject(good);
    const before = fs.statSync(onHost("kept/data/x.conf")).ino;
    const second = await place("kept", path.join(project({ "x.conf": "2" }), "x.conf"), "kept/data/x.conf");
    expect(first.remove()).toEqual(good);
    expect(read("kept/data/x.conf")).toBe("2");
    expect(fs.statSync(onHost("kept/data/x.conf")).ino).toBe(before);
    expect(second.remove()).toEqual(good);
    expect(fs.readdirSync(onHost("kept/data"))).toEqual(["content"]);
});

it("a link that a container planted leads nowhere", async () => {
    const victim = path.join(folder, "victim");
    fs.mkdirSync(victim);
    fs.writeFileSync(path.join(victim, "a"), "precious");
    fs.mkdirSync(onHost("kept/data"), { recursive: true });
    fs.symlinkSync(path.join(victim, "a"), onHost("kept/data/a"));
    await place("kept", project({ a: "new" }), "kept/data");
    fs.symlinkSync(victim, onHost("kept/data/sub"));
    const planted = { code: 1, stderr: expect.stringContaining("symbolic link that a container made") };
    expect(await place("kept", project({ "sub/a": "new" }), "kept/data")).toMatchObject(planted);
    expect(await place("kept", path.join(project({ a: "new" }), "a"), "kept/data/sub/a")).toMatchObject(planted);
    expect(fs.readFileSync(path.join(victim, "a"), "utf8")).toBe("precious");
});

it("removal follows no link that a container planted", async () => {
    const { remove } = await place("kept", project({ "sub/a": "same" }), "kept/data");
    const victim = path.join(folder, "victim");
    fs.renameSync(onHost("kept/data/sub"), victim);
    fs.symlinkSync(victim, onHost("kept/data/sub"));
    expect(remove()).toEqual(good);
    expect(fs.readFileSync(path.join(victim, "a"), "utf8")).toBe("same");
});

it("what a container has given to itself stays its own", async () => {
    if (process.getuid?.() !== 0) return;
    await place("kept", project({ a: "1", "sub/b": "1" }), "kept/data");
    execFileSync("chown", ["-R", "999:999", onHost("kept/data")]);
    fs.chmodSync(onHost("kept/data/sub"), 0o700);
    await place("kept", project({ a: "2", "sub/b": "2" }), "kept/data");
    expect(fs.statSync(onHost("kept/data/sub")).mode & 0o777).toBe(0o700);
    expect([".", "a", "sub", "sub/b"].map((f) => fs.statSync(onHost(path.join("kept/data", f))).uid)).toEqual([
        999, 999, 999, 999,
    ]);
    expect(read("kept/data/sub/b")).toBe("2");
});
