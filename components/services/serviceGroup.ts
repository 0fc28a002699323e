import * as pulumi from "@pulumi/pulumi";
import type { DockerEngine } from "../engine";
import { ContainerService } from "./container";
import type { ServiceSpecs } from "./serviceSchema";

export interface ServiceGroupArgs {
    engine: DockerEngine;
    /** Services by name. */
    services: ServiceSpecs;
    /** Beginning of each container's name, which tells stacks on one engine apart. */
    prefix: string;
    /** Begins the name of each service's resources, where a stack has several groups: `host-2/`. Default: nothing */
    scope?: string;
    /** Labels on each container; `berth.service` comes on top. */
    labels: Record<string, string>;
    /** Whether the services' environment is a secret. Default: false */
    secretEnvironment?: boolean;
}

/** What is said of a service in the stack's outputs. */
export interface ServiceSummary {
    container: string;
    image: string;
    /** `[HOST_IP:]PUBLISHED:TARGET` */
    ports: string[];
}

/** All services of a stack. */
export class ServiceGroup extends pulumi.ComponentResource {
    /** By the service's name; known when each container is healthy. */
    readonly summaries: pulumi.Output<Record<string, ServiceSummary>>;

    constructor(name: string, args: ServiceGroupArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:ServiceGroup", name, {}, opts);
        const { engine, services, prefix, scope = "", labels, secretEnvironment } = args;
        const summaries: Record<string, ServiceSummary> = {};
        for (const [service, spec] of Object.entries(services)) {
            const containerName = `${prefix}-${service}`;
            new ContainerService(
                `${scope}${service}`,
                {
                    engine,
                    spec,
                    containerName,
                    labels: { ...labels, "berth.service": service },
                    secretEnvironment,
                },
                { parent: this },
            );
            summaries[service] = {
                container: containerName,
                image: spec.image,
                ports: spec.ports.map((p) =>
                    [p.hostIp, p.published, p.target].filter((x) => x !== undefined).join(":"),
                ),
            };
        }
        this.summaries = pulumi.output(summaries);
        this.registerOutputs({ summaries: this.summaries });
    }
}
