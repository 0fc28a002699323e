import { type Rollbacks, isReleaseOf, versionOf } from "../../components/services";
import { execute } from "./commands";
import { type Release, readLedgers } from "./ledger";
import { root } from "./paths";
import { UserError, main, say } from "./progress";
import { Pulumi } from "./pulumiCli";
import { releaseToGoTo, releasedTogether, serviceOf } from "./rollbackTarget";
import { StackFile, splitStack } from "./stack";
import { qualifiedName } from "./stackName";
import { exportState } from "./state";
import { parseStackConfig, readStackConfig } from "./stackConfig";

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
    const { services, to, undo, dryRun } = readArgs(rest);
    const pulumi = await Pulumi.find();
    await exportState(pulumi, stack); // fails where there is none
    const file = new StackFile(stack);
    const before = (file.get(PLACE) ?? {}) as Rollbacks;
    const rollbacks = undo
        ? without(before, services)
        : { ...before, ...(await goBack(pulumi, stack, before, services, to)) };
    write(file, rollbacks);
    if (!dryRun) return run("./scripts/up", ["-s", qualifiedName(stack)]);
    try {
        return await run("./scripts/pulumi", ["preview", "-s", qualifiedName(stack)]);
    } finally {
        write(new StackFile(stack), before);
    }
});

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

/** What is to stand in the stack's file for each service. */
async function goBack(
    pulumi: Pulumi,
    stack: string,
    before: Rollbacks,
    asked: string[],
    to: number | undefined,
): Promise<Rollbacks> {
    const [releases = []] = await readLedgers(pulumi, stack);
    const { project, written } = await currentConfig(pulumi, stack);
    const wanted = asked.length > 0 ? asked : to === undefined ? releasedTogether(releases) : [serviceOf(releases, to)];
    const entries = wanted.map((service): [string, Rollbacks[string]] => {
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
        say(`${service}: back to release ${target.release}, of ${target.time} (${target.of})`);
        return [service, { release: target.release, of, service: restored(target) }];
    });
    return Object.fromEntries(entries);
}

/** A service as it was, with the very image that it had. */
function restored({ written, restore, of }: Release): Record<string, unknown> {
    const service = { ...(written as Record<string, unknown>) };
    delete service.build;
    const isTag = !restore.includes("@");
    const pull = isTag ? { pull_policy: "never" } : service.pull_policy === "always" ? { pull_policy: "missing" } : {};
    // The name of the image tells how it is probed; its digest, which one it is.
    const name = isTag ? restore : `${of.replace(/@.*$/, "")}@${restore.split("@")[1] ?? ""}`;
    return { ...service, image: name, ...pull };
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
    if (Object.keys(rollbacks).length === 0) file.delete([PLACE]);
    else file.set([PLACE], rollbacks);
    file.save();
}

async function run(script: string, args: string[]): Promise<number> {
    const { exitCode } = await execute(script, args, { cwd: root, stdio: "inherit" });
    return exitCode ?? 1;
}
