import { type NamedHost, hostsIn } from "./hosts";
import { overSsh } from "./overSsh";
import { say } from "./progress";
import type { Pulumi } from "./pulumiCli";
import { exportState } from "./state";

/** Room below which a pull or a build may well have met a full disk. */
const LITTLE_MIB = 512;
const DIAL_SECONDS = 5;
const LOOK_SECONDS = 20;

/** Asks for the room of Docker's disk and of the system's, and whether Docker answers to the login. */
const LOOK = `df -Pk /var/lib/docker / 2>/dev/null | awk 'NR > 1 { print "disk", $4, $6 }'
error=$(docker version --format . 2>&1 >/dev/null) || echo "docker $(printf '%s' "$error" | tail -n 1)"`;

/**
 * After an update that failed, says what is wrong with the hosts themselves: providers keep the reason of a failed pull,
 * and of a Docker that does not let a login in, to themselves. A host that does not answer is left to the update's error.
 */
export async function sayHostTroubles(pulumi: Pulumi, stack: string): Promise<void> {
    const { deployment } = await exportState(pulumi, stack);
    const hosts = hostsIn(deployment?.resources ?? []);
    const looks = await Promise.all(
        hosts.map(async (host) => {
            const options = { dialSeconds: DIAL_SECONDS, timeout: LOOK_SECONDS * 1000 };
            return hostTroubles(host, stack, (await overSsh(host, LOOK, options)).stdout);
        }),
    );
    looks.flat().forEach(say);
}

/**
 * What is wrong with a host, a sentence each with what to do.
 *
 * @param look lines `disk KIB-LEFT MOUNT-POINT`, and one `docker ERROR` where Docker does not answer
 */
export function hostTroubles({ name, user }: Pick<NamedHost, "name" | "user">, stack: string, look: string): string[] {
    const lines = [...new Set(look.split("\n"))];
    const disks = lines.flatMap((line) => {
        const [, left = "", where = ""] = /^disk (\d+) (\/.*)$/.exec(line) ?? [];
        const mib = Math.floor(Number(left) / 1024);
        if (left === "" || mib >= LITTLE_MIB) return [];
        return [
            `${name}: its disk has ${mib} MiB left at ${where}. See what can go: ./scripts/prune -s ${stack} --dry-run ` +
                "(docs/operations.md, The disk is full)",
        ];
    });
    const dockers = lines.flatMap((line) => {
        const [, error] = /^docker (.*)$/.exec(line) ?? [];
        if (error === undefined) return [];
        const what = /permission denied/i.test(error)
            ? `${user} may not use Docker (is it still in the group docker?)`
            : `Docker does not answer: ${error}`;
        return [`${name}: ${what}. ./scripts/up -s ${stack} --repair installs it again where something is missing`];
    });
    return [...disks, ...dockers];
}
