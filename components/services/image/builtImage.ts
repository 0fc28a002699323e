import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../../engine";
import { asRoot, commandConnection } from "../../host";
import { lastLineOf } from "../../readings";
import { hostCommand } from "../../remote";
import type { BuildSpec } from "../compose";
import { Upload, hostFolder } from "../files";
import { readBuild } from "./buildContext";
import { deliverBefore } from "./buildPrivate";
import type { Registries } from "./registriesSchema";

const BUILD_SCRIPT = path.join(__dirname, "../../../scripts/build-image.sh");

export interface BuiltImageArgs {
    engine: DockerEngine;
    /** `PROJECT-STACK` */
    prefix: string;
    /** The service's name. */
    service: string;
    build: BuildSpec;
    /** Further tags, such as the service's `image`. Default: none */
    tags?: string[];
    /** Where `build.platforms` says nothing: `OS/ARCHITECTURE[/VARIANT]`. Default: the host's own */
    platform?: string;
    /** Credentials for base images. Default: none */
    registries?: Registries;
}

/** An image that BuildKit builds on a host from a folder of this computer, or from a repository that the host fetches. */
export class BuiltImage extends pulumi.ComponentResource {
    /** `sha256:` and 64 hexadecimal digits */
    readonly imageId: pulumi.Output<string>;
    /** Its tag on the host, which changes with the content and the arguments: known in the plan. */
    readonly key: string;

    constructor(name: string, args: BuiltImageArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:BuiltImage", name, {}, opts);
        const { engine, prefix, service, registries = {} } = args;
        const { host } = engine;
        const { content, words, key } = readBuild(withTags(args.build, args.tags), args.platform);
        this.key = `${repositoryName(`${prefix}-${service}`)}:${tagOf(key)}`;

        // The name says which build it is: what is in the state belongs to this one only.
        const child = `${name}-build-${key.slice(0, 12)}`;
        const upload = content && new Upload(`${child}-upload`, { engine, prefix, content }, { parent: this });
        const secrets = Object.entries(args.build.secrets);
        const hasPrivate = secrets.length > 0 || Object.keys(registries).length > 0;
        const privateFile = hasPrivate ? `.${prefix}-${key.slice(0, 16)}.private` : "";
        const command = (verb: string, ...more: string[]) =>
            asRoot(host.connection.user, ["bash", "-s", "--", verb, hostFolder(prefix), this.key, ...more]);
        const built = hostCommand(
            child,
            {
                connection: commandConnection(host.connection),
                create: command("build", upload?.path ?? "", privateFile, ...words),
                delete: command("remove"),
                stdin: fs.readFileSync(BUILD_SCRIPT, "utf8"),
                triggers: [host.dataId],
                logging: remote.Logging.Stderr, // the progress; stdout is for us: the image's id
            },
            {
                parent: this,
                dependsOn: [engine.ready, ...(upload ? [upload.ready] : [])],
                deletedWith: host.dataResource,
                ignoreChanges: ["connection", "create", "delete", "stdin"],
                ...(hasPrivate && {
                    hooks: deliverBefore(child, host.connection, privateFile, { secrets, registries }),
                }),
            },
        );
        this.imageId = built.stdout.apply(lastLineOf);
        this.registerOutputs({ imageId: this.imageId });
    }
}

/** The tag of an image that is built now: it changes with the content and the arguments. */
export function buildTag({ build, tags, platform }: Pick<BuiltImageArgs, "build" | "tags" | "platform">): string {
    return tagOf(readBuild(withTags(build, tags), platform).key);
}

const tagOf = (key: string) => key.slice(0, 12);
const withTags = (build: BuildSpec, tags: string[] = []): BuildSpec => ({ ...build, tags: [...build.tags, ...tags] });

/** The name of a stack and a service as a repository's: small letters, and single signs between them. */
export function repositoryName(text: string): string {
    return text
        .toLowerCase()
        .replace(/[^a-z0-9._-]/g, "-")
        .replace(/[._-]*(\.|-|_)[._-]*/g, "$1")
        .replace(/^[._-]+|[._-]+$/g, "");
}
