import { execFileSync, spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const script = fs.readFileSync(path.resolve(__dirname, "../../scripts/build-image.sh"));
const base64 = (text: string) => Buffer.from(text).toString("base64");
const TAG = "berth-test-web:0123456789ab";
const UPLOAD = ".berth-test-0123456789abcdef.tar";

let folder: string;
beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "build-"));
    fs.mkdirSync(at("bin"));
    docker("cat > dockerfile-given");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const at = (file: string) => path.join(folder, file);
const read = (file: string) => fs.readFileSync(at(file), "utf8");
function write(file: string, content: string) {
    fs.mkdirSync(path.dirname(at(file)), { recursive: true });
    fs.writeFileSync(at(file), content);
}

/** An engine that keeps what `buildx build` was given and where, and does something else then. */
function docker(whenBuilding: string) {
    const body = `#!/bin/bash
case "$1 $2" in
"buildx build") printf '%s\\n' "$@" > ${at("words")}; cd ${folder}; ${whenBuilding} ;;
"image inspect") echo sha256:abc ;;
"image rm") echo "$3" > ${at("removed")}; exit 1 ;;
esac
`;
    fs.writeFileSync(at("bin/docker"), body, { mode: 0o755 });
}

function upload(files: Record<string, string>) {
    for (const [file, content] of Object.entries(files)) write(path.join("content", file), content);
    execFileSync("tar", ["-cf", at(UPLOAD), "-C", at("content"), "."]);
}

function run(...args: string[]) {
    const { status, stdout, stderr } = spawnSync("bash", ["-s", "--", ...args], {
        input: script,
        encoding: "utf8",
        cwd: folder,
        env: { PATH: `${at("bin")}:/usr/bin:/bin` },
    });
    return { code: status, stdout, stderr };
}
const build = (archive: string, hidden: string, ...words: string[]) =>
    run("build", at("base"), TAG, archive, hidden, ...words);

it("the image's id is all that stdout has, and nothing is left behind", () => {
    upload({ Dockerfile: "FROM x", "context/a": "1" });
    docker("cat > dockerfile-given; echo '#1 [1/2] FROM x'");
    expect(build(UPLOAD, "", "--file", "Dockerfile", "context")).toEqual({
        code: 0,
        stdout: "sha256:abc\n",
        stderr: "#1 [1/2] FROM x\n",
    });
    expect(read("words").trim().split("\n").slice(2)).toEqual(
        `--builder default --load --progress plain --tag ${TAG} --label berth.built-for=base --file Dockerfile context`.split(
            " ",
        ),
    );
    expect(read("dockerfile-given")).toBe("FROM x");
    expect([fs.existsSync(at(UPLOAD)), fs.readdirSync(at("base"))]).toEqual([false, []]);
});

it("secrets and credentials are files in memory for as long as the build runs", () => {
    write("hidden", `secret token ${base64("a\nb")}\nsecret other ${base64("c")}\nregistries ${base64("{}")}\n`);
    const show = 'for w; do case $w in id=*) f=${w#*src=}; echo "$w"; cat "$f"; stat -c " %a" "$f";; esac; done';
    docker(`${show}; cat $DOCKER_CONFIG/config.json; echo " $DOCKER_CONFIG"`);
    const { code, stderr } = build("", "hidden", "https://example.com/app.git");
    expect(code).toBe(0);
    expect(stderr.replace(/berth\.base\.\w+/g, "X")).toBe(
        "id=token,src=/dev/shm/X/secret-0\na\nb 600\nid=other,src=/dev/shm/X/secret-2\nc 600\n{} /dev/shm/X/docker\n",
    );
    const [, made = ""] = /(\/dev\/shm\/berth\.base\.\w+)/.exec(stderr) ?? [];
    expect([fs.existsSync(made), fs.existsSync(at("hidden"))]).toEqual([false, false]);
});

it("a build that is killed leaves no secret on the host", async () => {
    write("hidden", `secret token ${base64("x")}\n`);
    docker(`touch ${at("builds")}; kill -9 0`);
    const leftHere = () => fs.readdirSync("/dev/shm").filter((name) => name.startsWith("berth.base."));
    const words = ["-s", "--", "build", at("base"), TAG, "", "hidden", "context"];
    const env = { PATH: `${at("bin")}:/usr/bin:/bin` };
    const child = spawn("bash", words, { cwd: folder, env, detached: true, stdio: ["pipe", "ignore", "ignore"] });
    child.stdin?.end(script);
    const signal = await new Promise((resolve) => child.on("close", (_, by) => resolve(by)));
    expect([signal, fs.existsSync(at("builds")), fs.existsSync(at("hidden"))]).toEqual(["SIGKILL", true, false]);
    while (leftHere().length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
});

it("a failed build says why at its end, hides secrets, and can be tried again", () => {
    upload({ Dockerfile: "" });
    write("hidden", `secret token ${base64("x")}\n`);
    docker("for i in $(seq 300); do echo \"#2 $i\"; done; echo '#2 ERROR: exit code: 7'; echo 'the reason'; exit 1");
    const { code, stdout, stderr } = build(UPLOAD, "hidden", "context");
    const lines = stderr.trim().split("\n");
    expect([code, stdout]).toEqual([1, ""]);
    expect(lines.slice(-3)).toEqual(["#2 ERROR: exit code: 7", "the reason", "berth: the image was not built"]);
    expect(lines).toContain("#2 200");
    expect(lines).not.toContain("#2 250");
    expect(lines.filter((line) => line === "#2 ERROR: exit code: 7")).toHaveLength(2);
    expect([fs.existsSync(at(UPLOAD)), fs.existsSync(at("hidden"))]).toEqual([true, false]);
    docker("true");
    expect(build(UPLOAD, "", "context").code).toBe(0);
});

it("an upload that is gone is said with the remedy", () => {
    expect(build(UPLOAD, "", "context")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("--target-replace"),
    });
});

it("uploads of runs long ago go with this one, and no others", () => {
    upload({ Dockerfile: "" });
    const [old, recent, others] = [".berth-test-aaaaaaaaaaaaaaaa.tar", ".berth-test-bbbbbbbbbbbbbbbb.tar", "x.tar"];
    for (const file of [old, recent, others]) write(file, "");
    for (const file of [old, others]) fs.utimesSync(at(file), 1, 1);
    expect(build(UPLOAD, "", "context").code).toBe(0);
    expect([old, recent, others].map((file) => fs.existsSync(at(file)))).toEqual([false, true, true]);
});

it("removal takes along what builds that were killed have left, secrets above all, and nothing of others", () => {
    const mine = [".base-0123456789abcdef.private", "base/.draft.build.abcdef/build/Dockerfile"];
    const others = [".base-2-0123456789abcdef.private", "x.private"];
    for (const file of [...mine, ...others]) write(file, "");
    expect(run("remove", at("base"), TAG)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect([...mine, ...others].map((file) => fs.existsSync(at(file)))).toEqual([false, false, true, true]);
    expect(fs.existsSync(at("base"))).toBe(false);
});

it("removal takes the tag, and an image in use is no error", () => {
    expect(run("remove", at("base"), TAG)).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(read("removed")).toBe(`${TAG}\n`);
});
