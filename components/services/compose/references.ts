import type { WrittenProject } from "./buildProject";
import type { Path, Report } from "./document";
import { joinedService } from "./joined";
import { own } from "./own";
import type { ServiceSpec } from "./project";
import { checkService } from "./serviceConsistency";

type Services = Record<string, ServiceSpec>;
type At = (...rest: Path) => Path;

/** Checks what services say of themselves, of each other, and of networks and volumes. */
export function checkReferences(services: Services, written: WrittenProject, report: Report): void {
    for (const [name, spec] of Object.entries(services)) {
        const at: At = (...rest) => ["services", name, ...rest];
        checkNames(spec, services, written, at, report);
        checkService(spec, written, (key, message) => report(at(...key), message));
    }
    checkContainerNames(services, report);
    for (const circle of circles(services)) {
        report(["services", circle[0] ?? "", "depends_on"], `they wait for each other: ${circle.join(" → ")}`);
    }
}

/** That a service is not there: because nobody wrote it, or because of its profiles. */
export function missingService(other: string, { services }: WrittenProject): string {
    const profiles = own(services, other)?.profiles ?? [];
    if (profiles.length === 0) return `there is no service ${other}`;
    return `${other} has the profile ${profiles.join(" or ")}, which is not active; set berth:profiles`;
}

function checkNames(spec: ServiceSpec, services: Services, written: WrittenProject, at: At, report: Report): void {
    for (const key of Object.keys(spec.networks)) {
        if (key !== "default" && !Object.hasOwn(written.networks, key)) {
            report(at("networks", key), `there is no network ${key}; write it below networks at the top level`);
        }
    }
    const named = [
        ...Object.keys(spec.depends_on).map((other) => [other, ["depends_on"]] as const),
        ...spec.volumes_from.map(({ from, container }, i) => [container ? "" : from, ["volumes_from", i]] as const),
        ...(["network_mode", "pid", "ipc"] as const).flatMap((key) => {
            const other = joinedService(spec[key]);
            return other === undefined ? [] : [[other, [key]] as const];
        }),
    ];
    for (const [other, path] of named) {
        if (other === "" || Object.hasOwn(services, other) || spec.links.some(({ service }) => service === other))
            continue;
        report(at(...path), missingService(other, written));
    }
    for (const [other, { condition }] of Object.entries(spec.depends_on)) {
        const test = own(services, other)?.healthcheck?.test;
        if (condition === "service_healthy" && test?.[0] === "NONE") {
            report(at("depends_on", other), `${other} has no health check: it is never healthy`);
        }
    }
}

function checkContainerNames(services: Services, report: Report): void {
    const owners = new Map<string, string>();
    for (const [name, { container_name }] of Object.entries(services)) {
        if (container_name === undefined) continue;
        const owner = owners.get(container_name);
        if (owner === undefined) owners.set(container_name, name);
        else
            report(["services", name, "container_name"], `${owner} has the name ${container_name} too; choose another`);
    }
}

/** Circles of services that wait for each other, each once. */
function circles(services: Services): string[][] {
    const found: string[][] = [];
    const done = new Set<string>();
    const visit = (name: string, way: string[]): void => {
        const start = way.indexOf(name);
        if (start >= 0) found.push([...way.slice(start), name]);
        if (start >= 0 || done.has(name) || !Object.hasOwn(services, name)) return;
        Object.keys(services[name]?.depends_on ?? {}).forEach((other) => visit(other, [...way, name]));
        done.add(name);
    };
    Object.keys(services).forEach((name) => visit(name, []));
    return found;
}
