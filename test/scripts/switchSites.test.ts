import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const script = fs.readFileSync(path.resolve(__dirname, "../../scripts/switch-sites.sh"), "utf8");
let root: string;
const at = (...below: string[]) => path.join(root, ...below);
const text = (...below: string[]) => fs.readFileSync(at(...below), "utf8");
const folder = () => at("proxy");
const current = () => fs.readlinkSync(at("proxy/current"));

/** nginx's workers are the lines of a file. After a reload, an old one goes at the third look. */
const DOCKER = `#!/bin/bash
cd "$ROOT"
echo "$*" >>calls
case "$*" in
    'exec berth-proxy nginx -v') echo "nginx version: nginx/$(cat version)" >&2 ;;
    'exec berth-proxy cat /etc/nginx/nginx.conf') echo 'include /etc/nginx/berth/current/http*.conf;' ;;
    'exec berth-proxy nginx -t'*) cp "proxy/\${7#/etc/nginx/berth/}" checked; [ ! -e rejects ] || { echo "unknown directive in \${7%check}http.conf:2" >&2; exit 1; } ;;
    'exec berth-proxy nginx -s reload')
        readlink proxy/current >>reloads
        [ -e deaf ] || { sed -i 's/$/ is shutting down/' workers; echo "$((30 + $(wc -l <reloads))) nginx: worker process" >>workers; echo 3 >looks; } ;;
    'top berth-proxy'*)
        [ ! -e dead ] || exit 1
        echo 'PID COMMAND'; echo '9 nginx: master process'; cat workers
        looks=$(($(cat looks) - 1)); echo "$looks" >looks
        if [ "$looks" = 0 ]; then sed -i '/shutting/d' workers; fi ;;
    'container inspect'*) [ "\${*: -1}" = berth-app ] && echo 2026-11-25T10:20:30.5Z ;;
    'logs'*) echo 'the log of nginx' ;;
    *) echo "docker $*: not expected" >&2; exit 9 ;;
esac
`;

beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "sites-"));
    fs.mkdirSync(at("bin"));
    fs.writeFileSync(at("bin/docker"), DOCKER, { mode: 0o755 });
    fs.writeFileSync(at("version"), "1.30.0\n");
    fs.writeFileSync(at("workers"), "10 nginx: worker process\n11 nginx: worker process\n");
    fs.writeFileSync(at("looks"), "0\n");
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function run(action: string, input = "") {
    // Two seconds are as good as fifteen where nothing is to come.
    const quick = script.replace("RELOAD_SECONDS=15", "RELOAD_SECONDS=1");
    const { status, stdout, stderr } = spawnSync("bash", ["--norc", "-c", quick, "switch-sites", action, folder()], {
        input,
        encoding: "utf8",
        env: { PATH: `${at("bin")}:/usr/bin:/bin`, ROOT: root },
    });
    return { code: status, stdout: stdout.trim(), stderr };
}
const release = (http: string, more = "") =>
    `${more}container berth-proxy\ndrain 1\n==> main.conf\nworker_shutdown_timeout 1s;\n==> http.conf\n${http}`;
const calls = (what: RegExp) =>
    text("calls")
        .split("\n")
        .filter((line) => what.test(line));

it("checks the sites, serves them, and ends when the processes with the old ones are gone", () => {
    expect(run("switch", release("# one\nkeepalive_min_timeout 5s;\nroot @release/static;"))).toEqual({
        code: 0,
        stdout: "the new sites are served",
        stderr: "",
    });
    const inside = `/etc/nginx/berth/${current()}`;
    expect(text("proxy/current/http.conf")).toBe(`# one\nkeepalive_min_timeout 5s;\nroot ${inside}/static;\n`);
    expect(text("checked")).toBe(`include ${inside}/http*.conf;\n`);
    expect(text("workers")).toBe("31 nginx: worker process\n");
    expect(calls(/^top/).length).toBeGreaterThanOrEqual(4);
    expect(text("reloads").trim()).toBe(current());
});

