import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { root } from "./paths";

/** Labels on everything of a stack, as index.ts gives them. The project's name is the person's after `pulumi new`. */
export function stackLabels(stack: string): Record<string, string> {
    return { "berth.project": projectName(), "berth.stack": stack };
}

/** Whether tags of AWS are those of a stack: the same words as its labels. */
export const hasLabels = (tags: { Key?: string; Value?: string }[] = [], stack: string): boolean =>
    Object.entries(stackLabels(stack)).every(([key, value]) =>
        tags.some(({ Key, Value }) => Key === key && Value === value),
    );

/** What all of a stack's containers, folders and units are called after: `PROJECT-STACK`. */
export const stackPrefix = (stack: string) => `${projectName()}-${stack}`;

/** The project's name, as Pulumi.yaml has it. */
export function projectName(): string {
    return (parse(fs.readFileSync(path.join(root, "Pulumi.yaml"), "utf8")) as { name: string }).name;
}

/** Options of `docker ps` and its like that list only what carries all of the labels. */
export const labelFilters = (labels: Record<string, string>) =>
    Object.entries(labels).flatMap(([label, value]) => ["--filter", `label=${label}=${value}`]);
