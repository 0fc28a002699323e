import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const script = fs.readFileSync(path.resolve(__dirname, "../../scripts/renew-certificates.sh"), "utf8");
let root: string;
const at = (...below: string[]) => path.join(root, ...below);
const acme = (...below: string[]) => at("proxy/acme", ...below);
const text = (...below: string[]) => fs.readFileSync(path.join(...below), "utf8");
const calls = (what: RegExp) =>
    fs.existsSync(at("calls"))
        ? text(at("calls"))
              .split("\n")
              .filter((line) => what.test(line))
        : [];

/** lego's image: a certificate is a number that counts up, and a key stays unless a name is new. */
const DOCKER = `#!/bin/bash
cd "$ROOT"
echo "docker $*" >>calls
first= all=
while [ $# -gt 0 ]; do
    case $1 in --domains) first=\${first:-$2}; all="$all $2" ;; renew | run) verb=$1 ;; --days) days=$2 ;; esac
    shift
done
case $all in *$(cat refused 2>/dev/null || echo nobody)*) echo "acme: error: 403 :: $first is refused" >&2; exit 1 ;; esac
folder=proxy/acme/lego/certificates
mkdir -p "$folder"
if [ "$verb" = run ]; then echo "key $((++RANDOM))" >"$folder/$first.key"; fi
if [ "$verb" = run ] || [ "$days" = 9999 ]; then echo x >>issued; echo "certificate $(wc -l <issued)" >"$folder/$first.crt"; fi
`;

beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), "certificates-"));
    fs.mkdirSync(at("bin"));
    fs.mkdirSync(at("etc/systemd/system"), { recursive: true });
    fs.writeFileSync(at("bin/docker"), DOCKER, { mode: 0o755 });
    fs.writeFileSync(at("bin/systemctl"), `#!/bin/bash\necho "systemctl $*" >>"$ROOT/calls"\n`, { mode: 0o755 });
});
afterEach(() => fs.rmSync(root, { recursive: true }));

function bash(words: string[], input = "") {
    const env = { PATH: `${at("bin")}:/usr/bin:/bin`, ROOT: root, BERTH_ROOT: root };
    const { status, stdout, stderr } = spawnSync("bash", words, { input, encoding: "utf8", env });
    return { code: status, stdout: stdout.trim(), stderr };
}
const run = (action: string, settings = "") =>
    bash(["--norc", "-c", script, "renew-certificates", action, "berth-test", "/proxy"], settings);
const renew = (...options: string[]) => bash([at("usr/local/lib/berth/renew-certificates"), acme(), ...options]);
const settings = (...certificates: string[]) =>
    ["image lego:1", "server https://ca.test/dir", "email me@a.test", ...certificates.map((c) => `certificate ${c}`)]
        .map((line) => `${line}\n`)
        .join("");

it("gets what is missing, puts it where nginx reads it, and has systemd renew it", () => {
    expect(run("install", settings("n1 a.test www.a.test", "n2 b.test"))).toEqual({
        code: 0,
        stdout: "certificates: 2",
        stderr: "",
    });
    expect([text(acme("n1.crt")), text(acme("n2.crt"))]).toEqual(["certificate 1\n", "certificate 2\n"]);
    expect(fs.statSync(acme("lego")).mode & 0o777).toBe(0o700);
    const [first] = calls(/^docker/);
    expect(first).toContain(
        "--server https://ca.test/dir --email me@a.test --http --http.webroot /challenges --domains a.test --domains www.a.test run",
    );
    expect(first).not.toContain("LEGO_CA_CERTIFICATES");
    expect(text(at("etc/systemd/system/berth-certificates-berth-test.timer"))).toContain("Persistent=true");
    expect(calls(/^systemctl/)).toContain("systemctl -q enable --now berth-certificates-berth-test.timer");
});

it("renews what ends soon, with the key that it has, and all where it must", () => {
    run("install", settings("n1 a.test"));
    const key = text(acme("n1.key"));
    expect(renew()).toMatchObject({ code: 0 });
    expect(text(acme("n1.crt"))).toBe("certificate 1\n");
    expect(calls(/ renew /).at(-1)).toMatch(/renew --reuse-key --no-random-sleep --days 30$/);
    expect(renew("--force")).toMatchObject({ code: 0 });
    expect([text(acme("n1.crt")), text(acme("n1.key"))]).toEqual(["certificate 2\n", key]);
});

it("other names, or another server, are another certificate; what is not wanted goes", () => {
    run("install", settings("n1 a.test", "n2 b.test"));
    run("install", settings("n1 a.test www.a.test"));
    expect(text(acme("n1.crt"))).toBe("certificate 3\n");
    expect(fs.existsSync(acme("n2.crt"))).toBe(false);
    run("install", settings("n1 a.test www.a.test").replace("ca.test", "other.test"));
    expect(text(acme("n1.crt"))).toBe("certificate 4\n");
});

it("a server that vouches for itself is believed, until it is not said any more", () => {
    const ca = "==> ca.pem\n-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n";
    run("install", settings("n1 a.test") + ca);
    expect(text(acme("ca.pem"))).toBe("-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n");
    expect(calls(/LEGO_CA_CERTIFICATES=\/ca\.pem/)).toHaveLength(1);
    expect(text(acme("settings"))).toBe(settings("n1 a.test"));
    run("install", settings("n1 a.test"));
    expect(fs.existsSync(acme("ca.pem"))).toBe(false);
});

it("a refused name is said with what the server says; the others are had, and the old one stays", () => {
    run("install", settings("n1 a.test"));
    fs.writeFileSync(at("refused"), "a.test");
    const { code, stderr } = run("install", settings("n1 a.test www.a.test", "n2 b.test"));
    expect(code).toBe(1);
    expect(stderr).toBe(
        "a.test www.a.test: no certificate from https://ca.test/dir\n" +
            "    acme: error: 403 :: a.test is refused\nno certificate for: a.test\n",
    );
    expect([text(acme("n1.crt")), text(acme("n2.crt"))]).toEqual(["certificate 1\n", "certificate 2\n"]);
    fs.rmSync(at("refused"));
    expect(renew()).toMatchObject({ code: 0 });
    expect(text(acme("n1.crt"))).toBe("certificate 3\n");
});

it("a renewal that is under way is ended before its folder goes", () => {
    run("install", settings("n1 a.test"));
    const late = `#!/bin/bash\ncase "$*" in "stop berth-certificates-"*.service) [ ! -e ${acme()} ] || echo first >${at("ended")} ;; esac\n`;
    fs.writeFileSync(at("bin/systemctl"), late, { mode: 0o755 });
    expect(run("remove")).toMatchObject({ code: 0, stderr: "" });
    expect(text(at("ended"))).toBe("first\n");
});

it("goes without a trace", () => {
    run("install", settings("n1 a.test"));
    expect(run("remove")).toMatchObject({ code: 0, stderr: "" });
    expect(fs.existsSync(acme())).toBe(false);
    expect(fs.readdirSync(at("etc/systemd/system"))).toEqual([]);
});
