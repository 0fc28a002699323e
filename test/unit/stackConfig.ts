import { parseConfig } from "../../components/config";

/** The config of a stack in a folder without files, as Pulumi hands it over: objects as JSON texts. */
export function parse(
    values: Record<string, unknown>,
    context: Partial<Parameters<typeof parseConfig>[1]> = {},
): ReturnType<typeof parseConfig> {
    const raw = Object.entries(values).map(([key, v]) => [key, typeof v === "string" ? v : JSON.stringify(v)] as const);
    return parseConfig(Object.fromEntries(raw), {
        directory: "/nowhere",
        environment: {},
        secretKeys: [],
        projectName: "shop-dev",
        ...context,
    });
}

export function errorsOf(...args: Parameters<typeof parse>): string[] {
    const result = parse(...args);
    return "errors" in result ? result.errors : [];
}
