import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseLedger } from "../../scripts/lib/ledger";

const script = fs.readFileSync(path.resolve(__dirname, "../../scripts/record-releases.sh"), "utf8");
let root: string;
const at = (...below: string[]) => path.join(root, ...below);
beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "releases-"));
    fs.mkdirSync(at("bin"));
    // A container is a file with its image's id; an image's file has its digest, if it has one.
    const docker = `#!/bin/bash
cd "$ROOT"
case "$1 $2" in
    "container inspect") cat "\${*: -1}" ;;
    "image inspect") cat "\${*: -1}" 2>/dev/null || true ;;
    "image ls") cut -d " " -f 4 calls 2>/dev/null ;;
    version*) ;;
    *) echo "$*" >>calls ;;
esac
`;
    fs.writeFileSync(at("bin/docker"), docker, { mode: 0o755 });
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const record = (input: string, keep = 10) => run("record", input, String(keep));
function run(action: string, input = "", ...more: string[]) {
    const env = { PATH: `${at("bin")}:/usr/bin:/bin`, ROOT: root };
    const words = ["--norc", "-c", script, "record-releases", action, "Berth--Test.", at("folder"), ...more];
    const { status, stderr } = spawnSync("bash", words, { input, encoding: "utf8", env });
    return { code: status, stderr };
}
const container = (name: string, image: string, digest?: string) => {
    fs.writeFileSync(at(name), `${image}\n`);
    if (digest !== undefined) fs.writeFileSync(at(image), `${digest}\n`);
};
const lines = (service: string, written: unknown, of = "nginx:1.30") =>
    `c-${service}\n${JSON.stringify({ service, of, written })}\n`;
const ledger = () => parseLedger(fs.readFileSync(at("folder/releases.jsonl"), "utf8"));
const calls = () => (fs.existsSync(at("calls")) ? fs.readFileSync(at("calls"), "utf8").trim().split("\n") : []);

it("has a line for each release of a service, and none where nothing is new", () => {
    container("c-web", "sha256:1", "nginx@sha256:aa");
    container("c-app", "sha256:2", "app@sha256:bb");
    const text = lines("web", { image: "nginx:1.30" }) + lines("app", { image: 'a"pp', environment: { A: "é\\n" } });
    expect(record(text)).toEqual({ code: 0, stderr: "" });
    expect(record(text)).toEqual({ code: 0, stderr: "" });
    expect(ledger()).toEqual([
        {
            release: 1,
            time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
            restore: "nginx@sha256:aa",
            image: "sha256:1",
            service: "web",
            of: "nginx:1.30",
            written: { image: "nginx:1.30" },
        },
        expect.objectContaining({ release: 2, written: { image: 'a"pp', environment: { A: "é\\n" } } }),
    ]);
    expect(fs.statSync(at("folder/releases.jsonl")).mode & 0o777).toBe(0o600);
});

it("another text, or another image under the same text, is another release of that service only", () => {
    container("c-web", "sha256:1", "nginx@sha256:aa");
    container("c-app", "sha256:2", "app@sha256:bb");
    record(lines("web", { a: 1 }) + lines("app", {}));
    record(lines("web", { a: 2 }) + lines("app", {}));
    container("c-web", "sha256:3", "nginx@sha256:cc");
    record(lines("web", { a: 2 }) + lines("app", {}));
    const said = ledger().map(({ release, service, restore }) => [release, service, restore]);
    expect(said).toEqual([
        [1, "web", "nginx@sha256:aa"],
        [2, "app", "app@sha256:bb"],
        [3, "web", "nginx@sha256:aa"],
        [4, "web", "nginx@sha256:cc"],
    ]);
});

