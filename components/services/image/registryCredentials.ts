import type { types } from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { userError } from "../../userError";
import { HUB, isHub } from "./dockerHub";
import { ecrToken } from "./ecrToken";
import type { Registries } from "./registriesSchema";

/** A user and a password, or a token, by the registry's host. */
export type Credentials = Record<string, { username: string; password: string }>;

/** The credential helper that the provider runs for Amazon ECR: scripts/lib/credential-helpers/docker-credential-berth-ecr */
const ECR_HELPER = "berth-ecr";

/**
 * `registryAuth` of the docker provider. It is the same at each run, though ECR's tokens are not: the provider asks the
 * helper for one whenever it starts.
 */
export function registryAuth(registries: Registries): types.input.ProviderRegistryAuth[] {
    return Object.entries(registries).map(([host, credentials]) => {
        const address = isHub(host) ? HUB : host;
        if ("ecr" in credentials) {
            return { address, configFileContent: JSON.stringify({ credHelpers: { [address]: ECR_HELPER } }) };
        }
        return { address, username: credentials.username, password: pulumi.secret(credentials.password) };
    });
}

const tokens = new Map<string, ReturnType<typeof ecrToken>>();

/**
 * Credentials as they count now. A token of Amazon ECR is fetched once in a run.
 *
 * @throws userError where AWS gives none
 */
export async function resolveCredentials(registries: Registries): Promise<Credentials> {
    const entries = Object.entries(registries).map(async ([host, credentials]) => {
        if (!("ecr" in credentials)) return [host, credentials] as const;
        const token = tokens.get(host) ?? ecrToken(host).catch(speak);
        tokens.set(host, token);
        return [host, await token] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
}

function speak(error: Error): never {
    throw userError(error.message);
}
