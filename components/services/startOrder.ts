import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../engine";
import { asRoot, commandConnection } from "../host";
import { hostCommand } from "../remote";
import type { DependencyCondition } from "./compose";

const START_ORDER = path.join(__dirname, "../../scripts/start-order.sh");

/** A container that waits for others, and for what of them. */
export interface StartStep {
    container: string;
    after: { container: string; condition: DependencyCondition }[];
}

/**
 * Has the host start the stack's containers in their order when it boots: Docker alone starts all at once.
 *
 * @param steps each after those that it waits for
 */
export function createStartOrder(
    name: string,
    engine: DockerEngine,
    prefix: string,
    steps: StartStep[],
    after: pulumi.Resource[],
    parent: pulumi.Resource,
): remote.Command {
    const { host } = engine;
    const words = (...more: string[]) => asRoot(host.connection.user, ["bash", "-s", "--", ...more]);
    const lines = steps.map((step) =>
        [step.container, ...step.after.map(({ container, condition }) => `${container}:${condition}`)].join(" "),
    );
    return hostCommand(
        name,
        {
            connection: commandConnection(host.connection),
            create: words("install", prefix, ...lines),
            delete: words("remove", prefix),
            stdin: fs.readFileSync(START_ORDER, "utf8"),
            triggers: [host.machineId],
            logging: remote.Logging.None,
        },
        // A new order is an update; where it is made anew, the old one must not be taken off after it.
        { parent, deletedWith: host.dataResource, dependsOn: after, deleteBeforeReplace: true },
    );
}
