import type { Release } from "./ledger";
import { UserError } from "./progress";

/** The services of the newest release: those that went live at the same time. */
export function releasedTogether(releases: Release[]): string[] {
    const newest = releases.at(-1);
    if (!newest) throw new UserError("there is no release yet");
    return [...new Set(releases.filter(({ time }) => time === newest.time).map(({ service }) => service))];
}

export function serviceOf(releases: Release[], to: number): string {
    const found = releases.find(({ release }) => release === to);
    if (!found) throw new UserError(`there is no release ${to}; ./scripts/releases lists them`);
    return found.service;
}

export interface Wish {
    /** The number that was asked for. */
    to?: number;
    /** The release that the service is put back to already. */
    before?: number;
    /** Whether what the config says is what runs. A version that never got healthy does not: then the newest runs. */
    isLive: boolean;
}

/**
 * The release that a service goes back to: the one that was asked for; else the newest that is another than what the
 * config says.
 *
 * @throws UserError where there is none
 */
export function releaseToGoTo(releases: Release[], service: string, { to, before, isLive }: Wish): Release {
    const own = releases.filter((release) => release.service === service);
    const asked = own.find(({ release }) => release === to);
    if (to !== undefined && !asked) {
        const numbers = own.map(({ release }) => release).join(", ") || "none";
        throw new UserError(`${service} has no release ${to}; it has: ${numbers}`);
    }
    const newest = own.at(-1);
    const earlier = own.filter(({ release }) => {
        if (before !== undefined) return release < before;
        return isLive ? release < (newest?.release ?? 0) : true;
    });
    const target = asked ?? earlier.at(-1);
    if (target) return target;
    throw new UserError(`${service} has no release before the one that runs; ./scripts/releases lists them`);
}
