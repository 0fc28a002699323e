import { shellQuote } from "../shellQuote";

/**
 * The command that removes what carries all the labels of a stack from an engine of which the stack's state knows
 * nothing yet: containers on a disk that an earlier server left, whose names would be taken. Volumes with a name stay.
 */
export function clearCommand(labels: Record<string, string>): string {
    const filters = Object.entries(labels).map(([label, value]) => `--filter ${shellQuote(`label=${label}=${value}`)}`);
    return `docker ps -aq ${filters.join(" ")} | xargs -r docker rm -f -v`;
}
