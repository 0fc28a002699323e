import type { AskedContainer } from "./asked";
import type { Expected } from "./expected";
import type { Finding } from "./finding";
import type { InspectedContainer, InspectedImage, Survey } from "./survey";

/** The stack that is looked at, and what all that it makes carries. */
export interface ContainerContext {
    stack: string;
    labels: Record<string, string>;
}

/** Containers that are missing, stopped, changed, or nobody's of the stack. */
export function containerFindings(expected: Expected, survey: Survey, { stack, labels }: ContainerContext): Finding[] {
    const docker = `./scripts/docker -s ${stack}`;
    const repair = `./scripts/up -s ${stack} --repair`;
    const findings: Finding[] = [];
    const say = (name: string, found: string, remedy: string) =>
        findings.push({ level: "drift", kind: "container", name, found, remedy });
    const known = new Set<string>();
    for (const one of expected.containers) {
        const { asked } = one;
        const { byId, actual } = actualOf(one, survey);
        if (!actual) {
            say(asked.name, "is missing", repair);
            continue;
        }
        known.add(actual.Id);
        const changes = differences(asked, actual, survey.images);
        if (!byId) {
            const how = changes.length === 0 ? "as it was" : `with another ${changes.join(", ")}`;
            say(asked.name, `was made anew by somebody, ${how}`, `${docker} rm -f ${asked.name} && ${repair}`);
        } else {
            if (nameOf(actual) !== asked.name) changes.unshift("name");
            if (changes.length > 0) {
                say(asked.name, `has another ${changes.join(", ")}`, `${docker} rm -f ${nameOf(actual)} && ${repair}`);
            }
        }
        const state = stateOf(asked, actual);
        if (state) say(asked.name, state.found, `${docker} ${state.remedy} ${nameOf(actual)}`);
    }
    for (const one of survey.containers.filter(({ Id }) => !known.has(Id))) {
        const ours = Object.entries(labels).every(([key, value]) => one.Config.Labels?.[key] === value);
        const why = ours ? "is the stack's by its labels, but not in its state" : "is not the stack's";
        if (ours || expected.dedicated) say(nameOf(one), why, `${docker} rm -f ${nameOf(one)}`);
    }
    return findings;
}

/** The containers of the state that are missing or do not run, and what to do about each. */
export function stoppedContainers(expected: Expected, survey: Survey, stack: string): Finding[] {
    return expected.containers.flatMap((one): Finding[] => {
        const { name } = one.asked;
        const { actual } = actualOf(one, survey);
        const finding = { level: "drift", kind: "container", name } as const;
        if (!actual) return [{ ...finding, found: "is missing", remedy: `./scripts/up -s ${stack} --repair` }];
        const state = stateOf(one.asked, actual);
        if (!state) return [];
        const look = `./scripts/docker -s ${stack} ${state.remedy} ${nameOf(actual)}`;
        const isNew = actual.State.Status === "created";
        const remedy = isNew ? `correct the service, then ./scripts/up -s ${stack}` : look;
        return [{ ...finding, found: state.found, remedy }];
    });
}

/** The container that a container of the state is: `byId`, or another one that has its name. */
function actualOf({ id, asked }: Expected["containers"][number], { containers }: Survey) {
    const byName = containers.find((one) => nameOf(one) === asked.name);
    // Where the state does not say which container it is, it is the one of that name.
    const byId = id === "" ? byName : containers.find((one) => one.Id === id);
    return { byId, actual: byId ?? byName };
}