it("an image that no registry has is kept by a tag of its own, the newest ten of a service", () => {
    for (let i = 1; i <= 12; i++) {
        container("c-app", `sha256:${i}`);
        record(lines("app", { i }, "berth-test-app:0123"));
    }
    expect(ledger().map(({ release }) => release)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(ledger().at(-1)?.restore).toBe("berth/release:Berth--Test.-app-12");
    expect(calls()).toContain("image tag sha256:12 berth/release:Berth--Test.-app-12");
    expect(calls().filter((call) => call.startsWith("image rm"))).toEqual([
        "image rm berth/release:Berth--Test.-app-1",
        "image rm berth/release:Berth--Test.-app-2",
    ]);
    record(lines("app", { i: 12 }, "berth-test-app:0123"), 2);
    expect(ledger().map(({ release }) => release)).toEqual([11, 12]);
});

it("services whose names are alike, and texts that look like a line, are told apart", () => {
    container("c-a.b", "sha256:1", "x@sha256:aa");
    container("c-axb", "sha256:2", "y@sha256:bb");
    const tricky = { labels: { x: '","service":"a.b",', service: "a.b" } };
    record(lines("axb", tricky) + lines("a.b", {}));
    record(lines("axb", tricky) + lines("a.b", {}));
    expect(ledger().map(({ service }) => service)).toEqual(["axb", "a.b"]);
});

it("a line that was torn is mended by the next release", () => {
    container("c-web", "sha256:1", "nginx@sha256:aa");
    record(lines("web", { a: 1 }));
    fs.appendFileSync(at("folder/releases.jsonl"), '{"release":2,"time":"2026');
    record(lines("web", { a: 2 }));
    expect(ledger().map(({ release }) => release)).toEqual([1, 2]);
});

it("goes with the tags that it gave, and with nothing else", () => {
    container("c-web", "sha256:1", "nginx@sha256:aa");
    container("c-app", "sha256:2");
    record(lines("web", { x: '"restore":"berth/release:other-1"' }) + lines("app", {}));
    expect(run("remove")).toEqual({ code: 0, stderr: "" });
    expect(calls().filter((call) => call.startsWith("image rm"))).toEqual([
        "image rm berth/release:Berth--Test.-app-2",
    ]);
    expect(fs.existsSync(at("folder"))).toBe(false);
    expect(run("remove")).toEqual({ code: 0, stderr: "" });
});

it("a container that is not there is no release", () => {
    const { code, stderr } = record(lines("web", {}));
    expect(code).toBe(1);
    expect(stderr).toContain("c-web is not there: nothing is recorded for web");
});

it("forget leaves the newest releases of each service, and the tags of their images", () => {
    for (const [index, image] of ["sha256:1", "sha256:2", "sha256:3"].entries()) {
        container("c-app", image);
        record(lines("app", { version: index }));
    }
    container("c-web", "sha256:9", "nginx@sha256:aa");
    record(lines("web", {}));
    expect(run("forget", "", "2")).toEqual({ code: 0, stderr: "" });
    expect(ledger().map(({ release, service }) => [release, service])).toEqual([
        [2, "app"],
        [3, "app"],
        [4, "web"],
    ]);
    expect(calls().filter((call) => call.startsWith("image rm"))).toEqual([
        "image rm berth/release:Berth--Test.-app-1",
    ]);
});

it("a ledger that cannot be read is not an empty one: it stays as it is", () => {
    container("c-web", "sha256:1", "nginx@sha256:aa");
    record(lines("web", { a: 1 }));
    const before = ledger();
    for (const tool of ["grep", "sed", "awk"])
        fs.writeFileSync(at("bin", tool), "#!/bin/sh\nexit 2\n", { mode: 0o755 });
    expect(record(lines("web", { a: 2 })).code).not.toBe(0);
    expect(ledger()).toEqual(before);
});

it("a ledger that cannot be read at the end does not cost the tags that it names", () => {
    container("c-app", "sha256:1");
    record(lines("app", { i: 1 }));
    fs.writeFileSync(at("folder/releases.pending"), "berth/release:Berth--Test.-app-1\n");
    // Of all its uses, only the one that reads tags from the ledger fails.
    const awk = `#!/bin/sh\ncase "$*" in *'berth\\/release:'*releases.jsonl) exit 2 ;; esac\nexec /usr/bin/awk "$@"\n`;
    fs.writeFileSync(at("bin/awk"), awk, { mode: 0o755 });
    expect(run("forget", "", "10").code).not.toBe(0);
    expect(calls().filter((call) => call.startsWith("image rm"))).toEqual([]);
});

it("a tag that Docker does not let go is removed by the next run", () => {
    for (let i = 1; i <= 3; i++) {
        container("c-app", `sha256:${i}`);
        record(lines("app", { i }));
    }
    const [docker, removed] = [at("bin/docker"), () => calls().filter((call) => call.startsWith("image rm"))];
    const answering = fs.readFileSync(docker);
    fs.writeFileSync(docker, "#!/bin/sh\nexit 1\n");
    const { code, stderr } = run("forget", "", "1");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("Docker does not answer") });
    expect([ledger().map(({ release }) => release), removed()]).toEqual([[3], []]);
    fs.writeFileSync(docker, answering);
    expect(run("forget", "", "1")).toEqual({ code: 0, stderr: "" });
    expect(removed()).toEqual([
        "image rm berth/release:Berth--Test.-app-1",
        "image rm berth/release:Berth--Test.-app-2",
    ]);
});
