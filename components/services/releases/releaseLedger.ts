import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../../engine";
import { asRoot, commandConnection } from "../../host";
import { hostCommand } from "../../remote";
import { hostFolder } from "../files";
import type { ServiceGroup } from "../serviceGroup";

const script = (name: string) => fs.readFileSync(path.join(__dirname, "../../../scripts", name), "utf8");
/** How many releases of a service the ledger has where nothing else is said. */
const KEPT = 10;

export interface ReleaseLedgerArgs {
    engine: DockerEngine;
    /** `PROJECT-STACK` */
    prefix: string;
    services: ServiceGroup;
    /** The services as they are written, by name. */
    written: Record<string, unknown>;
    /** Whether what is written is secret. Default: false */
    secret?: boolean;
    /**
     * How many releases of each service stay; images and build cache that neither they nor a container need go.
     * Default: ten stay, and nothing goes.
     */
    keep?: number;
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
        const { engine, prefix, services, written, secret = false, keep, after = [] } = args;
        const { host } = engine;
        const folder = hostFolder(prefix);
        const command = (file: string, ...words: string[]) =>
            asRoot(host.connection.user, ["bash", "--norc", "-c", script(`${file}.sh`), file, ...words]);
        const lines = Object.entries(written).flatMap(([service, text]) => {
            const [container] = services.containersOf(service);
            const image = services.imageOf(service);
            if (container === undefined || image === undefined) return [];
            const release: ReleaseText = { service, of: image, written: text };
            return [container, JSON.stringify(release)];
        });
        const stdin = lines.map((line) => `${line}\n`).join("");
        const shared = {
            connection: commandConnection(host.connection),
            stdin: secret ? pulumi.secret(stdin) : stdin,
            triggers: [host.dataId],
            logging: remote.Logging.None,
        };
        const options = { parent: this, deletedWith: host.dataResource, deleteBeforeReplace: true };
        const record = hostCommand(
            name,
            {
                ...shared,
                create: command("record-releases", "record", prefix, folder, String(keep ?? KEPT)),
                delete: command("record-releases", "remove", prefix, folder),
            },
            { ...options, dependsOn: [...services.gates, ...after] },
        );
        if (keep !== undefined) {
            // It does not read the lines: they say when there is something new.
            const which = host.dedicated ? "all" : "own";
            const create = command("prune-images", prefix, folder, String(keep), which, "remove");
            hostCommand(`${name}-prune`, { ...shared, create }, { ...options, dependsOn: [record] });
        }
        this.registerOutputs();
    }
}
