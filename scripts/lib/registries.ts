import { jsonOf } from "../../components/readings";
import { type Registries, registriesSchema } from "../../components/services/image/registriesSchema";
import { resolveCredentials } from "../../components/services/image/registryCredentials";
import type { DigestOptions } from "../../components/services/image/registryDigest";
import { UserError } from "./progress";
import type { StackFile } from "./stack";

/** Milliseconds for one registry. */
const TIMEOUT = 10_000;

/**
 * Reads `berth:registries` as Pulumi gives it.
 *
 * @param text JSON; undefined where the stack has none
 * @throws UserError where it is none, without repeating it: it holds passwords
 */
export function readRegistries(text: string | undefined): Registries {
    const { data, error } = registriesSchema.safeParse(text === undefined ? {} : jsonOf(text));
    if (data) return data;
    const mistakes = error.issues.map(({ path, message }) => `${["berth:registries", ...path].join(".")}: ${message}`);
    throw new UserError(mistakes.join("\n"));
}

/**
 * How the registries of a stack are asked: its mirrors, and its credentials.
 *
 * @param registries `berth:registries`, its secrets shown
 */
export async function registriesOf(file: StackFile, registries: Registries): Promise<DigestOptions> {
    const here = file.get("berth:lab", "registryHere") as string | undefined;
    const mirrors = (file.get("berth:engine", "registryMirrors") ?? []) as string[];
    return {
        credentials: await resolveCredentials(registries),
        mirrors: here === undefined ? mirrors : [here],
        timeout: TIMEOUT,
    };
}
