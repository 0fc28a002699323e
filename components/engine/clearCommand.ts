import { shellQuote } from "../shellQuote";

/**
 * The command that removes what carries all the labels of a stack from an engine of which the stack's state knows
 * nothing yet: containers and networks on a disk that an earlier server left, whose names would be taken. No volume is
 * removed, be it anonymous.
 */
export function clearCommand(labels: Record<string, string>): string {
    const filters = Object.entries(labels).map(([label, value]) => `--filter ${shellQuote(`label=${label}=${value}`)}`);
    const all = filters.join(" ");
    return `docker ps -aq ${all} | xargs -r docker rm -f && docker network ls -q ${all} | xargs -r docker network rm`;
}
