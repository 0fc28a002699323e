import * as pulumi from "@pulumi/pulumi";
import * as crypto from "node:crypto";
import type { DockerEngine } from "../engine";
import type { AddressBook } from "./addresses";
import type { PreparedVolumes } from "./anonymousVolumes";
import { type BindSource, type ComposeProject, type ServiceSpec, own } from "./compose";
import { ServiceContainer, type ServiceContainerArgs } from "./container";
import type { ContainerRefs } from "./containerRefs";
import { type RunNames, dockerRun, publish } from "./dockerRun";
import { HostFiles, keptPath } from "./files";
import { BuiltImage, PulledImage, type Registries } from "./image";
import { objectName } from "./networks";
import { type MadeWith, madeWithLabel } from "./readBack";
import type { PlacedContent, ProjectContent } from "./projectContent";
import { updateOrder } from "./updateOrder";

export interface ServiceArgs {
    engine: DockerEngine;
    /** Its name in the project. */
    service: string;
    spec: ServiceSpec;
    project: ComposeProject;
    /** Whether it runs once, to its end. */
    isJob: boolean;
    prefix: string;
    labels: Record<string, string>;
    /** What the registry has under the image's tag. Default: whatever the engine finds */
    digest?: string;
    madeWith?: MadeWith;
    prepared?: PreparedVolumes;
    registries?: Registries;
    /** Names on the engine, by key. */
    networks: Record<string, pulumi.Input<string>>;
    volumes: Record<string, pulumi.Input<string>>;
    /** Of the networks whose containers have fixed addresses, by the network's key. */
    addresses: Record<string, AddressBook>;
    /** Files of this computer on the host. */
    content: ProjectContent;
    /** The services made so far. */
    others: Record<string, Service>;
}

/** Keys that make no other version of a container. */
const NOT_OF_A_VERSION = new Set<keyof ServiceSpec>([
    // Counted apart, without what is secret. The image's key tells builds apart.
    "environment",
    "files",
    "build",
    // Said of the service, or of other containers.
    "scale",
    "depends_on",
    "links",
    "pull_policy",
    "update_order",
    "serves_at",
    // Changed while it runs.
    "restart",
]);

/** What is said of a service in the stack's outputs. */
export interface ServiceSummary {
    containers: string[];
    image: string;
    /** `[HOST_IP:]PUBLISHED:TARGET[/PROTOCOL]` */
    ports: string[];
    /** How a change of it is made: `start-first`, or `stop-first: ` and why. */
    update: string;
    /** The `docker run` line that it equals. */
    run: string;
}

/** A service in Compose's words: its image, its files, its containers, each watched until it is healthy. */
export class Service extends pulumi.ComponentResource {
    readonly containers: ServiceContainer[];
    readonly containerNames: string[];
    readonly summary: ServiceSummary;
    private readonly image: PulledImage | BuiltImage;
    private readonly files?: HostFiles;

    constructor(
        name: string,
        private readonly args: ServiceArgs,
        opts?: pulumi.ComponentResourceOptions,
    ) {
        super("berth:index:Service", name, {}, opts);
        const { spec, service, prefix, isJob } = args;
        this.image = this.createImage(name);
        this.files = this.createFiles(name);
        const update = updateOrder(spec, isJob);
        const suffix = update.order === "start-first" ? `-${this.fingerprint()}` : "";
        const numbers = Array.from({ length: spec.scale }, (_, i) => (i === 0 ? "" : `-${i + 1}`));
        this.containerNames = numbers.map((number) => spec.container_name ?? `${prefix}-${service}${number}${suffix}`);
        this.containers = [];
        this.containerNames.forEach((containerName, i) => {
            const number = numbers[i] ?? "";
            const place = { slot: `${prefix}-${service}${number}`, order: update.order };
            this.containers.push(this.createContainer(`${name}${number}${suffix}`, containerName, place));
        });
        this.summary = this.summarize(update.order, update.because);
        this.registerOutputs({ containers: this.containerNames });
    }

    /** Done when each container is healthy, or, of a job, has ended well. What waits for it depends on them. */
    get gates(): pulumi.Resource[] {
        return this.containers.map(({ gate }) => gate);
    }

    /** What its image is asked for by: known in the plan. */
    get imageKey(): string {
        return this.image.key;
    }

    private createImage(name: string): PulledImage | BuiltImage {
        const { engine, spec, prefix, service, registries, digest } = this.args;
        const options = { parent: this };
        const { build, image = "", pull_policy: policy, platform } = spec;
        if (build) {
            const tags = spec.image === undefined ? [] : [spec.image];
            return new BuiltImage(name, { engine, build, tags, platform, prefix, service, registries }, options);
        }
        return new PulledImage(name, { engine, image, policy, platform, digest }, options);
    }

