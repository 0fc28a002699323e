import { z } from "zod";
import { cidrMistake, isIpv6Range, isTooWide } from "./cidr";
import { overlap } from "./openPorts";
import { tagMistakes } from "./tags";

const whole = (min: number, max: number, unit = "") => {
    const error = `write a whole number${unit} from ${min} to ${max}`;
    return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};
const yesOrNo = (byDefault: boolean) => z.boolean({ error: "write true or false" }).default(byDefault);
const map = (example: string) => ({
    error: (issue: { code?: string }) =>
        issue.code === "invalid_type" ? `write a map, such as ${example}` : undefined,
});
/** A range of IPv4 or IPv6 addresses in canonical form. */
const cidr = z.string({ error: "write an address range as text" }).superRefine((text, context) => {
    const mistake = cidrMistake(text);
    if (mistake) context.addIssue({ code: "custom", message: mistake });
});
const portNumber = whole(1, 65535);
const hostName = z.string().regex(/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/, {
    error: "not a host name or an IP address",
});
const loginName = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, { error: "not a login name" });
const publicHostKey = z
    .string()
    .regex(/^(?!ssh-rsa )/, {
        error:
            "an RSA host key cannot be pinned: Pulumi asks for its signatures with SHA-1 alone, which no current sshd " +
            "makes. Take the server's ed25519 key: /etc/ssh/ssh_host_ed25519_key.pub, or `ssh-keyscan -t ed25519 ADDRESS` " +
            "and compare; where it has none, `sudo ssh-keygen -A` there makes one",
    })
    .regex(/^(ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|ssh-rsa) [A-Za-z0-9+/]+=*$/, {
        error: `not a public host key; write its type and its base64, such as "ssh-ed25519 AAAA…", without a comment`,
    })
    .describe("The host's public key, `ssh-ed25519 AAAA…`, pinned on every connection.");
const keyFile = z.string().regex(/^(~\/|\/)[^\n"'\\$`]+$/, {
    error: "not the path of a key file; write it from ~/ or /, such as ~/.ssh/id_ed25519",
});
const awsId = (prefix: string) =>
    z
        .string()
        .regex(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), { error: `not an id of AWS such as ${prefix}-0a1b2c3d` });
const iops = whole(3000, 80000);
const cidrs = z.array(cidr, { error: `write a list of address ranges, such as ["203.0.113.4/32"]` });

const clientKey = {
    privateKeyFile: keyFile
        .optional()
        .describe("File on this computer with your private key, in OpenSSH format and without a passphrase."),
    privateKey: z
        .string()
        .optional()
        .describe("Your private key itself: set it with --secret. Instead of `privateKeyFile`."),
};

const proxy = z
    .strictObject(
        {
            host: hostName,
            port: portNumber.default(22),
            user: loginName,
            hostKey: publicHostKey,
            privateKeyFile: keyFile
                .optional()
                .describe("Key for the jump host. Default: the key of the host behind it"),
        },
        map("{ host: bastion.example.com, user: me, hostKey: ssh-ed25519 AAAA… }"),
    )
    .optional()
    .describe("A jump host (bastion) through which every connection goes.");

export const localHostSchema = z.strictObject({
    kind: z.literal("local").describe("A container on this computer's Docker engine."),
    sshPort: portNumber
        .optional()
        .describe("Port on 127.0.0.1 that leads to the machine's sshd. ./scripts/up chooses a free one."),
    image: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._/-]*(:[\w.-]+)?$/, { error: "not the name of an image" })
        .optional()
        .describe("Image of the machine on the local engine. ./scripts/up builds it."),
    dockerHost: z
        .string()
        .regex(/^unix:\/\/\/.+$/, { error: "write unix:///PATH of a Docker engine on this computer" })
        .default("unix:///var/run/docker.sock")
        .describe("Where the local Docker engine listens."),
});

