import { z } from "zod";
import { nearestName } from "./nearestName";

/** The namespace of every config key, whatever the project is called after `pulumi new`. */
export const NAMESPACE = "berth";

type Issue = z.core.$ZodIssue;

/** Keys whose values, and all in them, never appear in an error. */
const PRIVATE = ["environment", "privateKey", "secrets", "password"];
const isPrivate = (path: PropertyKey[]) => PRIVATE.some((key) => path.includes(key));

/** What zod found, a line each: the place in the config, the value, and what is allowed. */
export function describeIssues(issues: Issue[], values: Record<string, unknown>, schema: z.ZodType): string[] {
    return leafIssues(issues).flatMap((issue) => describe(issue, values, schema));
}

/** What zod found, where it is: of a union, the issues of the branch that is meant. */
export function leafIssues(issues: Issue[]): Issue[] {
    return issues.flatMap(leaves);
}

/** A union's issue hides those of its branches: the branch that got furthest says most. */
function leaves(issue: Issue): Issue[] {
    if (issue.code === "invalid_key") return issue.issues.map((inner) => ({ ...inner, path: issue.path }));
    if (issue.code !== "invalid_union" || issue.errors.length === 0) return [issue];
    const depth = (branch: Issue[]) => Math.max(...branch.map((i) => i.path.length));
    const deepest = issue.errors.reduce((a, b) => (depth(b) > depth(a) ? b : a));
    if (depth(deepest) === 0) return [issue];
    return deepest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(leaves);
}

function describe(issue: Issue, values: Record<string, unknown>, schema: z.ZodType): string[] {
    if (issue.code === "unrecognized_keys") {
        return issue.keys.map((key) => {
            const known = knownKeys(issue.path, schema, values);
            const near = nearestName(key, known);
            const hint = near === undefined ? `the keys are: ${known.join(", ")}` : `did you mean ${near}?`;
            return `${pathText([...issue.path, key])}: unknown key; ${hint}`;
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

/** A step of a path in words: `.web`, `[0]`, `["a b"]`. */
export function pathStep(key: PropertyKey): string {
    if (typeof key === "number") return `[${key}]`;
    return /^[\w-]+$/.test(String(key)) ? `.${String(key)}` : `[${JSON.stringify(String(key))}]`;
}

/** The place of a value of the config: `berth:services.web`. */
export function pathText(path: readonly PropertyKey[]): string {
    const [first, ...rest] = path;
    return first === undefined ? NAMESPACE : `${NAMESPACE}:${String(first)}${rest.map(pathStep).join("")}`;
}