    private createFiles(name: string): HostFiles | undefined {
        const { engine, spec, prefix, service } = this.args;
        if (spec.files.length === 0) return undefined;
        return new HostFiles(name, { engine, prefix, service, files: spec.files }, { parent: this });
    }

    private createContainer(
        name: string,
        containerName: string,
        place: Pick<ServiceContainerArgs, "slot" | "order">,
    ): ServiceContainer {
        const { engine, prefix, service, spec, isJob, others, madeWith, prepared } = this.args;
        // Of a service that nginx leads to, one at a time: the others serve.
        const before = spec.serves_at === undefined ? [] : this.gates;
        const started = Object.entries(spec.depends_on).flatMap(([other, { condition }]) => {
            const dependency = own(others, other);
            if (!dependency) return [];
            return condition === "service_started"
                ? dependency.containers.map(({ container }) => container)
                : dependency.gates;
        });
        const placed = this.contents().map(({ place }) => place.ready);
        const after = [...started, ...before, ...placed, ...(this.files?.ready ?? [])];
        const shared = { engine, prefix, service, spec, isJob, after, madeWith, prepared };
        return new ServiceContainer(name, { ...shared, ...place, refs: this.refs(containerName) }, { parent: this });
    }

    /** What its bind mounts show of this computer. */
    private contents(): PlacedContent[] {
        const { spec, content } = this.args;
        return spec.mounts.flatMap(({ bind, read_only }) =>
            bind?.at === "project" ? [content.place(bind, read_only)] : [],
        );
    }

    private refs(name: string): ContainerRefs {
        const { spec, service, networks, volumes, addresses, others, labels } = this.args;
        const hash = this.contentHash();
        return {
            name,
            image: this.image.imageId,
            labels: {
                ...labels,
                "berth.service": service,
                ...(hash === undefined ? {} : { "berth.content": hash }),
                ...madeWithLabel(spec, this.image.key),
            },
            network: (key) => own(networks, key) ?? key,
            volume: (key) => own(volumes, key) ?? key,
            address: (key) => own(addresses, key)?.of(name),
            bind: (source, readOnly) => this.bindPath(source, readOnly),
            file: (file) => this.files?.pathOf(file) ?? file.target,
            container: (other) => own(others, other)?.containers[0]?.container.id ?? other,
            aliases: [service],
        };
    }

    /** Absolute path on the host of what a bind mount shows. */
    private bindPath(source: BindSource, readOnly: boolean): string {
        const { prefix, content } = this.args;
        if (source.at === "host") return source.path;
        return source.at === "kept" ? keptPath(prefix, source.name) : content.pathOf(source, readOnly);
    }

    /** Tells when a writable bind mount shows other files: its path stays the same. */
    private contentHash(): string | undefined {
        const hashes = this.contents().map(({ local }) => local.hash);
        return hashes.length === 0 ? undefined : hashOf(hashes);
    }

    /** Tells one version of a container from another: all of it that is written, nothing that is secret. */
    private fingerprint(): string {
        const { spec } = this.args;
        const { environment, secret_environment, files } = spec;
        const plain = Object.entries(spec).filter(([key]) => !NOT_OF_A_VERSION.has(key as keyof ServiceSpec));
        const open = Object.entries(environment).filter(([key]) => !secret_environment.includes(key));
        const openFiles = files.map(({ content, secret, ...file }) => [file, secret ? "" : content.toString("base64")]);
        return hashOf([plain, open, secret_environment, openFiles, this.image.key, this.contentHash()]);
    }

    private summarize(order: string, because: string[]): ServiceSummary {
        const { spec } = this.args;
        return {
            containers: this.containerNames,
            image: spec.image ?? this.image.key,
            ports: spec.ports.map(publish),
            update: because.length === 0 ? order : `${order}: ${because.join(", ")}`,
            run: dockerRun(spec, this.runNames()),
        };
    }

    private runNames(): RunNames {
        const { spec, service, project, prefix, addresses, others } = this.args;
        const [name = ""] = this.containerNames;
        return {
            name,
            image: spec.image ?? this.image.key,
            network: (key) => objectName(prefix, key, own(project.networks, key)),
            address: (key) => own(addresses, key)?.of(name),
            volume: (key) => objectName(prefix, key, own(project.volumes, key)),
            bind: (source, readOnly) => this.bindPath(source, readOnly),
            file: ({ source }) => `./${source}`,
            container: (other) => own(others, other)?.containerNames[0] ?? other,
            aliases: [service],
        };
    }
}

function hashOf(value: unknown): string {
    return crypto.createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8);
}
