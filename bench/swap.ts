/**
 * What clients notice of deploys: the Java example behind nginx, asked all the time by clients that never ask twice, left
 * alone and while versions are exchanged. Images, lab and toolchain are there before.
 *
 *     node --import tsx bench/swap.ts [DEPLOYS]
 */
import * as path from "node:path";
import { ExampleApp } from "../test/hosts/exampleApp";
import { Load, type Seen, percentile } from "../test/hosts/load";
import { table } from "../scripts/lib/table";

const deploys = Number(process.argv[2] ?? 10);
const QUIET_SECONDS = 20;

async function main(): Promise<void> {
    const app = await ExampleApp.create("bench");
    const rows = [["", "REQUESTS", "FAILED", "P50 MS", "P99 MS", "LONGEST MS"]];
    try {
        await app.release("0");
        const load = (connections: "close" | "keep-alive") =>
            new Load({ port: app.port, path: "/version", clients: 6, connections, pause: 50 });
        const measure = async (what: string, work: () => Promise<unknown>) => {
            const loads = [load("close"), load("keep-alive")];
            await work();
            const [close, kept] = await Promise.all(loads.map((one) => one.stop()));
            if (close) rows.push(row(`${what}, a connection for each`, close));
            if (kept) rows.push(row(`${what}, connections kept`, kept));
        };
        await measure("left alone", () => new Promise((resolve) => setTimeout(resolve, QUIET_SECONDS * 1000)));
        await measure(`${deploys} deploys`, async () => {
            for (let i = 1; i <= deploys; i++) await app.release(String(i));
        });
    } finally {
        await app.remove();
    }
    process.stdout.write(table(rows));
}

function row(what: string, { ok, failed, answers }: Seen): string[] {
    const times = [0.5, 0.99, 1].map((part) => percentile(answers, part).toFixed(1));
    return [what, String(ok + failed.length), String(failed.length), ...times];
}

process.chdir(path.join(__dirname, ".."));
void main();
