import { projectName } from "./labels";
import { UserError } from "./progress";

const NAME = /^[A-Za-z0-9_][\w.-]{0,99}$/;
const ORGANIZATION = /^[A-Za-z0-9][\w.-]*$/;

/** Names as Pulumi wants them, by the plain ones, where the person wrote more than those. */
const qualified = new Map<string, string>();

/**
 * Reads the name of a stack as Pulumi prints and takes it: `prod`, `ORGANIZATION/prod` or `ORGANIZATION/PROJECT/prod`.
 *
 * @param project this project's name. Default: that of Pulumi.yaml
 * @returns the plain name, which the stack's file, labels, locks and names on hosts have. Pulumi is asked for the stack by
 *     what was written (`qualifiedName`)
 * @throws UserError where it is no name, or another project's stack
 */
export function readStackName(text: string, project = projectName()): string {
    const parts = text.split("/");
    const name = parts.at(-1) ?? "";
    if (parts.length > 3 || !NAME.test(name) || !parts.slice(0, -1).every((part) => ORGANIZATION.test(part))) {
        throw new UserError(
            `${JSON.stringify(text)} is not the name of a stack: write letters, digits, "-", "_" and ".", at most 100; ` +
                `ORGANIZATION/${project}/ may stand before it`,
        );
    }
    if (parts.length === 3 && parts[1] !== project) {
        throw new UserError(
            `${text} is a stack of the project ${parts[1]}; this one is ${project} (Pulumi.yaml): ` +
                `write ${parts[0]}/${project}/${name}, or go to the folder of the other project`,
        );
    }
    if (parts.length > 1) qualified.set(name, text);
    return name;
}

/** Returns the name by which Pulumi is asked for a stack: with organization and project where the person wrote them. */
export const qualifiedName = (name: string): string => qualified.get(name) ?? name;

/** Has the words of a Pulumi command, as our scripts write them, name the stack as the person did. */
export const withQualifiedNames = (words: string[]): string[] =>
    words.map((word, at) => (["--stack", "init"].includes(words[at - 1] ?? "") ? qualifiedName(word) : word));
