import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { hostFolder, keptPath } from "../../components/services/files/hostFolder";
import { readLocalContent } from "../../components/services/files/localContent";

let folder: string;
const cache = () => path.join(folder, "cache");

beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "content-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** A folder with files: text, a text and a mode, or the target of a link. */
function site(files: Record<string, string | { mode: number } | { link: string }>, name = "site"): string {
    const root = path.join(folder, name);
    for (const [file, what] of Object.entries(files)) {
        const full = path.join(root, file);
        fs.mkdirSync(path.dirname(full), { recursive: true });
        if (typeof what === "object" && "link" in what) fs.symlinkSync(what.link, full);
        else fs.writeFileSync(full, typeof what === "string" ? what : "", { mode: 0o644 });
        if (typeof what === "object" && "mode" in what) fs.chmodSync(full, what.mode);
    }
    return root;
}
const hashOf = (source: string) => readLocalContent(source).hash;
const listing = async (source: string) =>
    execFileSync("tar", ["-tvf", await readLocalContent(source).archive(cache()), "--numeric-owner"], {
        encoding: "utf8",
    });

test("the same content has the same hash and the same archive, whenever and by whomever it was written", async () => {
    const files = { "a.txt": "a", "sub/b.txt": "b", link: { link: "a.txt" } };
    const [one, two] = [site(files, "1/site"), site(files, "2/site")];
    fs.utimesSync(path.join(two, "a.txt"), 1, 1);
    fs.chmodSync(path.join(two, "a.txt"), 0o664);
    fs.chmodSync(path.join(two, "sub"), 0o775);
    expect(hashOf(two)).toBe(hashOf(one));
    const first = fs.readFileSync(await readLocalContent(one).archive(cache()));
    fs.rmSync(cache(), { recursive: true });
    expect(fs.readFileSync(await readLocalContent(two).archive(cache())).equals(first)).toBe(true);
});

test.each<[string, Parameters<typeof site>[0]]>([
    ["a content", { "a.txt": "b", run: "", link: { link: "a.txt" } }],
    ["a name", { "b.txt": "a", run: "", link: { link: "a.txt" } }],
    ["an executable bit", { "a.txt": "a", run: { mode: 0o755 }, link: { link: "a.txt" } }],
    ["who may read it", { "a.txt": "a", run: { mode: 0o600 }, link: { link: "a.txt" } }],
    ["a link's target", { "a.txt": "a", run: "", link: { link: "b.txt" } }],
    ["a file for a link", { "a.txt": "a", run: "", link: "a.txt" }],
    ["an empty folder more", { "a.txt": "a", run: "", link: { link: "a.txt" }, "empty/.gone": "" }],
])("%s changes the hash", (_, files) => {
    const before = hashOf(site({ "a.txt": "a", run: "", link: { link: "a.txt" } }, "1/site"));
    const after = site(files, "2/site");
    fs.rmSync(path.join(after, "empty/.gone"), { force: true });
    expect(hashOf(after)).not.toBe(before);
});

test("where a name ends and a content begins cannot be mistaken", () => {
    expect(hashOf(site({ a: "bc" }, "1/site"))).not.toBe(hashOf(site({ ab: "c" }, "2/site")));
    expect(hashOf(site({ x: "1", y: "2" }, "1/s"))).not.toBe(hashOf(site({ x: "2", y: "1" }, "2/s")));
});

test("what is private here is root's alone on the host, what others may read is readable there, and only root writes", async () => {
    const root = site({
        secretive: { mode: 0o600 },
        own: { mode: 0o700 },
        open: { mode: 0o664 },
        run: { mode: 0o775 },
    });
    const lines = (await listing(root)).split("\n");
    expect(lines).toEqual(
        expect.arrayContaining([
            expect.stringMatching(/^drwxr-xr-x 0\/0 .* \.\/$/),
            expect.stringMatching(/^-rw------- 0\/0 .* \.\/secretive$/),
            expect.stringMatching(/^-rwx------ 0\/0 .* \.\/own$/),
            expect.stringMatching(/^-rw-r--r-- 0\/0 .* \.\/open$/),
            expect.stringMatching(/^-rwxr-xr-x 0\/0 .* \.\/run$/),
        ]),
    );
});

