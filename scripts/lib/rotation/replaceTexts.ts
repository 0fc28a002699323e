/** What stands for secrets in a state that shows them: `plaintext` holds JSON. */
const PLAINTEXT = "plaintext";

/**
 * A copy of a state in which texts are others, wherever they stand: in secrets too, which are JSON within JSON.
 *
 * @param changes from what to what
 */
export function replaceTexts<Value>(value: Value, changes: ReadonlyMap<string, string>): Value {
    return walk(value, [...changes]) as Value;
}

function walk(value: unknown, changes: [string, string][]): unknown {
    if (typeof value === "string") return changes.reduce((text, [from, to]) => text.replaceAll(from, to), value);
    if (Array.isArray(value)) return value.map((one) => walk(one, changes));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(
        Object.entries(value).map(([key, below]) => {
            const isSecret = key === PLAINTEXT && typeof below === "string";
            return [key, isSecret ? JSON.stringify(walk(JSON.parse(below), changes)) : walk(below, changes)];
        }),
    );
}
