import { remote } from "@pulumi/command";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { DockerEngine } from "../../engine";
import { commandConnection } from "../../host";
import { lastLineOf } from "../../readings";
import { hostCommand } from "../../remote";
import { shellQuote } from "../../shellQuote";
import type { PullPolicy } from "../compose";
import { parseImageReference } from "./imageReference";

export interface PulledImageArgs {
    engine: DockerEngine;
    /** A reference: `[REGISTRY/]PATH[:TAG][@DIGEST]` */
    image: string;
    /** `never`: it must be on the host. Otherwise it is pulled where the host does not have it. */
    policy: PullPolicy;
    /** `OS/ARCHITECTURE[/VARIANT]`. Default: the host's own */
    platform?: string;
    /** What the tag stands for now, from `resolveDigest`: the image is asked for by it. Default: the reference as it is */
    digest?: string;
}

/** An image from a registry on a host's engine. It stays there when the service goes: others may use its layers. */
export class PulledImage extends pulumi.ComponentResource {
    /** `sha256:` and 64 hexadecimal digits */
    readonly imageId: pulumi.Output<string>;
    /** What it is asked for by: known in the plan, and different for different images as far as the plan can know. */
    readonly key: string;

    constructor(name: string, args: PulledImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:PulledImage", name, {}, opts);
        this.key = imageKey(args.image, args.digest);
        this.imageId = args.policy === "never" ? this.find(name, args) : this.pull(name, args);
        this.registerOutputs({ imageId: this.imageId });
    }

    private pull(name: string, { engine, platform }: PulledImageArgs): pulumi.Output<string> {
        const { host } = engine;
        const image = new docker.RemoteImage(
            `${name}-image`,
            { name: this.key, keepLocally: true, platform },
            {
                parent: this,
                provider: engine.provider,
                dependsOn: engine.ready,
                deletedWith: host.dataResource,
                replacementTrigger: host.dataId, // a new data root holds no images
            },
        );
        return image.imageId;
    }

    /** The provider would pull it. */
    private find(name: string, { engine, platform }: PulledImageArgs): pulumi.Output<string> {
        const { host } = engine;
        const command = hostCommand(
            `${name}-image`,
            {
                connection: commandConnection(host.connection),
                create: findCommand(this.key),
                triggers: [host.dataId, this.key, platform ?? ""],
                logging: remote.Logging.None,
            },
            { parent: this, dependsOn: engine.ready, deletedWith: host.dataResource, ignoreChanges: ["connection"] },
        );
        return command.stdout.apply(lastLineOf);
    }
}

/** A reference by its digest: `nginx:1.30@sha256:…` */
export function imageKey(image: string, digest?: string): string {
    return digest === undefined || parseImageReference(image)?.digest ? image : `${image}@${digest}`;
}

/** Whether it is a tag that keeps a release's image on its host. */
const isRelease = (image: string) => image.startsWith("berth/release:");

/** The command that prints the id of an image of the host, and never pulls. */
export function findCommand(image: string): string {
    const missing = isRelease(image)
        ? `berth: the host has lost the image ${image}, to which a service was put back: ./scripts/rollback --undo goes forward again`
        : `berth: the host has no image ${image}, and its pull_policy is never: ` +
          "build or load it there, or write pull_policy: missing";
    return (
        `docker image inspect --format '{{.Id}}' ${shellQuote(image)} 2>/dev/null || ` +
        `{ docker version >/dev/null && echo ${shellQuote(missing)} >&2; exit 1; }`
    );
}
