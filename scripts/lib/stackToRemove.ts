import { variable } from "../../components/environment";
import { UserError } from "./progress";
import { DEFAULT_STACK, splitStack } from "./stack";

/**
 * Takes the stack that `down` removes out of its arguments. A variable that was set some time ago, for something else,
 * does not choose what goes: where PULUMI_STACK names another stack than the default, it has to be said.
 *
 * @returns the stack (`local` where none is named) and the other arguments
 * @throws UserError with both ways to say it
 */
export function stackToRemove(args: string[], env?: NodeJS.ProcessEnv): { stack: string; rest: string[] } {
    const { stack, named, rest } = splitStack(args, {});
    const chosen = variable("PULUMI_STACK", env);
    if (named || chosen === undefined || chosen === DEFAULT_STACK) return { stack, rest };
    throw new UserError(
        `PULUMI_STACK=${chosen} is set, and that alone does not choose what is removed: nothing was. Name the stack: ` +
            `./scripts/down -s ${chosen}, or, for the default, ./scripts/down -s ${DEFAULT_STACK}`,
    );
}
