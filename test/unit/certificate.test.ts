import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { certificateMistakes } from "../../components/proxy/certificate";

let folder: string;
const made: Record<string, { certificate: string; key: string }> = {};
beforeAll(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-certificates-"));
    make("site", ["DNS:example.com", "DNS:*.example.com"]);
    make("other", ["DNS:other.example"]);
    make("ca", ["DNS:ca.example"], "critical,CA:TRUE");
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Valid from now on, for 90 days. */
function make(name: string, names: string[], basic = "CA:FALSE"): void {
    const [certificate, key] = ["crt", "key"].map((end) => path.join(folder, `${name}.${end}`)) as [string, string];
    execFileSync(
        "openssl",
        [
            ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90"],
            ...["-subj", "/CN=cn.example", "-addext", `subjectAltName=${names.join(",")}`],
            ...["-addext", `basicConstraints=${basic}`, "-keyout", key, "-out", certificate],
        ],
        { stdio: "pipe" },
    );
    made[name] = { certificate: fs.readFileSync(certificate, "utf8"), key: fs.readFileSync(key, "utf8") };
}
const the = (name: string) => made[name]!;
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
const mistakes = (certificate: string, key: string, names = ["example.com"], now = inDays(0.01)) =>
    certificateMistakes(certificate, key, names, now).map(({ part, message }) => `${part}: ${message}`);

test("a certificate that fits has no mistakes, alone or with its issuers", () => {
    const { certificate, key } = the("site");
    expect(mistakes(certificate, key, ["example.com", "www.example.com", "*.example.com"])).toEqual([]);
    expect(mistakes(certificate + the("ca").certificate, key)).toEqual([]);
    expect(mistakes(certificate, key, [])).toEqual([]);
});

test("names that it does not cover are said, with those that it has", () => {
    const { certificate, key } = the("site");
    const names = ["a.b.example.com", "cn.example", "*.other.example", "example.com"];
    expect(mistakes(certificate, key, names)).toEqual([
        "certificate: it is for example.com, *.example.com, and not for a.b.example.com, cn.example, *.other.example",
    ]);
});

test("another key, an expired or a future certificate, and wrong names are all said at once", () => {
    const late = inDays(200);
    const said = mistakes(the("site").certificate, the("other").key, ["other.example"], late);
    expect(said).toEqual([
        "key: it is not the key of this certificate; set the one that it was issued for",
        expect.stringMatching(/^certificate: it has expired on \d{4}-\d\d-\d\d; have it renewed$/),
        "certificate: it is for example.com, *.example.com, and not for other.example",
    ]);
    expect(mistakes(the("site").certificate, the("site").key, [], inDays(-2))).toEqual([
        expect.stringMatching(/^certificate: it is valid from \d{4}-\d\d-\d\d only$/),
    ]);
});

test("texts that are no certificate or no key are said, and never shown", () => {
    const damaged = the("site").certificate.replace(/\n[A-Za-z0-9+/]{20}/, "\nAAAA");
    expect(mistakes("hunter2", "hunter3")).toEqual([
        "key: not a private key; it is a text that begins with -----BEGIN PRIVATE KEY-----",
        "certificate: not a certificate; it is a text that begins with -----BEGIN CERTIFICATE-----",
    ]);
    expect(mistakes(damaged, the("site").key)).toEqual([
        "certificate: it is damaged; set it again from the issuer's file",
    ]);
    const locked = the("site").key.replaceAll("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    expect(mistakes(the("site").certificate, locked)).toEqual([expect.stringContaining("it has a passphrase")]);
});

test("issuers that come before the site's own are said", () => {
    const said = mistakes(the("ca").certificate + the("site").certificate, the("site").key);
    expect(said).toContain("certificate: the issuer's comes first; write the site's own first");
});
