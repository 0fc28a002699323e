/**
 * From nothing to HTTP 200, on a fresh embedded host: `./scripts/up` by phase, and plain bash over one SSH session
 * doing the same beside it, in turn. Images, lab and toolchain are there before; run `./scripts/up` once to make them.
 *
 *     node --import tsx bench/firstUp.ts [ROUNDS]
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { cloudConfig } from "../components/host/cloudConfig";
import { execute, run } from "../scripts/lib/commands";
import { stackFile } from "../scripts/lib/paths";
import { freePort } from "../scripts/lib/stack";
import { plainInstall } from "./plainInstall";
import { type Phase, measurePhases } from "./phases";

const rounds = Number(process.argv[2] ?? 3);
const stack = `bench-${process.pid}`;
const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
const seconds = (value: number) => value.toFixed(1).padStart(6);

async function main(): Promise<void> {
    const local = parse(fs.readFileSync(stackFile("local"), "utf8")) as {
        config: Record<string, Record<string, unknown>>;
    };
    const port = await freePort(18080);
    const phases: Phase[][] = [];
    const plain: number[] = [];
    for (let round = 0; round < rounds; round++) {
        phases.push(await berth(local.config, port));
        plain.push(await bash(local.config, port));
    }
    const names = phases[0]?.map((p) => p.name) ?? [];
    for (const name of names) {
        const values = phases.map((round) => round.find((p) => p.name === name)?.seconds ?? 0);
        process.stdout.write(`${name.padEnd(34)} ${seconds(median(values))}s\n`);
    }
    const totals = phases.map((round) => round.reduce((sum, p) => sum + p.seconds, 0));
    process.stdout.write(
        `${"./scripts/up, in all".padEnd(34)} ${seconds(median(totals))}s  (${totals.map((t) => t.toFixed(1)).join(", ")})\n`,
    );
    process.stdout.write(
        `${"plain bash, in all".padEnd(34)} ${seconds(median(plain))}s  (${plain.map((t) => t.toFixed(1)).join(", ")})\n`,
    );
    process.stdout.write(
        `${"ratio of the medians".padEnd(34)} ${(median(totals) / median(plain)).toFixed(2).padStart(6)}\n`,
    );
}

async function berth(config: Record<string, Record<string, unknown>>, port: number): Promise<Phase[]> {
    const sshPort = await freePort(21022);
    const own = structuredClone(config);
    own["berth:host"] = { ...own["berth:host"], sshPort };
    own["berth:services"] = { web: { image: "nginx:1.30", ports: [`${port}:80`], restart: "unless-stopped" } };
    fs.writeFileSync(stackFile(stack), JSON.stringify({ config: own }));
    try {
        return await measurePhases("./scripts/up", ["--stack", stack], `http://127.0.0.1:${port}`);
    } finally {
        await execute("./scripts/down", ["--stack", stack, "--yes"], { stdio: "ignore" });
        await run("./scripts/pulumi", ["stack", "rm", "--yes", stack]);
        fs.rmSync(stackFile(stack), { force: true });
    }
}

/** The same machine by `docker run`, the same packages, the same container; one SSH session. */
async function bash(config: Record<string, Record<string, unknown>>, port: number): Promise<number> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-bench-"));
    const key = (name: string) => fs.readFileSync(path.join(folder, name), "utf8").trim();
    for (const name of ["client", "host"]) {
        await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(folder, name)]);
    }
    const userData = cloudConfig({
        user: "ubuntu",
        authorizedKey: key("client.pub"),
        hostPrivateKey: `${key("host")}\n`,
        hostPublicKey: key("host.pub"),
    });
    try {
        return await plainInstall({ folder, userData, hostKey: key("host.pub"), port, config });
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
