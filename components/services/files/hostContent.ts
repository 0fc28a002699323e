import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../../engine";
import { asRoot, commandConnection } from "../../host";
import { hostCommand } from "../../remote";
import { hostFolder, keptPath, plainName } from "./hostFolder";
import type { LocalContent } from "./localContent";
import { Upload } from "./upload";

const PLACE_SCRIPT = path.join(__dirname, "../../../scripts/place-content.sh");

/**
 * Where content lies on the host. `pinned`: in a folder of its own that nothing changes, for read-only mounts. `kept`:
 * in the folder of that relative path, where containers write too: files of the project are overwritten in place, and
 * what stands beside them stays.
 */
export type Place = "pinned" | { kept: string };

export interface HostContentArgs {
    engine: DockerEngine;
    /** `PROJECT-STACK` */
    prefix: string;
    content: LocalContent;
    place: Place;
}

/** A file or folder of this computer on a host. */
export class HostContent extends pulumi.ComponentResource {
    /** Absolute, and known in the plan. */
    readonly path: pulumi.Output<string>;
    /** Done when it is there. */
    readonly ready: pulumi.Resource;

    /** @param name is different for different content: what is in the state belongs to one content only */
    constructor(name: string, args: HostContentArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:HostContent", name, {}, opts);
        const { engine, prefix, content, place } = args;
        const { host } = engine;
        const { user } = host.connection;
        const destination = placeOf(prefix, content, place);
        const upload = new Upload(`${name}-upload`, { engine, prefix, content }, { parent: this });
        const base = hostFolder(prefix);
        const where = [base, destination.slice(base.length + 1)];
        const about = [place === "pinned" ? "pinned" : "kept", content.kind, ...where, content.hash];
        const command = (verb: string, ...more: string[]) =>
            asRoot(user, ["bash", "-s", "--", verb, ...about, ...more]);
        this.ready = hostCommand(
            `${name}-place`,
            {
                connection: commandConnection(host.connection),
                create: command("place", upload.path),
                delete: command("remove"),
                stdin: fs.readFileSync(PLACE_SCRIPT, "utf8"),
                triggers: [host.dataId],
                logging: remote.Logging.Stderr,
            },
            {
                parent: this,
                dependsOn: [engine.ready, upload.ready],
                deletedWith: host.dataResource,
                // The name says which content it is: an edit of the script, or another address, changes nothing there.
                ignoreChanges: ["connection", "create", "delete", "stdin"],
            },
        );
        this.path = pulumi.output(destination);
        this.registerOutputs({ path: this.path });
    }
}

/** The path on the host. */
export function placeOf(prefix: string, content: LocalContent, place: Place): string {
    if (place !== "pinned") return keptPath(prefix, place.kept);
    return hostFolder(prefix, "content", content.hash.slice(0, 16), plainName(content.name));
}

/**
 * Gives several services on one host the same resource for the same content.
 *
 * @param scope begins the resources' names, as that of the group
 */
export function sharedContent(
    args: { engine: DockerEngine; prefix: string; scope?: string },
    opts: pulumi.ComponentResourceOptions,
): (content: LocalContent, place: Place) => HostContent {
    const { scope = "", ...rest } = args;
    const made = new Map<string, HostContent>();
    return (content, place) => {
        const destination = placeOf(args.prefix, content, place);
        // "content", or what the place is called: "kept-data-sub"
        const kind = place === "pinned" ? "content" : destination.slice(hostFolder(args.prefix).length + 1);
        const known = made.get(destination);
        if (known) return known;
        const name = `${scope}${kind.replaceAll("/", "-")}-${content.hash.slice(0, 12)}`;
        const resource = new HostContent(name, { ...rest, content, place }, opts);
        made.set(destination, resource);
        return resource;
    };
}
