import { splitStack } from "./stack";
import { UserError } from "./progress";

/** The options of ours that stand before another tool's words. */
export interface LeadingOptions {
    stack: string;
    /** As `-H` names it. */
    host?: string;
    help: boolean;
    /** The other tool's words, untouched. */
    rest: string[];
}

/**
 * Takes `-s STACK`, `-H HOST` and `--help` from the front of the arguments. The first word that is none of them, or
 * `--`, begins the other tool's.
 *
 * @throws UserError when a value is missing, or no name of a stack
 */
export function leadingOptions(args: string[], env?: NodeJS.ProcessEnv): LeadingOptions {
    const words = [...args];
    const ofStack: string[] = [];
    let host: string | undefined;
    let help = false;
    for (let word = words[0]; word !== undefined; word = words[0]) {
        const joined = /^(--stack|--host|-s|-H)=(.*)$/s.exec(word);
        const name = joined?.[1] ?? word;
        if (name === "--help") help = true;
        else if (["-s", "--stack", "-H", "--host"].includes(name)) {
            const value = joined ? joined[2] : words.splice(1, 1)[0];
            if (!value) throw new UserError(`${name}: its value is missing`);
            if (name === "-H" || name === "--host") host = value;
            else ofStack.splice(0, 2, "-s", value);
        } else break;
        words.shift();
    }
    if (words[0] === "--") words.shift();
    return { stack: splitStack(ofStack, env).stack, ...(host !== undefined && { host }), help, rest: words };
}
