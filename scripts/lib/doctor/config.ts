import * as fs from "node:fs";
import { awsAccount, parseConfig } from "../../../components/config";
import { projectName } from "../labels";
import { defaultStackFile, root, stackFile } from "../paths";
import type { Pulumi } from "../pulumiCli";
import { StackFile } from "../stack";
import { type Check, fail, ok } from "./check";

/** The stack's config, as far as it can be read. */
export interface KnownConfig {
    file: StackFile;
    /** Absent where it has mistakes. */
    config?: Extract<ReturnType<typeof parseConfig>, { config: unknown }>["config"];
    account: ReturnType<typeof awsAccount>;
    checks: Check[];
}

/**
 * Reads the config as the program does, with every mistake.
 *
 * @param pulumi where the stack is in the backend: it decrypts secrets
 * A stack without a file is read from what `up` would make it from.
 *
 */
export async function readStackConfig(stack: string, pulumi: Pulumi | undefined): Promise<KnownConfig> {
    const name = `Pulumi.${stack}.yaml`;
    const isThere = fs.existsSync(stackFile(stack));
    const file = new StackFile(stack, isThere ? stackFile(stack) : defaultStackFile);
    const { values, secrets } = pulumi && isThere ? await decrypted(pulumi, stack) : plain(file);
    const own = Object.entries(values).filter(([key]) => key.startsWith("berth:"));
    const result = parseConfig(Object.fromEntries(own.map(([key, value]) => [key.slice("berth:".length), value])), {
        directory: root,
        environment: process.env,
        secretKeys: secrets,
        projectName: `${projectName()}-${stack}`,
    });
    const account = awsAccount(values, process.env);
    if ("errors" in result) {
        return { file, account, checks: result.errors.map((line) => fail(name, line, `mend ${name}`)) };
    }
    const services = Object.keys(result.config.project.services).length;
    const found = isThere
        ? `no mistake; services: ${services}`
        : `is not there: ./scripts/up makes it from examples/nginx; services: ${services}`;
    return { file, config: result.config, account, checks: [ok(name, found)] };
}

/** Values as Pulumi gives them to the program: texts, or JSON. */
async function decrypted(pulumi: Pulumi, stack: string) {
    const text = await pulumi.output(["config", "--json", "--show-secrets", "--stack", stack]);
    const entries = Object.entries(JSON.parse(text) as Record<string, { value?: string; secret?: boolean }>);
    return {
        values: Object.fromEntries(entries.map(([key, { value = "" }]) => [key, value])),
        secrets: entries.filter(([, { secret }]) => secret).map(([key]) => key),
    };
}

/** A stack that was never up has no secrets yet. */
function plain(file: StackFile) {
    const config = (file.get() ?? {}) as Record<string, unknown>;
    const entries = Object.entries(config).map(([key, value]) => {
        return [key, typeof value === "string" ? value : JSON.stringify(value)] as const;
    });
    return { values: Object.fromEntries(entries), secrets: [] as string[] };
}
