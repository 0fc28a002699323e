/** Rows for people, the first one being the columns' names: each column as wide as its longest cell. */
export function table(rows: string[][]): string {
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
    return rows.map((row) => `${line(row).trimEnd()}\n`).join("");
}
