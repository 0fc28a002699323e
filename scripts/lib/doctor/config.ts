import * as fs from "node:fs";
import { environment } from "../../../components/environment";
import { awsAccount, type parseConfig } from "../../../components/config";
import { defaultStackFile, stackFile } from "../paths";
import type { Pulumi } from "../pulumiCli";
import { StackFile } from "../stack";
import { type StackConfig, parseStackConfig, readStackConfig } from "../stackConfig";
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
 * Reads the config as the program does, with every mistake. A stack without a file is read from what `up` would make it
 * from.
 *
 * @param pulumi where the stack is in the backend: it decrypts secrets
 */
export async function checkStackConfig(stack: string, pulumi: Pulumi | undefined): Promise<KnownConfig> {
    const name = `Pulumi.${stack}.yaml`;
    const isThere = fs.existsSync(stackFile(stack));
    const file = new StackFile(stack, isThere ? stackFile(stack) : defaultStackFile);
    const asWritten = pulumi && isThere ? await readStackConfig(pulumi, stack) : plain(file);
    const result = parseStackConfig(asWritten, stack);
    const account = awsAccount(asWritten.values, environment());
    if ("errors" in result) {
        return { file, account, checks: result.errors.map((line) => fail(name, line, `mend ${name}`)) };
    }
    const services = Object.keys(result.config.project.services).length;
    const found = isThere
        ? `no mistake; services: ${services}`
        : `is not there: ./scripts/up makes it from examples/nginx; services: ${services}`;
    return { file, config: result.config, account, checks: [ok(name, found)] };
}

/** A stack that was never up has no secrets yet. */
function plain(file: StackFile): StackConfig {
    const config = (file.get() ?? {}) as Record<string, unknown>;
    const entries = Object.entries(config).map(([key, value]) => {
        return [key, typeof value === "string" ? value : JSON.stringify(value)] as const;
    });
    return { values: Object.fromEntries(entries), secretKeys: [] };
}
