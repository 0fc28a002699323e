import type { Pulumi } from "./pulumiCli";
import { readRegistries, registriesOf } from "./registries";
import { askRegistry } from "./releaseImages";
import type { AskRegistry } from "./rollbackProof";
import { StackFile } from "./stack";
import { readStackConfig } from "./stackConfig";

/** Asks registries with the stack's credentials, which are read when the first one is asked. */
export function registryAsker(pulumi: Pulumi, stack: string): AskRegistry {
    const read = async () => {
        const file = new StackFile(stack);
        if (file.get("berth:registries") === undefined) return {};
        const { values } = await readStackConfig(pulumi, stack);
        return (await registriesOf(file, readRegistries(values["berth:registries"]))).credentials;
    };
    let credentials: ReturnType<typeof read> | undefined;
    return async (host, reference) => askRegistry(host, reference, await (credentials ??= read()));
}
