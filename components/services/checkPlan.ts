import * as pulumi from "@pulumi/pulumi";
import { StackOutputs } from "../stackOutputs";
import { userError } from "../userError";
import type { ComposeProject } from "./compose";
import type { ContainerOutputs } from "./addresses";
import type { PreparedVolumes } from "./anonymousVolumes";
import { type Registries, resolveCredentials, resolveDigest } from "./image";
import { type MadeWith, madeWith } from "./readBack";
import { knownVolumes, volumeFacts, volumeMistakes } from "./volumes";

export interface PlanArgs {
    project: ComposeProject;
    prefix: string;
    protectVolumes: boolean;
    registries: Registries;
    /** Registries that are asked before Docker Hub, as URLs. */
    mirrors: string[];
}

/** What a plan has to know besides the config. */
export interface PlanFacts {
    /** By service: the digest that the registry has under the image's tag now, where `pull_policy: always` asks for it. */
    digests: Record<string, string>;
    madeWith: MadeWith;
    prepared: PreparedVolumes;
    /** The stack's containers as the state has them, by the resource's name. */
    containers: ReadonlyMap<string, ContainerOutputs>;
}

/**
 * Asks registries and the stack's state, before anything is made.
 *
 * @throws userError with all that speaks against the plan, a line each, with the remedy
 */
export async function checkPlan(args: PlanArgs): Promise<PlanFacts> {
    const { project, prefix, protectVolumes, registries, mirrors } = args;
    const before = await StackOutputs.read();
    const groups = before.ofType<{ volumes: unknown }>("berth:index:ServiceGroup");
    const now = volumeFacts(project.volumes, prefix, protectVolumes);
    const volumes = before.ofType("docker:index/volume:Volume");
    const mistakes = [...groups].flatMap(([name, group]) =>
        volumeMistakes(knownVolumes(group.volumes, volumes, name.replace(/services$/, "")), now),
    );
    const digests: Record<string, string> = {};
    const credentials = await resolveCredentials(registries);
    await Promise.all(
        Object.entries(project.services).map(async ([service, { image, build, pull_policy }]) => {
            if (image === undefined || build || pull_policy !== "always") return;
            try {
                digests[service] = await resolveDigest(image, { credentials, mirrors });
            } catch (error) {
                mistakes.push(`services.${service}.image: ${(error as Error).message}`);
            }
        }),
    );
    if (mistakes.length > 0)
        throw userError([...new Set(mistakes)].join("\n").replaceAll("-s STACK", `-s ${pulumi.getStack()}`));
    const containers = before.ofType<ContainerOutputs>("docker:index/container:Container");
    const prepared: PreparedVolumes = before.ofType("command:remote:Command");
    return { digests, madeWith: madeWith(containers), prepared, containers };
}
