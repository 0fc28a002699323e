import type { Exposure } from "../../components/host";
import { describeRanges, portName } from "../../components/host";

/** The exposure of a host for people: a line for each port. */
export function exposureTable(rows: Exposure[]): string {
    const cells = rows.map((row) => [portName(row), describeRanges(row.from), row.why]);
    const table = [["PORT", "WHO", "WHY"], ...cells];
    const width = (column: number) => Math.max(...table.map((row) => row[column]?.length ?? 0));
    const [first, second] = [width(0), width(1)];
    return table
        .map(([port = "", who = "", why = ""]) => `${port.padEnd(first)}  ${who.padEnd(second)}  ${why}\n`)
        .join("");
}
