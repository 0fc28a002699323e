import { createHash } from "node:crypto";
import type { Dialled } from "./dial";
import { UserError } from "./progress";
import type { SshHost } from "./state";

const KEY = /\b(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d+) (AAAA[A-Za-z0-9+/]+=*)/g;
const SHOWN = /Server host key: \S+ (SHA256:\S+)/g;

/** A server that shows another key than the one that is pinned. */
export interface OtherKey {
    /** `the host web1`, or `the jump host of web1` */
    who: string;
    /** `SHA256:…` */
    pinned: string;
    /** `SHA256:…` */
    shown: string;
}

/**
 * Returns the first server on the way to a host that shows another key than the pinned one; undefined where all show
 * theirs, and where one does not answer at all, which may be on its way up.
 */
export const otherKey = ({ host, letsIn, said }: Dialled): OtherKey | undefined =>
    letsIn ? undefined : firstOther(host, said);

/** @param said what `ssh -v` printed on the way to the host, and its jump host's before it */
export function firstOther(host: SshHost & { name: string }, said: string): OtherKey | undefined {
    // The jump host is the first that is dialled.
    const pinned = [keysIn(host, true), keysIn(host, false)].flat();
    const shown = [...said.matchAll(SHOWN)].map(([, fingerprint = ""]) => fingerprint);
    for (const [i, fingerprint] of shown.entries()) {
        const expected = pinned[i];
        if (expected === undefined || fingerprint === expected) continue;
        const isJump = pinned.length > 1 && i === 0;
        return { who: `the ${isJump ? "jump host of" : "host"} ${host.name}`, pinned: expected, shown: fingerprint };
    }
    return undefined;
}

/** Fingerprints of the keys that are pinned for a host's jump host, or for itself. */
function keysIn({ options }: SshHost, ofJump: boolean): string[] {
    return options
        .filter((option) => (ofJump ? option.startsWith("ProxyCommand=") : option.startsWith("KnownHostsCommand=")))
        .flatMap((option) => [...option.matchAll(KEY)].map(([, base64 = ""]) => fingerprintOf(base64)));
}

/** As OpenSSH shows it: `SHA256:` and unpadded base64. */
const fingerprintOf = (base64: string) =>
    `SHA256:${createHash("sha256").update(Buffer.from(base64, "base64")).digest("base64").replace(/=+$/, "")}`;

/** Says what a person sees and does about a server with another key. */
export function describeOtherKey(
    { who, pinned, shown }: OtherKey,
    fromConfig: boolean,
): { found: string; remedy: string } {
    const key = who.startsWith("the jump host") ? "proxy.hostKey" : "hostKey";
    return {
        found: `${who} shows the key ${shown}, and ${pinned} is pinned`,
        remedy:
            "it is another machine at that address, somebody between you and it, or its key was changed. Compare with what " +
            "`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` says on the server's own console. " +
            (fromConfig
                ? `Is the shown key right, write that file's type and base64 as berth:host.${key}`
                : "Where it is the same machine, put its old key back there; where it is not, find out who has its address"),
    };
}

/**
 * Refuses hosts that show another key than the pinned one: Pulumi would dial a wrong one for minutes, and name neither
 * key. Hosts that do not answer are left alone.
 *
 * @param fromConfig whether the keys stand in the stack's config
 * @throws UserError that names both fingerprints, and what to do
 */
export function refuseOtherKeys(dialled: Dialled[], fromConfig: boolean): void {
    const found = dialled.map(otherKey).filter((other) => other !== undefined);
    if (found.length === 0) return;
    const texts = found.map((other) => describeOtherKey(other, fromConfig));
    throw new UserError(texts.map((text) => `${text.found}: ${text.remedy}`).join("\n"));
}
