import { remote } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../engine";
import { commandConnection } from "../host";
import { shellQuote } from "../shellQuote";
import { defaultHealthcheck } from "./defaultHealthcheck";
import type { ServiceSpec } from "./serviceSchema";

const HEALTH_GATE = path.join(__dirname, "../../scripts/health-gate.sh");
/** Seconds until the gate gives up on a container that is neither healthy nor unhealthy. */
const GATE_TIMEOUT = 120;
/** Compose's default of `stop_grace_period`. */
const STOP_GRACE_SECONDS = 10;

export interface ContainerServiceArgs {
    engine: DockerEngine;
    spec: ServiceSpec;
    /** Name of the container on the engine. */
    containerName: string;
    labels: Record<string, string>;
    /** Whether the environment came from a secret: its values are then encrypted in the state and hidden in plans. */
    secretEnvironment?: boolean;
}

/** One service: its image, its container, and the gate that passes when the container is healthy. */
export class ContainerService extends pulumi.ComponentResource {
    readonly containerId: pulumi.Output<string>;
    /** Done when the container is healthy. What comes later depends on it, not on the container. */
    readonly healthy: pulumi.Resource;

    constructor(name: string, args: ContainerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:ContainerService", name, {}, opts);
        const { engine, spec } = args;
        const host = engine.host;
        const options: pulumi.CustomResourceOptions = {
            parent: this,
            provider: engine.provider,
            dependsOn: [engine.ready],
            deletedWith: host.dataResource,
            replacementTrigger: host.dataId, // a new data root holds neither images nor containers
        };
        const image = new docker.RemoteImage(`${name}-image`, { name: spec.image, keepLocally: true }, options);
        const container = createContainer(name, args, image.imageId, options);
        this.containerId = container.id;
        this.healthy = new remote.Command(
            `${name}-gate`,
            {
                connection: commandConnection(host.connection),
                create: container.id.apply((id) => `bash -s -- ${shellQuote(id)} ${GATE_TIMEOUT}`),
                stdin: fs.readFileSync(HEALTH_GATE, "utf8"),
                triggers: [container.id],
                addPreviousOutputInEnv: false,
                logging: remote.Logging.None, // on failure the dossier is the error's text
            },
            { parent: this, deletedWith: host.dataResource },
        );
        this.registerOutputs({ containerId: this.containerId });
    }
}

function createContainer(
    name: string,
    { spec, containerName, labels, secretEnvironment }: ContainerServiceArgs,
    imageId: pulumi.Input<string>,
    options: pulumi.CustomResourceOptions,
) {
    const [restart = "no", maxRetryCount] = spec.restart.split(":");
    const environment = Object.entries(spec.environment).map(([key, value]) => `${key}=${value}`);
    return new docker.Container(
        name,
        {
            name: containerName,
            image: imageId,
            ports: spec.ports.map(({ hostIp, published, target }) => ({
                internal: target,
                external: published,
                ...(hostIp === undefined ? {} : { ip: hostIp }),
            })),
            envs: secretEnvironment ? pulumi.secret(environment) : environment,
            restart,
            ...(maxRetryCount === undefined ? {} : { maxRetryCount: Number(maxRetryCount) }),
            healthcheck: defaultHealthcheck(spec),
            logDriver: "local",
            logOpts: { "max-size": "10m", "max-file": "3" },
            securityOpts: ["no-new-privileges:true"],
            labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
            destroyGraceSeconds: STOP_GRACE_SECONDS,
        },
        {
            ...options,
            deleteBeforeReplace: true, // it keeps its name and its ports
            replaceOnChanges: ["envs", "labels", "healthcheck"], // the provider reads none of them back
        },
    );
}
