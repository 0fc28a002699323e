import { parseImageReference } from "../../../components/services/image/imageReference";
import { type DigestOptions, resolveDigest } from "../../../components/services/image/registryDigest";
import type { Expected } from "./expected";
import type { Finding } from "./finding";
import type { Survey } from "./survey";

/** Tags that stand for another image in their registry than the one that runs. */
export async function movedTags(
    expected: Expected,
    survey: Survey,
    registries: DigestOptions,
    stack: string,
): Promise<Finding[]> {
    const findings = expected.images.map(async ({ reference, id }): Promise<Finding[]> => {
        const parsed = parseImageReference(reference);
        const tag = reference.replace(/@.*/, "");
        const digests = survey.images.find(({ Id }) => Id === id)?.RepoDigests ?? [];
        const isFixed = parsed?.digest !== undefined && parsed.tag === undefined;
        if (digests.length === 0 || isFixed) return [];
        const image = { kind: "image", name: tag };
        try {
            const now = await resolveDigest(tag, registries);
            if (digests.some((digest) => digest.endsWith(`@${now}`))) return [];
            const remedy = `pull_policy: always, then ./scripts/up -s ${stack}`;
            return [{ ...image, level: "drift", found: "has moved: its registry has another", remedy }];
        } catch (error) {
            const [reason] = String(error instanceof Error ? error.message : error).split("\n");
            return [{ ...image, level: "notice", found: `cannot be asked for: ${reason}`, remedy: "./scripts/doctor" }];
        }
    });
    return (await Promise.all(findings)).flat();
}
