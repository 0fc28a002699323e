import { parseImageReference } from "../../../components/services/image/imageReference";
import { registriesSchema } from "../../../components/services/image/registriesSchema";
import { resolveCredentials } from "../../../components/services/image/registryCredentials";
import { type DigestOptions, resolveDigest } from "../../../components/services/image/registryDigest";
import type { Pulumi } from "../pulumiCli";
import { StackFile } from "../stack";
import { readStackConfig } from "../stackConfig";
import type { Expected } from "./expected";
import type { Finding } from "./finding";
import type { Survey } from "./survey";

/** Milliseconds for one registry. */
const TIMEOUT = 10_000;

/** How the registries of a stack are asked: its mirrors, and its credentials. */
export async function registriesOf(pulumi: Pulumi, stack: string): Promise<DigestOptions> {
    const file = new StackFile(stack);
    const registries = file.get("berth:registries") === undefined ? {} : await secretRegistries(pulumi, stack);
    const here = file.get("berth:lab", "registryHere") as string | undefined;
    const mirrors = (file.get("berth:engine", "registryMirrors") ?? []) as string[];
    return {
        credentials: await resolveCredentials(registriesSchema.parse(registries)),
        mirrors: here === undefined ? mirrors : [here],
        timeout: TIMEOUT,
    };
}

async function secretRegistries(pulumi: Pulumi, stack: string): Promise<unknown> {
    const { values } = await readStackConfig(pulumi, stack);
    return JSON.parse(values["berth:registries"] ?? "{}");
}

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
