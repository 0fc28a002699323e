import { type ComposeProject, type ServiceSpec, joinedServices, own } from "./compose";

/** The services that must be there before this one: those it waits for, and those whose container it joins. */
function dependenciesOf(spec: ServiceSpec): string[] {
    const { modes, volumes } = joinedServices(spec);
    return [...new Set([...Object.keys(spec.depends_on), ...modes, ...volumes])];
}

/** Names of the services, each after those that it depends on. The project has no cycles: its reader refuses them. */
export function serviceOrder(services: ComposeProject["services"]): string[] {
    const order = new Set<string>();
    const visit = (name: string): void => {
        const spec = own(services, name);
        if (!spec || order.has(name)) return;
        dependenciesOf(spec).forEach(visit);
        order.add(name);
    };
    Object.keys(services).forEach(visit);
    return [...order];
}

/** Names of the services that run once: another one waits for their end. */
export function jobsOf(services: ComposeProject["services"]): Set<string> {
    const waits = Object.values(services).flatMap((spec) => Object.entries(spec.depends_on));
    return new Set(waits.filter(([, { condition }]) => condition === "service_completed_successfully").map(([n]) => n));
}
