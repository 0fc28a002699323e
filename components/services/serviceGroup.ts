import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { DockerEngine } from "../engine";
import { AddressBook, type ContainerOutputs, knownAddresses } from "./addresses";
import { type PreparedVolumes, settleAnonymousVolumes } from "./anonymousVolumes";
import { type ComposeProject, type ServiceSpec, own } from "./compose";
import { createNetwork, objectName } from "./networks";
import type { Registries } from "./image";
import type { MadeWith } from "./readBack";
import { ProjectContent } from "./projectContent";
import { Service, type ServiceSummary } from "./service";
import { jobsOf, serviceOrder } from "./serviceOrder";
import { type StartStep, createStartOrder } from "./startOrder";
import { type VolumeFacts, createVolume, volumeFacts } from "./volumes";

export interface ServiceGroupArgs {
    engine: DockerEngine;
    project: ComposeProject;
    /** Beginning of every name on the engine, which tells stacks on one engine apart. */
    prefix: string;
    /** Begins the name of each service's resources, where a stack has several groups: `host-2/`. Default: nothing */
    scope?: string;
    /** Labels on all that is made; `berth.service` comes on top. */
    labels: Record<string, string>;
    /** By service: what the registry has under the image's tag now, where `pull_policy` asks for it. Default: none */
    digests?: Record<string, string>;
    /** What the stack's containers were made with, as their labels say. Default: none known */
    madeWith?: MadeWith;
    /** What the state says of anonymous volumes. Default: nothing */
    prepared?: PreparedVolumes;
    /** The stack's containers as the state has them, by the resource's name. Default: none */
    containers?: ReadonlyMap<string, ContainerOutputs>;
    /** Credentials with which builds pull. Default: none */
    registries?: Registries;
    /** Whether volumes stay on the engine when they leave the stack. */
    protectVolumes: boolean;
}

/** All services of a stack, with their networks and volumes. */
export class ServiceGroup extends pulumi.ComponentResource {
    /** By the service's name; known when each container is healthy. */
    readonly summaries: pulumi.Output<Record<string, ServiceSummary>>;
    /** Of the stack's volumes, by key: the next plan is held against it. */
    readonly volumes: Record<string, VolumeFacts>;
    /** Done when each container is healthy, and each job has ended well. */
    readonly gates: pulumi.Resource[];
    /** Of the networks whose containers have fixed addresses, by the network's key. */
    private readonly books: Record<string, AddressBook>;
    private readonly services: Record<string, Service> = {};

    constructor(
        name: string,
        private readonly args: ServiceGroupArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("berth:index:ServiceGroup", name, {}, opts);
        const { project, prefix, scope = "" } = args;
        this.volumes = volumeFacts(project.volumes, prefix, args.protectVolumes);
        const networks = this.createNetworks();
        const volumes = this.createVolumes();
        this.books = this.addressBooks();
        const content = new ProjectContent({ engine: args.engine, prefix, scope }, { parent: this });
        const jobs = jobsOf(project.services);
        for (const service of serviceOrder(project.services)) {
            const spec = project.services[service];
            if (!spec) continue;
            this.services[service] = new Service(
                `${scope}${service}`,
                {
                    ...args,
                    service,
                    spec,
                    isJob: jobs.has(service),
                    digest: own(args.digests ?? {}, service),
                    networks,
                    volumes,
                    addresses: this.books,
                    content,
                    others: this.services,
                },
                { parent: this },
            );
        }
        this.gates = Object.values(this.services).flatMap((service) => service.gates);
        this.createStartOrder(`${scope}start-order`, this.gates);
        settleAnonymousVolumes(
            `${scope}anonymous-volumes`,
            { ...args, services: Object.keys(project.services) },
            this.gates,
            this,
        );
        const summaries = Object.fromEntries(
            Object.entries(this.services).map(([service, { summary }]) => [service, summary]),
        );
        this.summaries = pulumi.all(this.gates.map(({ urn }) => urn)).apply(() => summaries);
        this.registerOutputs({ summaries: this.summaries, volumes: this.volumes });
    }

    /** Names of a service's containers; none where there is no such service. */
    containersOf(service: string): string[] {
        return own(this.services, service)?.containerNames ?? [];
    }

    /** What a service's image is asked for by: known in the plan. */
    imageOf(service: string): string | undefined {
        return own(this.services, service)?.imageKey;
    }

    /** The addresses of a service's containers in a network of fixed addresses, by its key. */
    addressesOf(service: string, network: string): string[] {
        const book = own(this.books, network);
        return book ? this.containersOf(service).map((name) => book.of(name)) : [];
    }

    private addressBooks(): Record<string, AddressBook> {
        const { project, prefix, scope = "", containers = new Map<string, ContainerOutputs>() } = this.args;
        const known = knownAddresses(containers, scope);
        const fixed = Object.entries(project.networks).flatMap(([key, spec]): [string, AddressBook][] => {
            const subnet = spec.ipam?.config[0]?.subnet;
            if (!spec.fixed_addresses || subnet === undefined) return [];
            return [[key, new AddressBook(subnet, known.get(objectName(prefix, key, spec)))]];
        });
        return Object.fromEntries(fixed);
    }

    private createNetworks(): Record<string, pulumi.Input<string>> {
        const { project, prefix, scope = "", labels } = this.args;
        return Object.fromEntries(
            Object.entries(project.networks).map(([key, spec]): [string, pulumi.Input<string>] => {
                const name = objectName(prefix, key, spec);
                if (spec.external) return [key, name];
                return [key, createNetwork(`${scope}network-${key}`, name, spec, labels, this.options).name];
            }),
        );
    }

    private createVolumes(): Record<string, pulumi.Input<string>> {
        const { project, prefix, scope = "", labels } = this.args;
        // A volume is never made anew because the data root is: it may have come along.
        const options = { ...this.options, replacementTrigger: undefined };
        return Object.fromEntries(
            Object.entries(project.volumes).map(([key, spec]): [string, pulumi.Input<string>] => {
                const facts = own(this.volumes, key);
                if (!facts) return [key, objectName(prefix, key, spec)];
                const volume: docker.Volume = createVolume(`${scope}volume-${key}`, facts, spec, labels, options);
                return [key, volume.name];
            }),
        );
    }

    /** Has the host keep the order of `depends_on` when it boots. */
    private createStartOrder(name: string, gates: pulumi.Resource[]): void {
        const { engine, prefix, project } = this.args;
        const comesBack = (spec: ServiceSpec) => spec.restart.condition !== "no";
        const steps = Object.entries(this.services).flatMap(([service, { containerNames }]): StartStep[] => {
            const spec = own(project.services, service);
            if (!spec || !comesBack(spec)) return [];
            const after = Object.entries(spec.depends_on).flatMap(([other, { condition }]) => {
                const names = own(this.services, other)?.containerNames ?? [];
                return names.map((container) => ({ container, condition }));
            });
            return after.length === 0 ? [] : containerNames.map((container) => ({ container, after }));
        });
        if (steps.length === 0) return;
        createStartOrder(name, engine, prefix, steps, gates, this);
    }

    private get options(): pulumi.CustomResourceOptions {
        const { engine } = this.args;
        return {
            parent: this,
            provider: engine.provider,
            dependsOn: [engine.ready],
            deletedWith: engine.host.dataResource,
            replacementTrigger: engine.host.dataId, // a new data root holds neither networks nor containers
        };
    }
}
