/** The last line that a remote command prints. What a login's own start files print comes before it. */
export const lastLine = (output: string) => output.trim().split("\n").at(-1) ?? "";
