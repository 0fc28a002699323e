import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../../engine";
import { asRoot, commandConnection } from "../../host";
import { lastLineOf } from "../../readings";
import { hostCommand } from "../../remote";
import type { FileMount } from "../compose";
import { hostFolder } from "./hostFolder";

const PLACE_SCRIPT = path.join(__dirname, "../../../scripts/place-files.sh");

export interface HostFilesArgs {
    engine: DockerEngine;
    /** `PROJECT-STACK` */
    prefix: string;
    /** The service's name. */
    service: string;
    /** Its configs and secrets. */
    files: FileMount[];
}

/** The configs and secrets of a service on a host, each a file that nothing changes: other content is another file. */
export class HostFiles extends pulumi.ComponentResource {
    /** What is done when they are there. Empty without files. */
    readonly ready: pulumi.Resource[];
    private readonly paths = new Map<FileMount, pulumi.Output<string>>();

    constructor(name: string, args: HostFilesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:HostFiles", name, {}, opts);
        const plain = args.files.filter((file) => !file.secret);
        const secret = args.files.filter((file) => file.secret);
        this.ready = [
            ...(plain.length > 0 ? [this.placePlain(name, args, plain)] : []),
            ...(secret.length > 0 ? [this.placeSecret(name, args, secret)] : []),
        ];
        this.registerOutputs();
    }

    /**
     * Where a file lies on the host: absolute; a config's is known in the plan, a secret's when it is there.
     *
     * @param file one of those that were given
     */
    pathOf(file: FileMount): pulumi.Output<string> {
        const known = this.paths.get(file);
        if (!known) throw new Error(`${file.target} is not among the files of this service`);
        return known;
    }

    private placePlain(name: string, { engine, prefix, service }: HostFilesArgs, files: FileMount[]): pulumi.Resource {
        const payload = payloadOf(files);
        const key = createHash("sha256").update(payload).digest("hex");
        const folder = `files/${service}/${key.slice(0, 16)}`;
        files.forEach((file, i) => this.paths.set(file, pulumi.output(hostFolder(prefix, folder, String(i)))));
        return place(`${name}-configs-${key.slice(0, 8)}`, engine, [hostFolder(prefix), folder], payload, {
            parent: this,
            // The name says which content it is.
            ignoreChanges: [...IGNORED, "stdin"],
        });
    }

    /** The folder's name is made on the host, by a key that stays there: no hash of a secret leaves it. */
    private placeSecret(name: string, { engine, prefix, service }: HostFilesArgs, files: FileMount[]): pulumi.Resource {
        const parent = `files/${service}/secret/`; // the host adds the last part
        const payload = pulumi.secret(payloadOf(files));
        const command = place(`${name}-secrets`, engine, [hostFolder(prefix), parent], payload, {
            parent: this,
            replaceOnChanges: ["stdin"], // the old ones stay until the new container has taken over
            ignoreChanges: IGNORED,
        });
        const folder = pulumi.unsecret(command.stdout).apply(lastLineOf);
        files.forEach((file, i) => this.paths.set(file, pulumi.interpolate`${folder}/${i}`));
        return command;
    }
}

/** The script is a part of `create`, so that the content alone is on stdin; an edit of it places nothing anew. */
const IGNORED = ["connection", "create", "delete"];

function place(
    name: string,
    engine: DockerEngine,
    folder: [base: string, path: string],
    stdin: pulumi.Input<string>,
    opts: pulumi.CustomResourceOptions,
): remote.Command {
    const { host } = engine;
    const script = fs.readFileSync(PLACE_SCRIPT, "utf8");
    const command = (verb: string) =>
        asRoot(host.connection.user, ["bash", "--norc", "-c", script, "place-files", verb, ...folder]);
    return hostCommand(
        name,
        {
            connection: commandConnection(host.connection),
            create: command("place"),
            delete: command("remove"),
            stdin,
            triggers: [host.dataId],
            logging: remote.Logging.None,
        },
        { ...opts, dependsOn: engine.ready, deletedWith: host.dataResource },
    );
}

/** What scripts/place-files.sh reads: a line `UID GID MODE BASE64` for each file, which is named by its number. */
export function payloadOf(files: FileMount[]): string {
    return files
        .map(({ uid, gid, mode, content }) => `${uid} ${gid} ${mode.toString(8)} ${content.toString("base64")}\n`)
        .join("");
}
