import { type KeyObject, X509Certificate, createPrivateKey } from "node:crypto";

/** What is wrong with a certificate, or with its key. */
export interface CertificateMistake {
    part: "certificate" | "key";
    message: string;
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Holds a certificate against its key, the time, and the names of the site.
 *
 * @param certificate PEM: the site's own first, then those of its issuers
 * @param key PEM, without a passphrase
 * @param names host names, `*.example.com` among them; none: whatever it says
 */
export function certificateMistakes(
    certificate: string,
    key: string,
    names: string[],
    now: Date,
): CertificateMistake[] {
    const mistakes: CertificateMistake[] = [];
    const wrong = (part: CertificateMistake["part"], message: string) => void mistakes.push({ part, message });
    const [leaf, ...issuers] = readCertificates(certificate);
    const privateKey = readKey(key);
    if (typeof privateKey === "string") wrong("key", privateKey);
    if (leaf === undefined) {
        wrong("certificate", "not a certificate; it is a text that begins with -----BEGIN CERTIFICATE-----");
        return mistakes;
    }
    if (leaf === "unreadable" || issuers.includes("unreadable")) {
        wrong("certificate", "it is damaged; set it again from the issuer's file");
        return mistakes;
    }
    if (leaf.ca && issuers.length > 0) wrong("certificate", "the issuer's comes first; write the site's own first");
    if (typeof privateKey !== "string" && !leaf.checkPrivateKey(privateKey)) {
        wrong("key", "it is not the key of this certificate; set the one that it was issued for");
    }
    const [from, to] = [new Date(leaf.validFrom), new Date(leaf.validTo)];
    if (to < now) wrong("certificate", `it has expired on ${day(to)}; have it renewed`);
    if (from > now) wrong("certificate", `it is valid from ${day(from)} only`);
    const missing = names.filter((name) => !covers(leaf, name));
    if (missing.length > 0) {
        const has = leaf.subjectAltName?.replaceAll("DNS:", "") ?? "no name";
        wrong("certificate", `it is for ${has}, and not for ${missing.join(", ")}`);
    }
    return mistakes;
}

const day = (date: Date) => date.toISOString().slice(0, 10);

function readCertificates(text: string): (X509Certificate | "unreadable")[] {
    return [...text.matchAll(PEM)].map(([pem]) => {
        try {
            return new X509Certificate(pem);
        } catch {
            return "unreadable";
        }
    });
}

/** The key, or what is wrong with it. */
function readKey(text: string): KeyObject | string {
    if (/ENCRYPTED/.test(text)) return "it has a passphrase; take it off: openssl pkey -in FILE -out NEW";
    try {
        return createPrivateKey(text);
    } catch {
        return "not a private key; it is a text that begins with -----BEGIN PRIVATE KEY-----";
    }
}

/** A name for all below another is covered by that very name only. */
function covers(leaf: X509Certificate, name: string): boolean {
    if (!name.startsWith("*.")) return leaf.checkHost(name, { subject: "never" }) !== undefined;
    return (leaf.subjectAltName ?? "").split(", ").includes(`DNS:${name}`);
}
