import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../../engine";
import { asRoot, commandConnection } from "../../host";
import { hostFolder } from "../files";
import type { ServiceGroup } from "../serviceGroup";

const RECORD_SCRIPT = path.join(__dirname, "../../../scripts/record-releases.sh");

export interface ReleaseLedgerArgs {
    engine: DockerEngine;
    /** `PROJECT-STACK` */
    prefix: string;
    services: ServiceGroup;
    /** The services as they are written, by name. */
    written: Record<string, unknown>;
    /** Whether what is written is secret. Default: false */
    secret?: boolean;
    /** What has to be done before a release is one, besides the services' health. Default: nothing */
    after?: pulumi.Resource[];
}

/** What a line of the ledger says of a release, besides its number, its time and its image. */
export interface ReleaseText {
    service: string;
    /** What the image is called: a reference, or the tag of a build. */
    of: string;
    /** The service as it was written. */
    written: unknown;
}

/** Has the host write down what was released: `./scripts/rollback` reads it. What did not get healthy is not there. */
export class ReleaseLedger extends pulumi.ComponentResource {
    constructor(name: string, args: ReleaseLedgerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:ReleaseLedger", name, {}, opts);
        const { engine, prefix, services, written, secret = false, after = [] } = args;
        const { host } = engine;
        const script = fs.readFileSync(RECORD_SCRIPT, "utf8");
        const command = (action: string) =>
            asRoot(host.connection.user, [
                ...["bash", "--norc", "-c", script, "record-releases"],
                ...[action, prefix, hostFolder(prefix)],
            ]);
        const lines = Object.entries(written).flatMap(([service, text]) => {
            const [container] = services.containersOf(service);
            const image = services.imageOf(service);
            if (container === undefined || image === undefined) return [];
            const release: ReleaseText = { service, of: image, written: text };
            return [container, JSON.stringify(release)];
        });
        const stdin = lines.map((line) => `${line}\n`).join("");
        new remote.Command(
            name,
            {
                connection: commandConnection(host.connection),
                create: command("record"),
                delete: command("remove"),
                stdin: secret ? pulumi.secret(stdin) : stdin,
                triggers: [host.dataId],
                addPreviousOutputInEnv: false,
                logging: remote.Logging.None,
            },
            {
                parent: this,
                dependsOn: [...services.gates, ...after],
                deletedWith: host.dataResource,
                deleteBeforeReplace: true,
            },
        );
        this.registerOutputs();
    }
}
