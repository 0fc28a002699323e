import { aws } from "./doctor/aws";
import type { Check } from "./doctor/check";
import { network, programs } from "./doctor/computer";
import { type KnownConfig, checkStackConfig } from "./doctor/config";
import { dockerArchitecture, machineOf, memory, portsHere, reach, server } from "./doctor/host";
import { containers } from "./doctor/containers";
import { images } from "./doctor/images";
import { engineHere } from "./doctor/engine";
import { lastUpdate } from "./doctor/lastUpdate";
import { stackCommand } from "./hostCommand";
import { type LiveStack, ensureKeys, hostsIn } from "./hosts";
import { stackLabels } from "./labels";
import { print } from "./progress";
import { Pulumi } from "./pulumiCli";
import { serverOf } from "./serverOf";
import { findState } from "./state";
import { findToolchain } from "./toolchain";

const USAGE = `./scripts/doctor [-s STACK]

Looks at this computer, the stack's config, and what it leads to: programs, network, ports, SSH, AWS, memory. Each line says
how it is; what is not well says what to do. Changes nothing.

Exit code: 0 where all is well, or only may not be; 1 where something must be mended.
`;
const SIGNS = { ok: "ok  ", warn: "warn", fail: "FAIL" };

stackCommand(USAGE, async (stack) => {
    const checks = [...say(await programs())];
    // Without a Pulumi there is no state yet, and none is built for a question.
    const pulumi = (await findToolchain()) ? await Pulumi.find() : undefined;
    const state = pulumi && (await findState(pulumi, stack));
    const known = await checkStackConfig(stack, state && pulumi);
    checks.push(...say(known.checks));
    if (pulumi && state) checks.push(...say(await lastUpdate(pulumi, stack, state)));
    const kind = known.file.get("berth:host", "kind");
    checks.push(...say(await network(known.file)));
    const resources = state?.deployment?.resources ?? [];
    const hosts = hostsIn(resources);
    if (pulumi) await ensureKeys(pulumi, stack, hosts);
    checks.push(...(await hostChecks(kind, known, { hosts, resources }, stack)));
    return checks.some(({ status }) => status === "fail") ? 1 : 0;
});

async function hostChecks(
    kind: unknown,
    known: KnownConfig,
    { hosts, resources }: LiveStack,
    stack: string,
): Promise<Check[]> {
    const checks: Check[] = [];
    let architecture: string | undefined;
    if (kind === "local") {
        checks.push(...say(await engineHere(known.file.get("berth:host", "dockerHost"))));
        checks.push(...say(await portsHere(known, hosts.length > 0)));
        architecture = dockerArchitecture(process.arch);
    }
    if (kind === "ec2") {
        const found = await aws(known);
        checks.push(...say([...found.checks, ...memory(known, found.memory, "the instance")]));
        architecture = found.architecture;
    }
    const reachable = hosts.length > 0 || kind !== "existing" ? hosts : [serverOf(known.file)];
    for (const host of reachable) {
        const found = await reach(host, kind === "existing");
        checks.push(...say(found));
        if (found.some(({ status }) => status === "fail")) continue;
        if (kind === "existing") checks.push(...say(await server(host, known, stackLabels(stack))));
        checks.push(...say(await containers(host, resources, stack)));
        if (kind === "ec2" && architecture !== undefined) continue; // AWS has said it all
        const machine = await machineOf(host);
        if (kind !== "ec2") checks.push(...say(memory(known, machine.memory, host.name)));
        architecture ??= machine.architecture;
    }
    checks.push(...say(await images(known, architecture)));
    return checks;
}

/** Shown as they come: some take seconds. */
function say(checks: Check[]): Check[] {
    for (const { status, what, found, remedy } of checks) {
        print(`${SIGNS[status]}  ${what}: ${found}\n${remedy === undefined ? "" : `      → ${remedy}\n`}`);
    }
    return checks;
}
