/** What a shell would do something with, and Compose cuts the command off at. */
const SHELL_ONLY = /[;&|<>()`]/;

/**
 * Splits a command as Compose does: words apart by spaces; quotes keep spaces, and a backslash keeps any character.
 *
 * @returns what is wrong, as a text, where there are no words to be had
 * @see https://pkg.go.dev/github.com/mattn/go-shellwords
 */
export function shellWords(text: string): string[] | string {
    const words: string[] = [];
    let word: string | undefined;
    let quote: string | undefined;
    for (let i = 0; i < text.length; i++) {
        const char = text[i] ?? "";
        if (quote === "'") {
            if (char === "'") quote = undefined;
            else word = (word ?? "") + char;
        } else if (char === "\\" && i + 1 < text.length) {
            word = (word ?? "") + (text[++i] ?? "");
        } else if (char === quote) {
            quote = undefined;
        } else if (quote === undefined && (char === "'" || char === '"')) {
            quote = char;
            word ??= "";
        } else if (quote === undefined && /\s/.test(char)) {
            if (word !== undefined) words.push(word);
            word = undefined;
        } else if (quote === undefined && SHELL_ONLY.test(char)) {
            return `no shell reads it, so ${char} means nothing here; put it in quotes, or write ["sh", "-c", "..."]`;
        } else {
            word = (word ?? "") + char;
        }
    }
    if (quote !== undefined) return "a quote is never closed";
    return word === undefined ? words : [...words, word];
}
