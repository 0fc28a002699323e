import * as fs from "node:fs";
import * as path from "node:path";
import { asRoot } from "../../components/host/asRoot";
import { hostFolder } from "../../components/services/files/hostFolder";
import { expectedOn } from "./drift/expected";
import { hostCommand } from "./hostCommand";
import { type NamedHost, chosenHosts, openStack } from "./hosts";
import { stackPrefix } from "./labels";
import { overSsh } from "./overSsh";
import { UserError, print } from "./progress";
import { Pulumi } from "./pulumiCli";
import { StackFile, alone } from "./stack";
import { table } from "./table";

const USAGE = `./scripts/prune [-s STACK] [-H HOST] [--keep N] [--dry-run]

Removes images that no container uses, and build cache as old. The newest N releases of each service keep theirs (default:
berth:keepReleases, or 3), so that ./scripts/rollback can go back to them; older ones leave the list of releases. On a
server that others use too, only images that the stack has built go. --dry-run shows what would go.
`;
const DEFAULT_KEEP = 3;
const TIMEOUT = 600_000;
const script = (name: string) => fs.readFileSync(path.join(__dirname, "..", name), "utf8");

hostCommand(USAGE, ({ stack, host, rest }) => {
    const { asked, dryRun } = readArgs(rest);
    return alone(stack, async () => {
        const { hosts, resources } = await openStack(await Pulumi.find(), stack);
        const prefix = stackPrefix(stack);
        const keep = asked ?? keptBy(new StackFile(stack));
        for (const one of chosenHosts(hosts, host)) {
            const isAlone = expectedOn(one, resources, prefix).dedicated;
            print(await prune(one, prefix, { keep, dryRun, which: isAlone ? "all" : "own" }));
        }
        return 0;
    });
});

/** How many releases the stack's file keeps. */
function keptBy(file: StackFile): number {
    const said = file.get("berth:keepReleases") ?? DEFAULT_KEEP;
    if (typeof said === "number" && isCount(String(said))) return said;
    throw new UserError(`berth:keepReleases: ${JSON.stringify(said)}: write a whole number from 1 to 100`);
}

function isCount(text: string): boolean {
    return /^[1-9]\d{0,2}$/.test(text);
}

function readArgs(words: string[]): { asked?: number; dryRun: boolean } {
    const at = words.findIndex((word) => /^--keep(=|$)/.test(word));
    const joined = /^--keep=(.*)$/.exec(words[at] ?? "")?.[1];
    const keep = at < 0 ? undefined : (joined ?? words[at + 1] ?? "");
    const used = at < 0 ? 0 : joined === undefined ? 2 : 1;
    const others = words.filter((_, index) => at < 0 || index < at || index >= at + used);
    if ((keep !== undefined && !isCount(keep)) || others.some((word) => word !== "--dry-run")) {
        throw new UserError(`${words.join(" ")}: not understood; --keep takes 1 to 999\n${USAGE}`);
    }
    return { asked: keep === undefined ? undefined : Number(keep), dryRun: others.length > 0 };
}

interface PruneOptions {
    keep: number;
    dryRun: boolean;
    which: "all" | "own";
}

async function prune(host: NamedHost, prefix: string, { keep, dryRun, which }: PruneOptions): Promise<string> {
    const folder = hostFolder(prefix);
    if (!dryRun) {
        const record = ["bash", "--norc", "-c", script("record-releases.sh"), "record-releases"];
        await onHost(host, [...record, "forget", prefix, folder, String(keep)]);
    }
    const words = ["bash", "-s", "--", prefix, folder, String(keep), which, dryRun ? "show" : "remove"];
    const lines = (await onHost(host, words, script("prune-images.sh"))).split("\n").filter(Boolean);
    const images = lines.flatMap((line) => {
        const [, id = "", size = "", name = ""] = /^sha256:([0-9a-f]{12})\S* (\d+) ?(.*)$/.exec(line) ?? [];
        return id === "" ? [] : [[name || "<none>", id, `${(Number(size) / 1e6).toFixed(1)}MB`]];
    });
    const rest = lines.filter((line) => !line.startsWith("sha256:")).map((line) => `build cache: ${line}\n`);
    const verb = dryRun ? "would go" : "gone";
    const title = `${host.name}: ${images.length} image${images.length === 1 ? "" : "s"} ${verb}\n`;
    return `${title}${images.length > 0 ? table([["IMAGE", "ID", "SIZE"], ...images]) : ""}${rest.join("")}`;
}

/** @throws UserError with the host's own words */
async function onHost(host: NamedHost, words: string[], input?: string): Promise<string> {
    const result = await overSsh(host, asRoot(host.user, words), { input, timeout: TIMEOUT });
    if (result.exitCode !== 0) throw new UserError(`${host.name}: ${result.all.split("\n").at(-1)}`);
    return result.stdout;
}
