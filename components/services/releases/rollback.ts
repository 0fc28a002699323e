import { createHash } from "node:crypto";
import { z } from "zod";
import type { ReleaseText } from "./releaseLedger";
import { type PlacedProject, type ServiceSpec, own } from "../compose";
import { buildTag } from "../image";

/** Services that are put back to a release, by name: `./scripts/rollback` writes it. */
export const rollbackSchema = z
    .record(
        z.string(),
        z.strictObject({
            release: z.number().int().positive().describe("Number of the release."),
            of: z.string().describe("Tells the version that was taken back: another one goes forward."),
            service: z.record(z.string(), z.unknown()).describe("The service as it was."),
        }),
        { error: "write a map: ./scripts/rollback does" },
    )
    .describe("Services that are put back to an earlier release. ./scripts/rollback writes it, and takes it out.");

export type Rollbacks = z.output<typeof rollbackSchema>;

/**
 * Tells versions of a service apart: its text, and what it is built from.
 *
 * @throws userError where the build's folder cannot be read
 */
export function versionOf(written: unknown, spec: ServiceSpec): string {
    return createHash("sha256")
        .update(JSON.stringify([written, tagOf(spec)]))
        .digest("hex")
        .slice(0, 16);
}

/** Whether a release is of what is written now. */
export function isReleaseOf({ of, written }: ReleaseText, now: unknown, spec: ServiceSpec): boolean {
    const tag = tagOf(spec);
    return JSON.stringify(written) === JSON.stringify(now) && (tag === undefined || of.endsWith(`:${tag}`));
}

function tagOf({ build, image, platform }: ServiceSpec): string | undefined {
    return build && buildTag({ build, tags: image === undefined ? [] : [image], platform });
}

/** The rollbacks that count: of services that are still what was taken back. */
export function activeRollbacks(rollbacks: Rollbacks, { project, written }: PlacedProject): Rollbacks {
    const active = Object.entries(rollbacks).filter(([service, { of }]) => {
        const spec = own(project.services, service);
        return spec !== undefined && versionOf(own(written, service), spec) === of;
    });
    return Object.fromEntries(active);
}