export const ec2HostSchema = z.strictObject({
    kind: z.literal("ec2").describe("An Ubuntu instance on Amazon EC2, in the region `aws:region`."),
    sshFrom: z
        .array(cidr, {
            error: ({ input }) =>
                `${input === undefined ? "it is required: the addresses that may use SSH" : "write a list"}, such as ["203.0.113.4/32"]`,
        })
        .min(1, { error: `name at least one address, such as ["203.0.113.4/32"]` })
        .describe("Who may use SSH: your own address with /32, or your office's range."),
    allowSshFromAnywhere: yesOrNo(false).describe("Lets `sshFrom` name the whole internet."),
    open: z
        .record(
            z.string().regex(/^\d{1,5}(-\d{1,5})?(\/(tcp|udp))?$/, {
                error: `not a port; write it as "8080", "53/udp" or "7000-7010"`,
            }),
            cidrs,
            { error: `write a map: a published port and who may reach it, such as {"8080": ["203.0.113.0/24"]}` },
        )
        .default({})
        .describe(
            "Who may reach published ports: `8080`, `53/udp`, `7000-7010`. Without it 80 and 443 (TCP) are open to everyone, any other to nobody.",
        ),
    count: whole(1, 50).default(1).describe("How many such hosts."),
    instanceType: z
        .string()
        .regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, { error: "not an instance type such as t3.small" })
        .default("t3.small")
        .describe("Processor and memory. A change stops and starts the instance."),
    architecture: z
        .enum(["x86_64", "arm64"], { error: "one of x86_64, arm64" })
        .optional()
        .describe("The processor's architecture. Default: the one of the instance type"),
    release: z
        .enum(["22.04", "24.04", "26.04"], { error: `one of "22.04", "24.04", "26.04", in quotes` })
        .default("24.04")
        .describe("Release of Ubuntu LTS: Canonical's newest image of it, at the time the server is made."),
    generation: whole(1, 9999)
        .default(1)
        .describe("Add one to ask for a new server with today's image in place of the running one."),
    subnetId: awsId("subnet").optional().describe("Default: a subnet of the region's default VPC"),
    elasticIp: yesOrNo(true).describe("An address that survives a stop and a new server."),
    rootDisk: z
        .strictObject({ size: whole(8, 65536, ", in GiB,").default(20), iops: iops.optional() }, map("{ size: 20 }"))
        .prefault({})
        .describe("Encrypted gp3 disk of the system: `size` in GiB (20), `iops` (3000)."),
    dataDisk: z
        .strictObject(
            {
                size: whole(1, 65536, ", in GiB,").optional().describe("Default: 20"),
                iops: iops.optional().describe("Default: 3000"),
                volumeId: awsId("vol")
                    .optional()
                    .describe("A volume that exists, kept from an earlier stack. It stays as it is."),
                deleteOnDestroy: yesOrNo(false),
            },
            map("{ size: 20 }"),
        )
        .optional()
        .describe("A disk of its own for Docker's data, kept when the server is replaced or the stack destroyed."),
    terminationProtection: yesOrNo(false).describe("AWS refuses to terminate the instance."),
    detailedMonitoring: yesOrNo(false).describe("CloudWatch metrics each minute, at a cost."),
    ssm: yesOrNo(false).describe("A role with AmazonSSMManagedInstanceCore, for Session Manager."),
    spot: yesOrNo(false).describe("A spot instance: cheaper, and AWS may stop it."),
    tags: z
        .record(z.string(), z.string(), map("{ team: web }"))
        .superRefine((tags, context) => {
            for (const mistake of tagMistakes(tags)) context.addIssue({ code: "custom", ...mistake });
        })
        .default({})
        .describe("Tags on everything that can be tagged."),
    proxy,
    ...clientKey,
});

export const existingHostSchema = z.strictObject({
    kind: z.literal("existing").describe("An Ubuntu or Debian server that is there already."),
    address: hostName.describe("Host name or IP address of the server."),
    port: portNumber.default(22).describe("TCP port of its sshd."),
    user: loginName.default("root").describe("Login that may use sudo without a password, or root."),
    hostKey: publicHostKey.optional(), // required: its absence has a message of its own, with the command to run
    removeOnDestroy: yesOrNo(false).describe("Whether destroying the stack removes Docker too, and all that is in it."),
    proxy,
    ...clientKey,
});

/** The key `berth:host`. */
export const hostSchema = z
    .discriminatedUnion("kind", [localHostSchema, ec2HostSchema, existingHostSchema], {
        error: (issue) =>
            issue.code === "invalid_union" ? "the kind of host is one of: local, ec2, existing" : undefined,
    })
    .superRefine((host, context) => {
        const mistake = (path: PropertyKey[], message: string) => context.addIssue({ code: "custom", path, message });
        if (host.kind === "local") return;
        if (host.privateKey !== undefined && host.privateKeyFile !== undefined) {
            mistake(["privateKey"], "`privateKeyFile` is there too; choose one");
        }
        if (host.kind === "existing") {
            if (host.privateKey === undefined && host.privateKeyFile === undefined) {
                mistake(
                    ["privateKeyFile"],
                    "it is missing: the file of the private key that logs in, such as ~/.ssh/id_ed25519",
                );
            }
            if (host.hostKey === undefined) {
                mistake(
                    ["hostKey"],
                    `it is missing: run \`ssh-keyscan -t ed25519 -p ${host.port} ${host.address}\`, compare the key with ` +
                        `the server's own /etc/ssh/ssh_host_ed25519_key.pub, and write its type and base64 here`,
                );
            }
            return;
        }
        host.sshFrom.forEach((range, i) => {
            if (host.sshFrom.indexOf(range) < i) mistake(["sshFrom", i], "it is there twice");
            if (!isTooWide(range) || host.allowSshFromAnywhere) return;
            mistake(
                ["sshFrom", i],
                "SSH would be open to the internet; name your own addresses, or set allowSshFromAnywhere: true",
            );
        });
        if (host.sshFrom.length > 0 && host.sshFrom.every(isIpv6Range)) {
            mistake(["sshFrom"], "Berth itself connects by IPv4; name an IPv4 address of yours too");
        }
        Object.entries(host.open).forEach(([port, ranges], i, all) => {
            if (new Set(ranges).size < ranges.length) mistake(["open", port], "a range is there twice");
            const earlier = all.slice(0, i).find(([other]) => overlap(other, port));
            if (earlier) mistake(["open", port], `"${earlier[0]}" names the port too; name it once`);
        });
        for (const key of ["size", "iops"] as const) {
            if (host.dataDisk?.volumeId === undefined || host.dataDisk[key] === undefined) continue;
            mistake(["dataDisk", key], "the volume that volumeId names stays as it is; leave one of both out");
        }
        if (host.dataDisk?.volumeId !== undefined && host.dataDisk.deleteOnDestroy) {
            mistake(["dataDisk", "deleteOnDestroy"], "the volume that volumeId names is not the stack's to delete");
        }
        if (host.dataDisk?.volumeId !== undefined && host.count > 1) {
            mistake(["dataDisk", "volumeId"], "one volume cannot serve several hosts; leave it out, or set count: 1");
        }
    });

export type HostConfig = z.output<typeof hostSchema>;
export type LocalHostConfig = z.output<typeof localHostSchema>;
export type Ec2HostConfig = z.output<typeof ec2HostSchema>;
export type ExistingHostConfig = z.output<typeof existingHostSchema>;