it("keeps one release only: the one that is served", () => {
    run("switch", release("# one"));
    fs.mkdirSync(at("proxy/draft.left"));
    expect(run("switch", release("# two"))).toMatchObject({ code: 0, stderr: "" });
    expect(text("proxy/current/http.conf")).toBe("# two\n");
    expect(fs.readdirSync(folder()).sort()).toEqual(["current", "lock", current()]);
});

it("brings folders and secret files along", () => {
    fs.mkdirSync(at("www of mine/css"), { recursive: true });
    fs.writeFileSync(at("www of mine/css/a.css"), "a{}");
    fs.writeFileSync(at("users"), "me:x\n", { mode: 0o400 });
    const more = `static ${at("www of mine")} 0123\nsecret ${at("users")} secret/users-0\n`;
    expect(run("switch", release("# one", more))).toMatchObject({ code: 0, stderr: "" });
    expect(text("proxy/current/static/0123/css/a.css")).toBe("a{}");
    expect(text("proxy/current/secret/users-0")).toBe("me:x\n");
});

it("what nginx rejects changes nothing, and is said with what nginx says", () => {
    run("switch", release("# one"));
    const before = current();
    fs.writeFileSync(at("rejects"), "");
    for (let time = 0; time < 2; time++) {
        const { code, stderr } = run("switch", release("# two\nnonsense;"));
        expect(code).toBe(1);
        expect(stderr).toContain(
            "nginx rejects the sites, and serves the old ones on:\nunknown directive in http.conf:2\n    nonsense;",
        );
    }
    expect(current()).toBe(before);
    expect(text("proxy/rejected.conf")).toBe("# two\nnonsense;\n");
    fs.rmSync(at("rejects"));
    expect(run("switch", release("# three"))).toMatchObject({ code: 0 });
    expect(fs.existsSync(at("proxy/rejected.conf"))).toBe(false);
});

it("where nginx does not take them, the old ones stay, also for its next start", () => {
    run("switch", release("# one"));
    const before = current();
    fs.writeFileSync(at("deaf"), "");
    const { code, stderr } = run("switch", release("# two"));
    expect(code).toBe(1);
    expect(stderr).toContain(
        "nginx has not taken the new sites within 1 s, and serves the old ones on:\n    the log of nginx",
    );
    expect(current()).toBe(before);
    fs.rmSync(at("deaf"));
    expect(run("switch", release("# two"))).toMatchObject({ code: 0 });
});

it("does not take an nginx that has died for one without old processes", () => {
    fs.writeFileSync(at("dead"), "");
    const { code, stderr } = run("switch", release("# one"));
    expect(code).toBe(1);
    expect(stderr).toContain("nginx does not run:\n    the log of nginx");
});

it("leaves out what an older nginx does not know", () => {
    for (const [version, isThere, hasHttp2] of [
        ["1.24.0", false, false],
        ["1.26.3", false, true],
        ["1.27.3", false, true],
        ["1.27.4", true, true],
        ["1.28.0", true, true],
    ] as const) {
        fs.writeFileSync(at("version"), `${version} (Debian)\n`);
        expect(run("switch", release("keepalive_min_timeout 5s;\n    http2 on;\n# end"))).toMatchObject({ code: 0 });
        const conf = text("proxy/current/http.conf");
        expect([version, conf.includes("keepalive"), conf.includes("http2")]).toEqual([version, isThere, hasHttp2]);
    }
});

it("fills in since when a container is there", () => {
    run(
        "switch",
        `${release("# one")}\n==> pages/deployed.html\n<td>@since(berth-app)</td><td>@since(berth-gone)</td>\n`,
    );
    expect(text("proxy/current/pages/deployed.html")).toBe("<td>2026-11-25 10:20 UTC</td><td>not there</td>\n");
});

it("goes without a trace", () => {
    run("switch", release("# one"));
    expect(run("remove")).toMatchObject({ code: 0 });
    expect(fs.existsSync(folder())).toBe(false);
});
