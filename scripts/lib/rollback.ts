import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Rollbacks, isReleaseOf, versionOf } from "../../components/services";
import { openStack } from "./hosts";
import { stackPrefix } from "./labels";
import { type Release, readLedgers } from "./ledger";
import { UserError, main, say } from "./progress";
import { Pulumi } from "./pulumiCli";
import { registryAsker } from "./registryAsker";
import { type Proof, giveTags, proveTargets, sharedReference } from "./rollbackProof";
import { releaseToGoTo, releasedTogether, serviceOf } from "./rollbackTarget";
import { StackFile, alone, splitStack } from "./stack";
import { type StateResource, exportState, findState } from "./state";
import { parseStackConfig, readStackConfig } from "./stackConfig";
import { up } from "./up";

const USAGE = `./scripts/rollback [-s STACK] [SERVICE …] [--to RELEASE | --undo] [--dry-run]

Puts services back to their last good release, or to that of this number, by an ordinary update. Without a service: those
of the newest release. It holds until the service is changed, or --undo goes forward again. --dry-run shows the plan only.
./scripts/releases lists the releases.
`;
const PLACE = "berth:rollback";

main(async () => {
    if (process.argv.includes("--help")) {
        process.stdout.write(USAGE);
        return 0;
    }
    const { stack, rest } = splitStack(process.argv.slice(2));
    const wish = readArgs(rest);
    const pulumi = await Pulumi.find();
    return alone(stack, () => rollback(pulumi, stack, wish));
});

async function rollback(pulumi: Pulumi, stack: string, { services, to, undo, dryRun }: ReturnType<typeof readArgs>) {
    const { deployment } = await exportState(pulumi, stack); // fails where there is none
    const file = new StackFile(stack);
    const before = (file.get(PLACE) ?? {}) as Rollbacks;
    const back = undo ? undefined : await goBack(pulumi, stack, before, services, to);
    const rollbacks = back ? { ...before, ...back.rollbacks } : without(before, services);
    if (dryRun) return preview(pulumi, stack, file, rollbacks);
    await giveTags(back?.proofs ?? []);
    write(file, rollbacks);
    let code: number | undefined;
    try {
        code = await up(stack, [], { lab: false, repair: false });
    } finally {
        if (code !== 0) await afterFailure(pulumi, stack, { before, resources: deployment?.resources });
    }
    return code;
}

/** Where the update has changed nothing, nothing stays written; else it says how to go on. */
async function afterFailure(
    pulumi: Pulumi,
    stack: string,
    { before, resources }: { before: Rollbacks; resources?: StateResource[] },
): Promise<void> {
    const now = await findState(pulumi, stack).catch(() => undefined); // then it may have changed something
    if (now && isDeepStrictEqual(now.deployment?.resources, resources)) {
        write(new StackFile(stack), before);
        say(`the update has changed nothing: ${PLACE} in Pulumi.${stack}.yaml is as it was`);
    } else {
        say(
            `the update has failed in the middle. ./scripts/up -s ${stack} tries again; ` +
                `./scripts/rollback -s ${stack} --undo goes forward again`,
        );
    }
}

/** Shows the plan; the stack's file stays as it is. */
async function preview(pulumi: Pulumi, stack: string, file: StackFile, rollbacks: Rollbacks): Promise<number> {
    await openStack(pulumi, stack); // the plan may dial
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-rollback-"));
    try {
        const planned = path.join(folder, "Pulumi.yaml");
        set(file, rollbacks);
        fs.writeFileSync(planned, file.text(), { mode: 0o600 });
        return await pulumi.show(["preview", "--stack", stack, "--config-file", planned]);
    } finally {
        fs.rmSync(folder, { recursive: true });
    }
}

