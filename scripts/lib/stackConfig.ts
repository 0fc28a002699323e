import { environment } from "../../components/environment";
import { parseConfig } from "../../components/config";
import { jsonOf, recordOf } from "../../components/readings";
import { stackPrefix } from "./labels";
import { root } from "./paths";
import { UserError } from "./progress";
import type { Pulumi } from "./pulumiCli";

const NAMESPACE = "berth:";

/** A stack's config as Pulumi gives it to the program. */
export interface StackConfig {
    /** Texts, or JSON, by key: `berth:services`. */
    values: Record<string, string>;
    /** Keys whose values are secret, wholly or in part. */
    secretKeys: string[];
}

/** Reads it with its secrets in the clear. The stack is in the backend. */
export async function readStackConfig(pulumi: Pick<Pulumi, "output">, stack: string): Promise<StackConfig> {
    const text = await pulumi.output(["config", "--json", "--show-secrets", "--stack", stack]);
    const config = jsonOf(text);
    if (config !== recordOf(config))
        throw new UserError(`the config of stack ${stack} cannot be read: ./scripts/pulumi config`);
    const entries = Object.entries(
        config as Record<string, { value?: string; objectValue?: unknown; secret: boolean }>,
    );
    return {
        values: Object.fromEntries(
            entries.map(([key, { value, objectValue }]) => {
                return [key, objectValue === undefined ? (value ?? "") : JSON.stringify(objectValue)];
            }),
        ),
        secretKeys: entries.flatMap(([key, { secret }]) => (secret ? key : [])),
    };
}

/** Checks it as the program does. */
export function parseStackConfig({ values, secretKeys }: StackConfig, stack: string): ReturnType<typeof parseConfig> {
    const own = Object.entries(values).filter(([key]) => key.startsWith(NAMESPACE));
    return parseConfig(Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length), value])), {
        directory: root,
        environment: environment(),
        secretKeys,
        projectName: stackPrefix(stack),
    });
}
