import type { DigestOptions } from "../../components/services/image/registryDigest";
import { containerFindings } from "./drift/containers";
import { type Expected, expectedOn } from "./drift/expected";
import type { Finding } from "./drift/finding";
import { movedTags } from "./drift/images";
import { careFindings, engineFindings } from "./drift/machine";
import { surveyHost } from "./drift/survey";
import { hostCommand, notUnderstood } from "./hostCommand";
import { type NamedHost, chosenHosts, openStack } from "./hosts";
import { stackLabels, stackPrefix } from "./labels";
import { UserError, print, say } from "./progress";
import { Pulumi } from "./pulumiCli";
import { readRegistries, registriesOf } from "./registries";
import { StackFile } from "./stack";
import { readStackConfig } from "./stackConfig";
import { table } from "./table";

const USAGE = `./scripts/drift [-s STACK] [-H HOST] [--json]

Says what is otherwise on a stack's hosts than Berth made it, and what needs care soon. Changes nothing.

  -s STACK   the stack (default: local)
  -H HOST    one host only
  --json     for machines

Exit code: 0 where all is as it was made, 2 on drift, 1 where a host does not answer or anything else fails. What only
needs care soon (disk, certificates, reboot, updates) is no drift.
`;
/** The exit code that says that there is drift. */
const DRIFT = 2;

/** What is found on one host. */
interface Report {
    host: string;
    /** Why it could not be looked at; absent where it could. */
    error?: string;
    findings: Finding[];
}

hostCommand(USAGE, async ({ stack, host, rest }) => {
    const unknown = rest.filter((word) => word !== "--json");
    if (unknown.length > 0) throw notUnderstood(unknown.join(" "), USAGE);
    const pulumi = await Pulumi.find();
    const { hosts, resources } = await openStack(pulumi, stack, { secrets: true });
    const prefix = stackPrefix(stack);
    let asked: Promise<DigestOptions> | undefined;
    const registries = () => (asked ??= askRegistries(pulumi, stack)); // once, and not where no engine answers
    const reports = await Promise.all(
        chosenHosts(hosts, host).map((one) =>
            reportOn(stack, one, expectedOn(one, resources, prefix), prefix, registries),
        ),
    );
    print(rest.includes("--json") ? `${JSON.stringify({ stack, hosts: reports }, undefined, 2)}\n` : describe(reports));
    for (const { host: name, error } of reports) if (error !== undefined) say(`${name} cannot be looked at: ${error}`);
    if (reports.some(({ error }) => error !== undefined)) return 1;
    return reports.some(({ findings }) => findings.some(({ level }) => level === "drift")) ? DRIFT : 0;
});

async function askRegistries(pulumi: Pulumi, stack: string): Promise<DigestOptions> {
    const file = new StackFile(stack);
    const isSaid = file.get("berth:registries") !== undefined;
    const text = isSaid ? (await readStackConfig(pulumi, stack)).values["berth:registries"] : undefined;
    return registriesOf(file, readRegistries(text));
}

async function reportOn(
    stack: string,
    host: NamedHost,
    expected: Expected,
    prefix: string,
    registries: () => Promise<DigestOptions>,
): Promise<Report> {
    try {
        const survey = await surveyHost(host, prefix);
        const running = survey.engine.failure === "";
        return {
            host: host.name,
            findings: [
                ...engineFindings(expected, survey, stack),
                ...(running ? containerFindings(expected, survey, { stack, labels: stackLabels(stack) }) : []),
                ...(running ? await movedTags(expected, survey, await registries(), stack) : []),
                ...careFindings(survey, stack),
            ],
        };
    } catch (error) {
        if (!(error instanceof UserError)) throw error;
        return { host: host.name, error: error.message, findings: [] };
    }
}

/** A line for each finding, and then what to do, each remedy once. */
function describe(reports: Report[]): string {
    const all = reports.flatMap(({ host, findings }) => findings.map((finding) => ({ host, ...finding })));
    const looked = reports.filter(({ error }) => error === undefined).map(({ host }) => host);
    if (all.length === 0) return looked.length === 0 ? "" : `${looked.join(", ")}: all is as it was made\n`;
    const several = reports.length > 1;
    const rows = all.map(({ host, level, kind, name, found }) => [
        level === "drift" ? "drift" : "soon",
        ...(several ? [host] : []),
        kind,
        name,
        found,
    ]);
    const remedies = [...new Set(all.map(({ remedy }) => remedy))].map((remedy) => `  ${remedy}\n`);
    return `${table([["", ...(several ? ["HOST"] : []), "WHAT", "NAME", "FOUND"], ...rows])}\nWhat to do:\n${remedies.join("")}`;
}
