import type { Registries } from "../../components/services/image/registriesSchema";
import { resolveCredentials } from "../../components/services/image/registryCredentials";
import type { DigestOptions } from "../../components/services/image/registryDigest";
import type { StackFile } from "./stack";

/** Milliseconds for one registry. */
const TIMEOUT = 10_000;

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