function readArgs(args: string[]) {
    const services: string[] = [];
    let to: number | undefined;
    const words = [...args];
    for (let word = words.shift(); word !== undefined; word = words.shift()) {
        const number = word === "--to" ? words.shift() : /^--to=(.*)$/.exec(word)?.[1];
        if (number !== undefined && /^[1-9]\d*$/.test(number)) to = Number(number);
        else if (word === "--undo" || word === "--dry-run") continue;
        else if (word.startsWith("-")) throw new UserError(`${word} ${number ?? ""}: not understood\n${USAGE}`);
        else services.push(word);
    }
    const undo = args.includes("--undo");
    if (undo && to !== undefined) throw new UserError("write --to or --undo, not both");
    return { services, to, undo, dryRun: args.includes("--dry-run") };
}

function without(before: Rollbacks, services: string[]): Rollbacks {
    const gone = services.length === 0 ? Object.keys(before) : services;
    const missing = gone.filter((service) => !Object.hasOwn(before, service));
    if (gone.length === 0 || missing.length > 0) {
        throw new UserError(`${missing.join(", ") || "no service"} is not put back: there is nothing to undo`);
    }
    return Object.fromEntries(Object.entries(before).filter(([service]) => !gone.includes(service)));
}

/** What is to stand in the stack's file for each service, and the proof that every host has its image, or gets it. */
async function goBack(
    pulumi: Pulumi,
    stack: string,
    before: Rollbacks,
    asked: string[],
    to: number | undefined,
): Promise<{ rollbacks: Rollbacks; proofs: Proof[] }> {
    const ledgers = await readLedgers(pulumi, stack);
    const releases = ledgers[0]?.releases ?? [];
    const { project, written } = await currentConfig(pulumi, stack);
    const wanted = asked.length > 0 ? asked : to === undefined ? releasedTogether(releases) : [serviceOf(releases, to)];
    const targets = wanted.map((service) => {
        const spec = project.services[service];
        if (!spec) {
            throw new UserError(`the stack has no service ${service}; it has: ${Object.keys(written).join(", ")}`);
        }
        const of = versionOf(written[service], spec);
        const runs = releases.filter((one) => one.service === service).at(-1);
        const target = releaseToGoTo(releases, service, {
            to,
            // What is put back already goes back further.
            before: before[service]?.of === of ? before[service].release : undefined,
            isLive: runs !== undefined && isReleaseOf(runs, written[service], spec),
        });
        return { of, release: target, reference: sharedReference(target, ledgers.length, stackPrefix(stack)) };
    });
    const proofs = await proveTargets(ledgers, targets, registryAsker(pulumi, stack));
    const entries = targets.map(({ of, release, reference }): [string, Rollbacks[string]] => {
        say(`${release.service}: back to release ${release.release}, of ${release.time} (${release.of})`);
        return [release.service, { release: release.release, of, service: restored(release, reference) }];
    });
    return { rollbacks: Object.fromEntries(entries), proofs };
}

/** A service as it was, with the very image that it had. */
function restored({ written }: Release, reference: string): Record<string, unknown> {
    const service = { ...(written as Record<string, unknown>) };
    delete service.build;
    const isTag = !reference.includes("@");
    const pull = isTag ? { pull_policy: "never" } : service.pull_policy === "always" ? { pull_policy: "missing" } : {};
    return { ...service, image: reference, ...pull };
}

/** The config as it is written, without what is put back. */
async function currentConfig(pulumi: Pulumi, stack: string) {
    const { values, secretKeys } = await readStackConfig(pulumi, stack);
    delete values[PLACE];
    const result = parseStackConfig({ values, secretKeys }, stack);
    if ("errors" in result)
        throw new UserError(`the config of stack ${stack} cannot be read:\n${result.errors.join("\n")}`);
    if (result.config.secretServices) {
        throw new UserError(
            "berth:services is secret, and would be in the clear in the stack's file: put it back by hand",
        );
    }
    return result.config;
}

function write(file: StackFile, rollbacks: Rollbacks): void {
    set(file, rollbacks);
    file.save();
}

function set(file: StackFile, rollbacks: Rollbacks): void {
    if (Object.keys(rollbacks).length === 0) file.delete([PLACE]);
    else file.set([PLACE], rollbacks);
}
