import * as readline from "node:readline/promises";
import { lossLines, lossPlans, losses } from "./losses";
import { UserError, say } from "./progress";
import type { StateResource } from "./state";

/** The person, as far as `down` needs one. */
export interface Person {
    /** Whether somebody sits there. */
    isThere: boolean;
    /** What is typed after a question; nothing where the input ends. */
    answer(question: string): Promise<string>;
}

/** Who runs this command. */
export const person: Person = {
    isThere: process.stdin.isTTY === true,
    async answer(question) {
        const lines = readline.createInterface({ input: process.stdin, output: process.stderr });
        const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
        try {
            return await Promise.race([lines.question(question), ended]);
        } finally {
            lines.close();
        }
    },
};

/**
 * Says which data goes with a stack, and which stays, and wants the stack's name typed. Nothing is said or asked where no
 * data goes.
 *
 * @param prefix `PROJECT-STACK`
 * @param isSure whether it was said before, by --yes
 * @throws UserError where it is not confirmed: nothing has been removed then
 */
export async function askBeforeLoss(
    stack: string,
    resources: StateResource[],
    prefix: string,
    { isSure, who = person }: { isSure: boolean; who?: Person },
): Promise<void> {
    const plans = lossPlans(resources);
    const lost = await losses(plans);
    if (lost.length === 0) return;
    say("this is removed, and cannot be restored:");
    for (const line of lossLines(lost, prefix)) say(`  ${line}`);
    for (const line of plans.flatMap(({ stays }) => stays)) say(`this is kept: ${line}`);
    if (isSure) return;
    const remedy = `If that is meant: ./scripts/down -s ${stack} --yes. To keep a copy: ./scripts/volume -s ${stack} save NAME FILE`;
    if (!who.isThere) throw new UserError(`nothing was removed: there is no terminal to ask at. ${remedy}`);
    const typed = await who.answer(`berth: to remove it, type the stack's name (${stack}): `);
    if (typed.trim() !== stack) {
        throw new UserError(`nothing was removed: that is not the stack's name, ${stack}. ${remedy}`);
    }
}
