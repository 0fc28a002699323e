import * as ipaddr from "ipaddr.js";
import { z } from "zod";

const whole = (min: number, max: number) => {
    const error = `write a whole number from ${min} to ${max}`;
    return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};
const map = (example: string) => ({
    error: (issue: { code?: string }) =>
        issue.code === "invalid_type" ? `write a map, such as ${example}` : undefined,
});
const yesOrNo = z.boolean({ error: "write true or false" });
const seconds = z
    .string({ error: `write a time such as "30s" or "5m"` })
    .regex(/^[1-9]\d{0,4}[sm]$/, { error: `not a time; write it as "30s" or "5m"` })
    .transform((text) => Number.parseInt(text) * (text.endsWith("m") ? 60 : 1));
const range = z
    .union([z.cidrv4(), z.cidrv6(), z.ipv4(), z.ipv6()], { error: "not an address or a range such as 10.0.0.0/8" })
    .describe("An address or a range.");
/** A range in its canonical form, with room for a dozen containers. */
function isSubnet(text: string): boolean {
    if (!ipaddr.IPv4.isValidCIDR(text) || !/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(text)) return false;
    const [, bits] = ipaddr.IPv4.parseCIDR(text);
    return bits >= 8 && bits <= 28 && `${ipaddr.IPv4.networkAddressFromCIDR(text).toString()}/${bits}` === text;
}
const secretName = z.string().regex(/^[_a-zA-Z][_a-zA-Z0-9]*$/, { error: "not the name of an entry of berth:secrets" });

/** A host name that a browser sends: `example.com`, or `*.example.com` for all below. */
const hostName = z
    .string()
    .regex(/^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
        error: "not a host name; write it in small letters, such as example.com or *.example.com",
    })
    .max(253);

/** Where requests go, one of `service`, `files` and `redirect`; which one is checked when all is known. */
const target = {
    service: z.string().optional().describe("The service that answers."),
    port: whole(1, 65535)
        .optional()
        .describe("Its port in the container. Default: the only one that its `ports` or `expose` name"),
    files: z
        .string()
        .regex(/^\.{0,2}\/?[^\0]+$/, { error: "not a folder" })
        .optional()
        .describe("A folder of the project that is served as it is."),
    redirect: z
        .string()
        .regex(/^https?:\/\/[A-Za-z0-9.:[\]-]+(\/[\w./%~+@:=&?-]*)?$/, {
            error: "not a URL; write http(s)://HOST[/PATH]",
        })
        .optional()
        .describe("A URL that requests are sent to; where it has no path, the request keeps its own."),
};

/** What holds where neither a path nor its site says otherwise. Seconds. */
export const DEFAULTS = { websocket: false, timeout: 60, maxBody: "1m" };

const behaviour = {
    websocket: yesOrNo.optional().describe("Lets a connection become a websocket. Default: false"),
    timeout: seconds.optional().describe("How long the service may be silent. Default: 60s"),
    maxBody: z
        .string({ error: `write a size such as "10m"` })
        .regex(/^\d+[kmg]?$/, { error: `not a size; write it as "512k" or "10m"` })
        .optional()
        .describe("Size of a request's body, at most; 0 is any. Default: 1m"),
    basicAuth: z
        .record(
            z.string().regex(/^[^:\s]+$/, { error: "not a user's name" }),
            secretName,
            map("{ me: PASSWORD_SECRET }"),
        )
        .optional()
        .describe("Who may enter: a user's name, and the entry of `berth:secrets` with the password."),
    rateLimit: z
        .strictObject(
            {
                perSecond: whole(1, 100_000).describe("Requests in a second."),
                burst: whole(0, 100_000).default(20).describe("Requests beyond it that are let through at once."),
            },
            map("{ perSecond: 10 }"),
        )
        .optional()
        .describe("Requests of one address, at most; more are answered with 429."),
};

const pathSchema = z.strictObject({ ...target, ...behaviour }, map("{ service: app }"));

