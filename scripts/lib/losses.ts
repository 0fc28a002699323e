import * as fs from "node:fs";
import * as path from "node:path";
import { asRoot } from "../../components/host/asRoot";
import { type NamedHost, hostsIn } from "./hosts";
import { overSsh } from "./overSsh";
import type { StateResource } from "./state";

const SURVEY = fs.readFileSync(path.join(__dirname, "../survey-volumes.sh"), "utf8");
/** Counting what many volumes hold takes a while. */
const SURVEY_MS = 180_000;
const DIAL_SECONDS = 10;

/** What holds data on a host. */
export interface Holding {
    what: "volume" | "folder";
    /** Of a volume its name on the engine, of a folder its path there. */
    name: string;
    /** Absent where they could not be counted. */
    bytes?: number;
    isEmpty: boolean;
}

/** What `pulumi destroy` does to the data on one host. */
export interface Plan {
    host: NamedHost;
    kind: "local" | "ec2" | "existing";
    /** `all`: whatever is on the host goes; else the named volumes that go. */
    goes: "all" | string[];
    /** Named volumes of the stack's, as its state has them. */
    volumes: string[];
    /** What stays, in words for a person. */
    stays: string[];
}

/** What is lost with one host, or may be. */
export interface Loss {
    plan: Plan;
    /** What goes. Where the host does not answer: the stack's own volumes, of unknown size. */
    holdings: Holding[];
    /** Whether the host does not say what else is on it. */
    isSilent: boolean;
}

const KINDS = { LocalHost: "local", Ec2Host: "ec2", ExistingHost: "existing" } as const;

/** What destroying a stack does to the data on its hosts; hosts on which nothing was installed have none. */
export function lossPlans(resources: StateResource[]): Plan[] {
    const nameOf = ({ urn }: StateResource) => urn.split("::").at(-1) ?? "";
    return hostsIn(resources).flatMap((host): Plan[] => {
        const component = resources.find(
            ({ type, urn }) => /^berth:index:\w+Host$/.test(type) && urn.endsWith(`::${host.name}`),
        );
        const kind = KINDS[component?.type.split(":").at(-1) as keyof typeof KINDS];
        const scope = host.name === "host" ? "" : `${host.name}/`;
        const isThere = (name: string) => resources.find((resource) => nameOf(resource) === name);
        const own = resources.filter(
            (resource) =>
                resource.type === "docker:index/volume:Volume" && nameOf(resource).startsWith(`${scope}volume-`),
        );
        const disk = isThere(`${host.name}-data`);
        // An installation that failed is not in the state, and without one there is no container that wrote anything. A data
        // disk outlives its server.
        const isEmpty = !isThere(`${scope}engine-install`) && own.length === 0 && !(disk && isDeleted(disk));
        if (kind === undefined || isEmpty) return [];
        const volumes = own.map(volumeName);
        if (kind === "existing") {
            const goes = isThere(`${host.name}-removal`)?.inputs?.delete
                ? "all"
                : own.filter(isDeleted).map(volumeName);
            const kept = goes === "all" ? [] : own.filter((volume) => !isDeleted(volume)).map(volumeName);
            const where = kept.length === 0 ? [] : [`on ${host.address}: ${kept.join(", ")}`];
            return [{ host, kind, goes, volumes, stays: where }];
        }
        const attachment = isThere(`${host.name}-data-attachment`);
        if (attachment && (!disk || !isDeleted(disk))) {
            const id = disk?.id ?? String(attachment.inputs?.volumeId);
            return [
                { host, kind, goes: [], volumes, stays: [`the data disk ${id}, with all volumes of ${host.name}`] },
            ];
        }
        return [{ host, kind, goes: "all", volumes, stays: [] }];
    });
}

const isDeleted = ({ retainOnDelete }: StateResource) => retainOnDelete !== true;
function volumeName({ outputs, inputs, urn }: StateResource): string {
    const name = outputs?.name ?? inputs?.name;
    return typeof name === "string" ? name : (urn.split("::").at(-1) ?? "");
}

