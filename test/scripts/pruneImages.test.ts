import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const script = path.resolve(__dirname, "../../scripts/prune-images.sh");
let root: string;
const at = (...below: string[]) => path.join(root, ...below);
beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "prune-"));
    for (const folder of ["bin", "images", "berth/p-a", "berth/p-b"]) fs.mkdirSync(at(folder), { recursive: true });
    // An image is a file with the stack that it was built for, `|`, and its tags; `used` has what containers run.
    const docker = `#!/bin/bash
cd "$ROOT"
case "$*" in
    "image ls "*) cd images && ls ;;
    "image inspect "*) echo "1000 $(cat "images/\${*: -1}")" ;;
    version*) ;;
    "ps "*) echo c1 ;;
    "container inspect "*) cat used ;;
    "image rm "*) echo "$*" >>calls; [[ $* != *stubborn* ]] ;;
    "builder prune "*) echo "$*" >>calls; printf 'ID\\n\\nTotal: 5MB\\n' ;;
    *) exit 1 ;;
esac
`;
    fs.writeFileSync(at("bin/docker"), docker, { mode: 0o755 });
    fs.writeFileSync(at("used"), `${id("1")}\n`);
    image("1", "nginx:1.30");
    image("2", "p-a-app:old berth/release:p-a-app-1");
    image("3", "p-a-app:new");
    image("4", "");
    image("5", "mine:1");
    image("6", "p-b-app:kept");
    ledger("p-a", release(1, "app", "2"), release(2, "app", "3"), release(3, "web", "1"));
    ledger("p-b", release(1, "app", "6"));
});
afterEach(() => fs.rmSync(root, { recursive: true }));

const id = (digit: string) => `sha256:${digit.repeat(64)}`;
const image = (digit: string, tags: string, builtFor = "") =>
    fs.writeFileSync(at("images", id(digit)), `${builtFor}|${tags}\n`);
const release = (number: number, service: string, digit: string) =>
    `{"release":${number},"time":"2026-01-0${number}T00:00:00Z","restore":"r","image":"${id(digit)}","service":"${service}","of":"x","written":{"image":"${id("5")}","service":"web"}}`;
const ledger = (prefix: string, ...lines: string[]) =>
    fs.writeFileSync(at("berth", prefix, "releases.jsonl"), lines.map((line) => `${line}\n`).join(""));
const calls = () => (fs.existsSync(at("calls")) ? fs.readFileSync(at("calls"), "utf8").trim().split("\n") : []);
function prune(keep: number, which: string, how: string) {
    const env = { PATH: `${at("bin")}:/usr/bin:/bin`, ROOT: root };
    const args = [script, "p-a", at("berth/p-a"), String(keep), which, how];
    const { status, stdout } = spawnSync("bash", args, { encoding: "utf8", env });
    const lines = stdout.split("\n").filter(Boolean);
    return { status, images: lines.filter((line) => line.startsWith("sha256")).map((line) => line[7]), lines };
}

it("keeps what runs, what the kept releases need, and what other stacks keep", () => {
    expect(prune(1, "all", "remove")).toMatchObject({ status: 0, images: ["2", "4", "5"] });
    expect(calls().filter((call) => call.startsWith("image rm"))).toEqual([
        "image rm -- p-a-app:old berth/release:p-a-app-1",
        `image rm -- ${id("4")}`,
        "image rm -- mine:1",
    ]);
});

it("with more releases kept, fewer go", () => expect(prune(2, "all", "remove").images).toEqual(["4", "5"]));

it("on a server of others, only what the stack has built goes", () =>
    expect(prune(1, "own", "remove").images).toEqual(["2"]));

it("of a stack whose name goes on after this one's, nothing goes", () => {
    image("5", "p-a-2-app:old berth/release:p-a-2-app-1");
    image("7", "p-a-app-2:old", "p-a-app");
    image("8", "p-a-app:1", "p-a");
    expect(prune(1, "own", "remove").images).toEqual(["2", "8"]);
});

it("on a server of others, an image that somebody gave a tag of their own stays with all of its tags", () => {
    image("2", "p-a-app:old berth/release:p-a-app-1 backup:prod");
    image("8", "p-a-app:older backup:first", "p-a");
    expect(prune(1, "own", "remove").images).toEqual([]);
    expect(calls().filter((call) => call.startsWith("image rm"))).toEqual([]);
});

it("a name that another stack's service has as well is nobody's", () => {
    fs.mkdirSync(at("berth/p"));
    ledger("p", release(1, "a-app", "6"));
    expect(prune(1, "own", "remove").images).toEqual([]);
});

it("a Docker that does not say what runs removes nothing", () => {
    const answering = fs.readFileSync(at("bin/docker"), "utf8");
    for (const question of ["ps ", "container inspect "]) {
        const silent = answering.replace('case "$*" in', `case "$*" in\n    "${question}"*) exit 1 ;;`);
        fs.writeFileSync(at("bin/docker"), silent);
        expect(prune(1, "all", "remove").status).toBe(1);
    }
    expect(calls()).toEqual([]);
});

it("shows what would go, and removes nothing", () => {
    expect(prune(1, "all", "show").images).toEqual(["2", "4", "5"]);
    expect(calls()).toEqual([]);
});

it("an image that cannot go is not said to be gone", () => {
    image("5", "stubborn:1");
    expect(prune(1, "all", "remove").images).toEqual(["2", "4"]);
});

it("removes the build cache that was not used since the oldest kept release", () => {
    const { lines } = prune(1, "all", "remove");
    expect(lines.at(-1)).toBe("Total: 5MB");
    const [, seconds] = /until=(\d+)s/.exec(calls().at(-1) ?? "") ?? [];
    const wanted = (Date.now() - Date.parse("2026-01-02T00:00:00Z")) / 1000;
    expect(Math.abs(Number(seconds) - wanted)).toBeLessThan(60);
});

it("a host without releases keeps what runs", () => {
    fs.rmSync(at("berth/p-a/releases.jsonl"));
    expect(prune(3, "all", "remove").images).toEqual(["2", "3", "4", "5"]);
    expect(calls().filter((call) => call.startsWith("builder"))).toEqual([]);
});

it("an engine that does not answer removes nothing", () => {
    fs.writeFileSync(at("bin/docker"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    expect(prune(1, "all", "remove").status).not.toBe(0);
});