test("names that shells and tar know stay what they are", async () => {
    const names = ["-rf", "a b", "quote\"'", "new\nline", "ünïcode-日本語", "$(touch x)", "x".repeat(200)];
    const root = site(Object.fromEntries(names.map((name) => [name, name])));
    const out = path.join(folder, "out");
    fs.mkdirSync(out);
    execFileSync("tar", ["-xf", await readLocalContent(root).archive(cache()), "-C", out]);
    expect(fs.readdirSync(out).sort()).toEqual([...names].sort());
    for (const name of names) expect(fs.readFileSync(path.join(out, name), "utf8")).toBe(name);
});

test("a single file is read through links, and keeps its name", async () => {
    const root = site({ "real.conf": "x", "app.conf": { link: "real.conf" } });
    const content = readLocalContent(path.join(root, "app.conf"));
    expect(content).toMatchObject({ kind: "file", name: "app.conf", bytes: 1, files: 1 });
    expect(await listing(path.join(root, "app.conf"))).toMatch(/^-rw-r--r--.*\.\/content\n$/);
});

test("what is ignored neither counts nor travels, but a part of it may", async () => {
    const root = site({ a: "1", "dist/x": "2", "dist/keep/y": "3", "node_modules/z": "4" });
    const ignore = (p: string) => /^(dist|node_modules)/.test(p) && !p.startsWith("dist/keep");
    const content = readLocalContent(root, { ignore, enterIgnored: (p) => p === "dist" });
    expect(content).toMatchObject({ files: 2, bytes: 2 });
    expect(execFileSync("tar", ["-tf", await content.archive(cache())], { encoding: "utf8" })).toBe(
        "./\n./a\n./dist/\n./dist/keep/\n./dist/keep/y\n",
    );
});

test("too much is refused with the limit and the remedy", () => {
    const root = site({ a: "x".repeat(600), b: "x".repeat(600) });
    expect(() => readLocalContent(root, { limitBytes: 1024 })).toThrow(
        `${root} is larger than the 1024 bytes that are brought to a host: mount a smaller folder of it, or keep the data in a named volume`,
    );
    expect(readLocalContent(root, { limitBytes: 1200 }).bytes).toBe(1200);
    expect(() => readLocalContent(root, { limitBytes: 1, remedy: "name it in .dockerignore" })).toThrow(
        /dockerignore$/,
    );
});

test("what is not there, and what has no content, is said by its path", async () => {
    expect(() => readLocalContent(path.join(folder, "none"))).toThrow(/none cannot be read: there is no such file/);
    const root = site({ a: "1", loop: { link: "loop" } });
    expect(() => readLocalContent(path.join(root, "loop"))).toThrow(/its symbolic links lead in a circle/);
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(path.join(root, "app.sock"), resolve));
    expect(() => readLocalContent(root)).toThrow(`${path.join(root, "app.sock")} is a socket, which has no content`);
    await new Promise((resolve) => server.close(resolve));
});

test("a file that changes between the plan and its archive is noticed", async () => {
    const root = site({ a: "1" });
    const content = readLocalContent(root);
    fs.writeFileSync(path.join(root, "a"), "2");
    await expect(content.archive(cache())).rejects.toThrow(`${path.join(root, "a")} has changed while it was read`);
    expect(fs.readdirSync(cache())).toEqual([]);
});

test("archives are for this person's eyes, and go when nothing has used them for long", async () => {
    const old = await readLocalContent(site({ a: "1" }, "old")).archive(cache());
    fs.utimesSync(old, new Date(0), new Date(0));
    const archive = await readLocalContent(site({ a: "2" }, "new")).archive(cache());
    expect(fs.statSync(archive).mode & 0o777).toBe(0o600);
    expect(fs.statSync(path.dirname(archive)).mode & 0o777).toBe(0o700);
    expect(fs.existsSync(old)).toBe(false);
});

test.each([
    ["data", "/var/lib/docker/berth/berth-test/kept/data"],
    ["./data//sub/", "/var/lib/docker/berth/berth-test/kept/data/sub"],
    ["../shared", "/var/lib/docker/berth/berth-test/kept/%2E%2E/shared"],
    ["~/media", "/var/lib/docker/berth/berth-test/kept/~/media"],
    ["a:b c'$(x)", "/var/lib/docker/berth/berth-test/kept/a%3Ab%20c%27%24%28x%29"],
])("the host keeps %s below the stack's own folder", (name, expected) => {
    expect(keptPath("berth-test", name)).toBe(expected);
    expect(hostFolder("berth-test")).toBe("/var/lib/docker/berth/berth-test");
});