/** A volume that nobody named. */
const isAnonymous = ({ name }: Holding) => /^[0-9a-f]{64}$/.test(name);

/**
 * What is lost on one host.
 *
 * @param found what the host says is on it; undefined where it does not answer
 */
export function lossOf(plan: Plan, found: Holding[] | undefined): Loss {
    const { goes, volumes } = plan;
    const unknown = (name: string): Holding => ({ what: "volume", name, isEmpty: false });
    if (goes !== "all") {
        const sized = (name: string) => found?.find((one) => one.what === "volume" && one.name === name);
        return { plan, holdings: goes.map((name) => sized(name) ?? unknown(name)), isSilent: false };
    }
    if (!found) return { plan, holdings: volumes.map(unknown), isSilent: true };
    const holdings = found.filter((one) => !one.isEmpty || (one.what === "volume" && !isAnonymous(one)));
    // What the driver of a volume keeps elsewhere is in none of Docker's folders.
    const elsewhere = volumes.filter((name) => !found.some((one) => one.name === name));
    return { plan, holdings: [...holdings, ...elsewhere.map(unknown)], isSilent: false };
}

/** Asks each host of which something goes. */
export async function losses(plans: Plan[]): Promise<Loss[]> {
    const asked = plans.filter(({ goes }) => goes === "all" || goes.length > 0);
    const all = await Promise.all(asked.map(async (plan) => lossOf(plan, await survey(plan.host))));
    return all.filter(({ holdings, isSilent }) => holdings.length > 0 || isSilent);
}

async function survey(host: NamedHost): Promise<Holding[] | undefined> {
    const command = asRoot(host.user, ["bash", "-s"]);
    const options = { input: SURVEY, dialSeconds: DIAL_SECONDS, timeout: SURVEY_MS };
    const { exitCode, stdout } = await overSsh(host, command, options);
    return exitCode === 0 ? readSurvey(stdout) : undefined;
}

/** What survey-volumes.sh printed; undefined where it did not come to its end. */
export function readSurvey(stdout: string): Holding[] | undefined {
    const lines = stdout.split("\n").filter((line) => line !== "");
    if (lines.pop() !== "end") return undefined;
    return lines.flatMap((line): Holding[] => {
        const [what, name, bytes = "", fullness] = line.split("\t");
        if ((what !== "volume" && what !== "folder") || name === undefined) return [];
        return [{ what, name, ...(/^\d+$/.test(bytes) && { bytes: Number(bytes) }), isEmpty: fullness === "empty" }];
    });
}

const SERVERS = { local: "the embedded server", ec2: "the server on EC2", existing: "the server" };

/**
 * What is lost, in words for a person: a line for each thing.
 *
 * @param prefix `PROJECT-STACK`: volumes that it does not begin are not the stack's
 */
export function lossLines(all: Loss[], prefix: string): string[] {
    return all.flatMap(({ plan, holdings, isSilent }) => {
        const { kind, host, goes, volumes } = plan;
        const isWhole = goes === "all" && kind !== "existing";
        const on = `${SERVERS[kind]} ${host.name} (${host.address})`;
        const head = isWhole
            ? `${on}, with all that is on it`
            : `on ${on}${goes === "all" ? ": Docker, with all of it" : ""}`;
        const widest = Math.max(0, ...holdings.map(({ name }) => name.length));
        const rows = holdings.map((one) => {
            const isOwn = volumes.includes(one.name) || one.name.startsWith(`${prefix}_`) || one.what === "folder";
            const note = isAnonymous(one) ? "  (without a name)" : isOwn ? "" : "  (not of this stack)";
            return `  ${one.what}  ${one.name.padEnd(widest)}  ${sizeText(one.bytes)}${note}`;
        });
        const silent = isSilent ? ["  it does not answer: what else is on it, and how much, is not known"] : [];
        return [head, ...rows, ...silent];
    });
}

/** `48.2 MB`, as Docker counts. */
function sizeText(bytes: number | undefined): string {
    if (bytes === undefined) return "size unknown";
    const units = ["B", "kB", "MB", "GB", "TB"];
    const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
    const value = bytes / 1000 ** power;
    return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
