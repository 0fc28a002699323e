/**
 * Returns what a host, or a program that talks to one, printed in a form that a terminal may show: no escape sequences,
 * and no control characters besides tab and newline.
 */
export function printable(text: string): string {
    return text

        .replace(/\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])/g, "")
        .replace(/\r+\n?/g, "\n")

        .replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}
