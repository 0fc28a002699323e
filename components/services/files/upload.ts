import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import type { DockerEngine } from "../../engine";
import { commandConnection } from "../../host";
import type { LocalContent } from "./localContent";

export interface UploadArgs {
    engine: DockerEngine;
    prefix: string;
    content: LocalContent;
}

/**
 * The archive of content in the home folder of the login, over SFTP. Whoever uses it removes it there. The state holds
 * the archive's hash, not its content.
 */
export class Upload {
    /** Relative to the login's home folder. */
    readonly path: string;
    readonly ready: pulumi.Resource;

    constructor(name: string, { engine, prefix, content }: UploadArgs, opts: pulumi.CustomResourceOptions) {
        const { host } = engine;
        // Of its own: whoever uses another copy of the same content removes that one.
        const key = createHash("sha256")
            .update(JSON.stringify([name, content.hash]))
            .digest("hex");
        this.path = `.${prefix}-${key.slice(0, 16)}.tar`;
        this.ready = new remote.CopyToRemote(
            name,
            {
                connection: commandConnection(host.connection),
                source: new pulumi.asset.FileAsset(content.archive()),
                remotePath: this.path,
                triggers: [host.dataId],
            },
            { ...opts, dependsOn: engine.ready, deletedWith: host.dataResource, ignoreChanges: ["connection"] },
        );
    }
}
