import { shellQuote } from "../shellQuote";

/**
 * The command that removes what carries all the labels of a stack from an engine of which the stack's state knows
 * nothing yet: containers and networks on a disk that an earlier server left, whose names would be taken. No volume is
 * removed, not even one without a name. It fails, and removes nothing, where the engine does not answer.
 */
export function clearCommand(labels: Record<string, string>): string {
    const filters = Object.entries(labels).map(([label, value]) => `--filter ${shellQuote(`label=${label}=${value}`)}`);
    const all = filters.join(" ");
    // The lists first: a pipe's failing left side is an empty list to the right one.
    return [
        `containers=$(docker ps -aq ${all})`,
        `networks=$(docker network ls -q ${all})`,
        `printf %s "$containers" | xargs -r docker rm -f`,
        `printf %s "$networks" | xargs -r docker network rm`,
    ].join(" && ");
}
