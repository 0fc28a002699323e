import { remote } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../engine";
import { commandConnection } from "../host";
import { hostCommand } from "../remote";
import { AnonymousVolumes, type PreparedVolumes } from "./anonymousVolumes";
import type { ServiceSpec } from "./compose";
import { REPLACE_ON_CHANGES, containerArgs } from "./containerArgs";
import { type ContainerRefs, usedObjects } from "./containerRefs";
import { gateCommand } from "./healthGate";
import { type MadeWith, ignoredChanges } from "./readBack";
import type { UpdateOrder } from "./updateOrder";

/** Read once: each container has a gate. */
const HEALTH_GATE = fs.readFileSync(path.join(__dirname, "../../scripts/health-gate.sh"), "utf8");

export interface ServiceContainerArgs {
    engine: DockerEngine;
    spec: ServiceSpec;
    /** What the specification's names stand for on this engine. */
    refs: ContainerRefs;
    /** `PROJECT-STACK` */
    prefix: string;
    /** Its service, and its place among the containers of that: `PREFIX-SERVICE[-N]`. */
    service: string;
    slot: string;
    order: UpdateOrder["order"];
    /** Whether it runs once, to its end. */
    isJob: boolean;
    /** What must be there, done or healthy before it starts. */
    after: pulumi.Resource[];
    /** What the stack's containers were made with. Default: none known */
    madeWith?: MadeWith;
    /** What is known of its anonymous volumes. Default: nothing */
    prepared?: PreparedVolumes;
}

/** One container of a service, and the gate that passes when it is healthy, or, a job, when it has ended well. */
export class ServiceContainer extends pulumi.ComponentResource {
    readonly container: docker.Container;
    /** Done when the container is healthy, or, a job, when it has ended with 0. */
    readonly gate: pulumi.Resource;

    constructor(name: string, args: ServiceContainerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:ServiceContainer", name, {}, opts);
        const { engine, spec, refs, isJob, after, madeWith = new Map() } = args;
        const host = engine.host;
        const containerName = nameAfter(refs.name, usedObjects(spec, refs));
        const volumes = new AnonymousVolumes(
            `${name}-volumes`,
            {
                ...args,
                labels: refs.labels,
                container: refs.name,
                image: refs.image,
                from: spec.volumes_from.map(({ from, container }) => (container ? from : refs.container(from))),
            },
            { parent: this },
        );
        this.container = new docker.Container(
            name,
            { ...containerArgs(spec, { ...refs, anonymous: volumes.byPath }), name: containerName },
            {
                parent: this,
                provider: engine.provider,
                dependsOn: [engine.ready, ...after, volumes.ready],
                deletedWith: host.dataResource,
                replacementTrigger: host.dataId, // a new data root holds no containers
                deleteBeforeReplace: true, // it keeps its name and its ports
                replaceOnChanges: REPLACE_ON_CHANGES,
                ignoreChanges: ignoredChanges(name, spec, refs.labels, madeWith),
            },
        );
        this.gate = hostCommand(
            `${name}-gate`,
            {
                connection: commandConnection(host.connection),
                create: this.container.id.apply((id) => gateCommand(id, spec, isJob, addressOf(spec, refs))),
                stdin: HEALTH_GATE,
                triggers: [this.container.id],
                logging: remote.Logging.None, // on failure the dossier is the error's text
            },
            { parent: this, deletedWith: host.dataResource },
        );
        this.registerOutputs({ containerId: this.container.id });
    }
}

/** Where it is reached by what knows its address, which is in one network at most. */
function addressOf({ networks }: ServiceSpec, refs: ContainerRefs): string | undefined {
    return Object.keys(networks)
        .map((key) => refs.address(key))
        .find((address) => address !== undefined);
}

/**
 * The name, known when these are there. A network or volume that is made anew can go only after its containers. Before
 * it removes one, the engine asks which arguments come from it, and whether they would want a new container: a name
 * would, an entry in a list of networks would not.
 */
function nameAfter(name: string, objects: pulumi.Input<string>[]): pulumi.Output<string> {
    return pulumi.all([name, ...objects]).apply(([known = name]) => known);
}