const nameOf = ({ Name }: InspectedContainer) => Name.replace(/^\//, "");

/** With the Docker command that helps; undefined where it runs as it should, or has ended as it may. */
function stateOf(asked: AskedContainer, { State }: InspectedContainer) {
    const { Status, ExitCode, OOMKilled, Health, Error: reason } = State;
    const logs = "logs --tail 30";
    if (Status === "running" && Health?.Status === "unhealthy") return { found: "is unhealthy", remedy: logs };
    if (Status === "running") return undefined;
    if (Status === "paused") return { found: "is paused", remedy: "unpause" };
    if (Status === "restarting") return { found: `keeps restarting (exit code ${ExitCode})`, remedy: logs };
    if (Status === "created") return { found: `was never started${reason ? `: ${reason}` : ""}`, remedy: "start" };
    if (Status === "exited" && ExitCode === 0 && !asked.mustRun) return undefined;
    const memory = OOMKilled ? ", out of memory" : "";
    return { found: `is stopped (${Status}, exit code ${ExitCode}${memory})`, remedy: "start" };
}

/**
 * What of a container is otherwise than it was asked for, by the words of the specification. Values are not said: there
 * are secrets among them.
 */
export function differences(asked: AskedContainer, actual: InspectedContainer, images: InspectedImage[]): string[] {
    if (asked.image === undefined) return []; // the state does not say what was asked for
    const image = images.find(({ Id }) => Id === actual.Image);
    const { Config, HostConfig } = actual;
    const found: string[] = [];
    const check = (name: string, isSame: boolean) => isSame || found.push(name);

    check("image", sameImage(asked.image, actual, image));
    const envs = differingKeys(variables([...(image?.Env ?? []), ...(asked.envs ?? [])]), variables(Config.Env ?? []));
    if (envs.length > 0) found.push(`environment (${envs.join(", ")})`);
    const wanted = Object.fromEntries((asked.labels ?? []).map(({ label, value }) => [label, value]));
    const labels = differingKeys({ ...image?.Labels, ...wanted }, Config.Labels ?? {});
    if (labels.length > 0) found.push(`labels (${labels.join(", ")})`);
    if (asked.command) check("command", same(asked.command, Config.Cmd ?? []));
    if (asked.entrypoints) check("entrypoint", same(asked.entrypoints, Config.Entrypoint ?? []));
    check("restart", (asked.restart ?? "no") === (HostConfig.RestartPolicy.Name || "no"));
    check("mem_limit", (asked.memory ?? 0) * 1024 ** 2 === HostConfig.Memory);
    check("privileged", (asked.privileged ?? false) === HostConfig.Privileged);
    check("read_only", (asked.readOnly ?? false) === HostConfig.ReadonlyRootfs);
    check("ports", same(askedPorts(asked), actualPorts(actual)));
    const wantedMounts = askedMounts(asked);
    const mounted = actualMounts(actual, wantedMounts);
    const takesOthers = asked.volumes?.some(({ fromContainer }) => fromContainer !== undefined);
    const mayBeMore = takesOthers ? Object.keys(mounted) : image?.Volumes;
    const volumes = differingKeys(wantedMounts, mounted, new Set(mayBeMore));
    if (volumes.length > 0) found.push(`volumes (${volumes.join(", ")})`);
    if (asked.networksAdvanced) {
        const names = asked.networksAdvanced.map(({ name }) => name).sort();
        check("networks", same(names, Object.keys(actual.NetworkSettings.Networks ?? {}).sort()));
    }
    return found;
}

/** An image is asked for by its id, its digest, or a tag. */
function sameImage(asked: string, actual: InspectedContainer, image: InspectedImage | undefined): boolean {
    return [actual.Image, actual.Config.Image, ...(image?.RepoDigests ?? [])].includes(asked);
}

function variables(lines: string[]): Record<string, string> {
    return Object.fromEntries(
        lines.map((line) => {
            const at = line.indexOf("=");
            return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
        }),
    );
}

/** Keys of two records that have not the same value in both. */
function differingKeys(
    wanted: Record<string, string>,
    actual: Record<string, string>,
    mayBeMore: Set<string> = new Set(),
): string[] {
    const keys = [...new Set([...Object.keys(wanted), ...Object.keys(actual)])].sort();
    return keys.filter((key) => wanted[key] !== actual[key] && !(wanted[key] === undefined && mayBeMore.has(key)));
}

function askedPorts({ ports = [] }: AskedContainer): string[] {
    const all = ports.map(({ internal, external, protocol = "tcp" }) => `${internal}/${protocol} ${external ?? ""}`);
    return [...new Set(all)].sort();
}

function actualPorts({ HostConfig }: InspectedContainer): string[] {
    const all = Object.entries(HostConfig.PortBindings ?? {}).flatMap(([port, bindings]) =>
        (bindings ?? []).map(({ HostPort }) => `${port} ${HostPort === "0" ? "" : HostPort}`),
    );
    return [...new Set(all)].sort();
}

/** What is mounted, by the place where it is. A volume that was asked for without a name has no source. */
function askedMounts({ volumes = [], mounts = [], tmpfs = {} }: AskedContainer): Record<string, string> {
    const text = (source: string, readOnly?: boolean) => `${source}${readOnly ? ":ro" : ""}`;
    return Object.fromEntries([
        ...volumes.flatMap(({ containerPath, hostPath, volumeName, readOnly }) =>
            containerPath === undefined ? [] : [[containerPath, text(hostPath ?? volumeName ?? "", readOnly)] as const],
        ),
        ...mounts.map(({ target, source, type, readOnly }) => [
            target,
            text(type === "tmpfs" ? "tmpfs" : (source ?? ""), readOnly),
        ]),
        ...Object.keys(tmpfs).map((target) => [target, "tmpfs"]),
    ]) as Record<string, string>;
}

const ANONYMOUS = /^[0-9a-f]{64}$/;

/** @param wanted a volume that the engine has named counts as such, unless it was asked for by that very name */
function actualMounts(
    { Mounts, HostConfig }: InspectedContainer,
    wanted: Record<string, string>,
): Record<string, string> {
    const source = ({ Type, Name = "", Source, Destination }: InspectedContainer["Mounts"][number]) => {
        if (Type === "tmpfs") return "tmpfs";
        if (Type !== "volume") return Source;
        return ANONYMOUS.test(Name) && !wanted[Destination]?.startsWith(Name) ? "" : Name;
    };
    return Object.fromEntries([
        ...Mounts.map((mount) => [mount.Destination, `${source(mount)}${mount.RW ? "" : ":ro"}`]),
        ...Object.keys(HostConfig.Tmpfs ?? {}).map((target) => [target, "tmpfs"]),
    ]) as Record<string, string>;
}

const same = (a: string[], b: string[]) => JSON.stringify(a) === JSON.stringify(b);
