import { shellQuote } from "../shellQuote";

/** A command line that runs the words as root, for a login that is root or may use sudo. */
export function asRoot(login: string, words: string[]): string {
    return [...(login === "root" ? [] : ["sudo", "-n"]), ...words].map(shellQuote).join(" ");
}
