import { own } from "../services";
import { certificateMistakes } from "./certificate";
import type { Report, SitesContext } from "./sites";
import type { SiteConfig } from "./sitesSchema";

/** Where a site's certificate comes from, and how it is used. */
export type Tls = { redirect: boolean; hsts: boolean } & (
    | { source: "acme" }
    /** PEM: the certificate with its chain, and its key. */
    | { source: "secret"; certificate: string; key: string }
);

/**
 * The certificate of a site, held against its names.
 *
 * @param at where it is written
 */
export function tlsOf(
    { tls }: SiteConfig,
    names: string[],
    at: string[],
    { secrets, now }: SitesContext,
    report: Report,
): Tls | undefined {
    if (!tls) return undefined;
    const { redirect, hsts, acme, certificate, key } = tls;
    if (acme) {
        if (certificate !== undefined || key !== undefined)
            report(at, "it has acme and a certificate; keep one of the two");
        if (names.length === 0) report(at, "a certificate is for names; write the site's names");
        const wildcard = names.find((name) => name.startsWith("*."));
        if (wildcard !== undefined)
            report(at, `${wildcard}: ACME over HTTP has no certificates for all below a name; write each`);
        return { source: "acme", redirect, hsts };
    }
    if (certificate === undefined || key === undefined) {
        return void report(at, "write certificate and key, the names of entries of berth:secrets, or acme: true");
    }
    const texts = { certificate: own(secrets, certificate), key: own(secrets, key) };
    for (const [part, name] of Object.entries({ certificate, key })) {
        if (own(secrets, name) !== undefined) continue;
        const remedy = `./scripts/pulumi config set -s STACK --secret --path berth:secrets.${name} < FILE.pem`;
        report([...at, part], `there is no secret ${name}; ${remedy}`);
    }
    if (texts.certificate === undefined || texts.key === undefined) return undefined;
    for (const { part, message } of certificateMistakes(texts.certificate, texts.key, names, now))
        report([...at, part], message);
    return { source: "secret", certificate: texts.certificate, key: texts.key, redirect, hsts };
}
