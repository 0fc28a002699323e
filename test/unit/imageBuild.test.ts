import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { BuildSpec } from "../../components/services/compose";
import { readBuild } from "../../components/services/image/buildContext";
import { build as plainBuild } from "./services";

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "build-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

function write(files: Record<string, string>): string {
    for (const [file, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        fs.writeFileSync(path.join(folder, file), content);
    }
    return path.join(folder, "app");
}
const spec = (more: Partial<BuildSpec> = {}) => plainBuild({ context: { local: path.join(folder, "app") }, ...more });

/** Files that the host gets, and the text of one of them. */
async function files(build: BuildSpec): Promise<string[]> {
    const archive = await readBuild(build).content!.archive(path.join(folder, "cache"));
    const list = execFileSync("tar", ["-tf", archive], { encoding: "utf8" }).trim().split("\n");
    return list.filter((name) => !name.endsWith("/")).map((name) => name.slice(2));
}
async function text(build: BuildSpec, file: string): Promise<string> {
    const archive = await readBuild(build).content!.archive(path.join(folder, "cache"));
    return execFileSync("tar", ["-xOf", archive, `./${file}`], { encoding: "utf8" });
}

test("the host gets the context and the Dockerfile, and builds from nothing else", async () => {
    write({ "app/Dockerfile": "FROM x", "app/src/main": "1" });
    expect(await files(spec())).toEqual([
        "Dockerfile",
        "Dockerfile.dockerignore",
        "context/Dockerfile",
        "context/src/main",
    ]);
    expect(readBuild(spec()).words).toEqual(["--file", "Dockerfile", "context"]);
});

test("what .dockerignore leaves out stays here, even the Dockerfile, which builds all the same", async () => {
    write({
        "app/Dockerfile": "FROM x",
        "app/.dockerignore": "Dockerfile\nsecret*\n",
        "app/secret.txt": "x",
        "app/a": "",
    });
    expect(await files(spec())).toEqual([
        "Dockerfile",
        "Dockerfile.dockerignore",
        "context/.dockerignore",
        "context/a",
    ]);
    expect(await text(spec(), "Dockerfile")).toBe("FROM x");
});

test("the ignore file of a Dockerfile takes the place of the folder's, and nothing is left out again on the host", async () => {
    write({
        "app/.dockerignore": "wanted",
        "app/build/x.Dockerfile": "FROM y",
        "app/build/x.Dockerfile.dockerignore": "build\n.dockerignore\nunwanted",
        "app/wanted": "",
        "app/unwanted": "",
    });
    const build = spec({ dockerfile: "build/x.Dockerfile" });
    expect(await files(build)).toEqual(["Dockerfile", "Dockerfile.dockerignore", "context/wanted"]);
    expect(await text(build, "Dockerfile.dockerignore")).toBe("");
    expect(await text(build, "Dockerfile")).toBe("FROM y");
});

test("a Dockerfile may lie elsewhere, in small letters, or in the Compose file", async () => {
    write({ "app/dockerfile": "FROM small", "other/Dockerfile": "FROM other" });
    expect(await text(spec(), "Dockerfile")).toBe("FROM small");
    expect(await text(spec({ dockerfile: path.join(folder, "other/Dockerfile") }), "Dockerfile")).toBe("FROM other");
    expect(await text(spec({ dockerfile: "../other/Dockerfile" }), "Dockerfile")).toBe("FROM other");
    expect(await text(spec({ dockerfile_inline: "FROM inline" }), "Dockerfile")).toBe("FROM inline");
});

test("a Dockerfile that is not there is said by its path", () => {
    write({ "app/a": "" });
    expect(() => readBuild(spec())).toThrow(
        `The Dockerfile ${path.join(folder, "app/Dockerfile")} cannot be read: there is no such file; name another one by build.dockerfile`,
    );
});

test("the host fetches a repository itself", () => {
    const remote = "https://example.com/app.git#main:web";
    const build = readBuild(spec({ context: { remote }, dockerfile: "docker/Dockerfile" }));
    expect(build).toMatchObject({ content: undefined, words: ["--file", "docker/Dockerfile", remote] });
    const inline = readBuild(spec({ context: { remote }, dockerfile_inline: "FROM x" }));
    expect(inline.words).toEqual(["--file", "-", remote]);
    expect(inline.content?.files).toBe(2);
});

test("further contexts go along, each with its own .dockerignore", async () => {
    write({ "app/Dockerfile": "", "lib/.dockerignore": "b", "lib/a": "", "lib/b": "" });
    const build = spec({
        additional_contexts: { zlib: { remote: "docker-image://alpine:3" }, lib: { local: path.join(folder, "lib") } },
    });
    expect(await files(build)).toEqual(expect.arrayContaining(["contexts/0/a", "contexts/0/.dockerignore"]));
    expect(await files(build)).not.toContain("contexts/0/b");
    expect(readBuild(build).words.join(" ")).toBe(
        "--file Dockerfile --build-context lib=contexts/0 --build-context zlib=docker-image://alpine:3 context",
    );
});

test("each argument of the build is given to buildx", () => {
    write({ "app/Dockerfile": "" });
    const build = spec({
        args: { B: "2 x", A: "1" },
        target: "prod",
        labels: { l: "v" },
        network: "host",
        extra_hosts: [{ host: "db", ip: "::1" }],
        cache_from: ["me/app:cache"],
        no_cache: true,
        pull: true,
        shm_size: 1024,
        platforms: ["linux/amd64", "linux/arm64"],
        tags: ["me/app:1"],
        ulimits: { nofile: { soft: 1, hard: 2 } },
    });
    expect(readBuild(build).words.join("|")).toBe(
        "--build-arg|A=1|--build-arg|B=2 x|--target|prod|--label|l=v|--network|host|--add-host|db=::1|" +
            "--cache-from|me/app:cache|--shm-size|1024|--platform|linux/amd64,linux/arm64|--ulimit|nofile=1:2|" +
            "--tag|me/app:1|--no-cache|--pull|--file|Dockerfile|context",
    );
    expect(readBuild(spec(), "linux/arm64").words).toEqual(expect.arrayContaining(["--platform", "linux/arm64"]));
});

test("it is another build where content or arguments are others, and only there", () => {
    const app = write({ "app/Dockerfile": "FROM x", "app/a": "1", "app/.dockerignore": "*.log" });
    const key = (more?: Partial<BuildSpec>) => readBuild(spec(more)).key;
    const before = key();
    fs.utimesSync(path.join(app, "a"), 1, 1);
    write({ "app/x.log": "new" });
    expect(key()).toBe(before);
    expect(key({ args: { A: "1", B: "2" } })).toBe(key({ args: { B: "2", A: "1" } }));
    expect(key({ secrets: { s: { content: Buffer.from("1") } } })).toBe(
        key({ secrets: { s: { content: Buffer.from("2") } } }),
    );
    const others = [
        key({ args: { A: "1" } }),
        key({ target: "t" }),
        key({ secrets: { s: { content: Buffer.alloc(0) } } }),
    ];
    write({ "app/a": "2" });
    expect(new Set([before, key(), ...others]).size).toBe(5);
});

test("it does not matter where the project lies", () => {
    write({ "app/Dockerfile": "FROM x", "app/a": "1", "elsewhere/web/Dockerfile": "FROM x", "elsewhere/web/a": "1" });
    expect(readBuild(spec({ context: { local: path.join(folder, "elsewhere/web") } })).key).toBe(readBuild(spec()).key);
});