const tlsSchema = z
    .strictObject(
        {
            certificate: secretName
                .optional()
                .describe("The entry of `berth:secrets` with the certificate and its chain, PEM."),
            key: secretName.optional().describe("The entry of `berth:secrets` with its private key, PEM."),
            acme: yesOrNo
                .optional()
                .describe("Has a certificate issued, and renewed, by the service in `berth:proxy.acme`."),
            redirect: yesOrNo.default(true).describe("Sends who comes by HTTP to HTTPS."),
            hsts: yesOrNo.default(false).describe("Tells browsers never to come by HTTP again, for a year."),
        },
        map("{ certificate: SITE_CERTIFICATE, key: SITE_KEY }"),
    )
    .describe("HTTPS: with a certificate from `berth:secrets`, or from an ACME service such as Let's Encrypt.");

export const siteSchema = z.strictObject(
    {
        names: z
            .array(hostName, { error: "write a list of host names" })
            .optional()
            .describe("Its host names. Default: the site's key. Of the site `default`: whatever no other site has"),
        ...target,
        ...behaviour,
        paths: z
            .record(
                z.string().regex(/^\/[\w./~+@%-]*$/, { error: "not a path; write it from /, such as /api/" }),
                pathSchema,
                map("{ /api/: { service: api } }"),
            )
            .default({})
            .describe(
                "Other targets for paths that begin so. What a path does not say of its behaviour is as for the site.",
            ),
        tls: tlsSchema.optional(),
        gzip: yesOrNo.default(true).describe("Compresses texts."),
        securityHeaders: yesOrNo
            .default(true)
            .describe("Adds X-Content-Type-Options, X-Frame-Options and Referrer-Policy where the service does not."),
        directives: z
            .string({ error: "write directives of nginx as a text" })
            .optional()
            .describe("More directives of nginx for this site's `server` block, as they are."),
        maintenance: yesOrNo.default(false).describe("Answers every request with a maintenance page and 503."),
    },
    map("{ service: app, port: 8080 }"),
);

export const sitesSchema = z
    .record(z.string().regex(/^[a-z0-9*][a-z0-9.-]*$/, { error: "not a host name, and not `default`" }), siteSchema, {
        error: "write a map: a host name, and what answers there",
    })
    .describe("Sites that nginx serves, by host name; `default` is the one of all other names.");

const acmeSchema = z
    .strictObject(
        {
            email: z
                .email({ error: "not an address; write that of whoever is told of certificates that end" })
                .describe("Address of the account. Berth agrees to the service's terms in its name."),
            server: z
                .string()
                .regex(/^https:\/\/[A-Za-z0-9.-]+(:\d+)?\/[\w./-]*$/, { error: "not a URL; write https://HOST/PATH" })
                .default("https://acme-v02.api.letsencrypt.org/directory")
                .describe("Directory of the service."),
            ca: z
                .string()
                .optional()
                .describe(
                    "A file of the project, PEM, that vouches for a server that the host's system does not believe.",
                ),
            image: z.string().default("goacme/lego:v4.31.0").describe("lego, the client."),
        },
        map("{ email: me@example.com }"),
    )
    .describe("The service that issues certificates for sites with `tls: { acme: true }`.");

export const proxySchema = z
    .strictObject(
        {
            image: z.string().default("nginx:1.30").describe("nginx; 1.27.4 or newer loses no request at a switch."),
            port: whole(1, 65535).default(80).describe("Port of the host for HTTP."),
            httpsPort: whole(1, 65535)
                .default(443)
                .describe("Port of the host for HTTPS, where a site has a certificate."),
            realIpFrom: z
                .array(range, { error: "write a list of ranges" })
                .default([])
                .describe("Load balancers in front, whose X-Forwarded-For is believed."),
            drain: seconds
                .default(60)
                .describe("How long a request may go on with the old version after a switch. Default: 60s"),
            acme: acmeSchema.optional(),
            subnet: z
                .string({ error: "write a range as text" })
                .refine(isSubnet, { error: "not a range of IPv4 for some containers; write one such as 10.213.7.0/24" })
                .optional()
                .describe(
                    "Addresses of the proxy's own network. Default: a range in 10.213.0.0/16, by the stack's name",
                ),
        },
        map("{ image: nginx:1.30 }"),
    )
    .describe("nginx in front of the services.");

export type SiteConfig = z.output<typeof siteSchema>;
export type PathConfig = z.output<typeof pathSchema>;
export type ProxyConfig = z.output<typeof proxySchema>;
