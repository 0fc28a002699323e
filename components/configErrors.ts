import { z } from "zod";

/** The namespace of every config key, whatever the project is called after `pulumi new`. */
export const NAMESPACE = "berth";

type Issue = z.core.$ZodIssue;

/** Keys whose values never appear in an error. */
const isPrivate = (path: PropertyKey[]) => path.includes("environment") || path.includes("privateKey");

/** What zod found, a line each: the place in the config, the value, and what is allowed. */
export function describeIssues(issues: Issue[], values: Record<string, unknown>, schema: z.ZodType): string[] {
    return issues.flatMap(leafIssues).flatMap((issue) => describe(issue, values, schema));
}

/** A union's issue hides those of its branches: the branch that got furthest says most. */
function leafIssues(issue: Issue): Issue[] {
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
    const depth = (branch: Issue[]) => Math.max(...branch.map((i) => i.path.length));
    const deepest = issue.errors.reduce((a, b) => (depth(b) > depth(a) ? b : a));
    if (depth(deepest) === 0) return [issue];
    return deepest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(leafIssues);
}

function describe(issue: Issue, values: Record<string, unknown>, schema: z.ZodType): string[] {
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map((key) => {
            const isService = issue.path[0] === "services" && issue.path.length === 2;
            const why = isService ? "Berth does not support this key; it supports" : "unknown key; the keys are";
            return `${pathText([...issue.path, key])}: ${why}: ${knownKeys(issue.path, schema, values).join(", ")}`;
        });
    }
    const value = issue.path.reduce<unknown>(
        (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
        values,
    );
    const got =
        value === undefined || typeof value === "object" || isPrivate(issue.path) ? "" : ` ${JSON.stringify(value)}:`;
    const missing = value === undefined && issue.code === "invalid_type" && /^Invalid input/.test(issue.message);
    return [`${pathText(issue.path)}:${got} ${missing ? "it is missing" : issue.message}`];
}

function knownKeys(path: PropertyKey[], root: z.ZodType, values: unknown): string[] {
    let [schema, value]: [unknown, unknown] = [unwrap(root, values), values];
    for (const key of path) {
        value = (value as Record<PropertyKey, unknown> | undefined)?.[key];
        schema = unwrap(childSchema(schema, key), value);
    }
    return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}

function childSchema(schema: unknown, key: PropertyKey): unknown {
    if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, unknown>)[key];
    if (schema instanceof z.ZodRecord) return schema.valueType;
    return undefined;
}

/** What is inside of defaults and options; of a union that `kind` tells apart, the branch of the value's kind. */
function unwrap(schema: unknown, value: unknown): unknown {
    if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
        return unwrap(schema.unwrap(), value);
    }
    if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
    const { kind } = value as { kind?: unknown };
    return schema.options.find((o) => o instanceof z.ZodObject && isKind(o.shape, kind));
}

function isKind(shape: Record<string, unknown>, kind: unknown): boolean {
    return shape.kind instanceof z.ZodLiteral && shape.kind.values.has(kind as string);
}

function pathText(path: PropertyKey[]): string {
    const [first, ...rest] = path;
    const tail = rest.map((key) => {
        if (typeof key === "number") return `[${key}]`;
        return /^[\w-]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
    });
    return first === undefined ? NAMESPACE : `${NAMESPACE}:${String(first)}${tail.join("")}`;
}
