import {
    type Values,
    flagOf,
    jsonOf,
    numberOf,
    recordOf,
    recordsOf,
    textMapOf,
    textOf,
    textsOf,
} from "../../../components/readings";

/** A container as the docker provider was asked for it. What the state does not say is absent, and is not looked at. */
export interface AskedContainer {
    name: string;
    image?: string;
    envs?: string[];
    labels?: { label: string; value: string }[];
    command?: string[];
    entrypoints?: string[];
    restart?: string;
    mustRun?: boolean;
    memory?: number;
    privileged?: boolean;
    readOnly?: boolean;
    ports?: { internal: number; external?: number; protocol?: string }[];
    volumes?: {
        containerPath?: string;
        hostPath?: string;
        volumeName?: string;
        fromContainer?: string;
        readOnly?: boolean;
    }[];
    mounts?: { target: string; source?: string; type: string; readOnly?: boolean }[];
    tmpfs?: Record<string, string>;
    networksAdvanced?: { name: string }[];
}

/**
 * Reads the inputs of a container in a state.
 *
 * @param inputs with their secrets shown
 * @param name of the container, where its inputs do not have it
 */
export function askedContainer(inputs: unknown, name: string): AskedContainer {
    const asked = recordOf(inputs);
    // The official provider and the one that is built here have other names for some lists.
    const command = asked.command ?? asked.commands;
    const networks = asked.networksAdvanced ?? asked.networksAdvanceds;
    return {
        name: textOf(asked.name) ?? name,
        image: textOf(asked.image),
        envs: textsOf(asked.envs),
        labels: namedRecords(asked.labels, "label").map(({ label, value }) => ({
            label: String(label),
            value: textOf(value) ?? "",
        })),
        command: Array.isArray(command) ? textsOf(command) : undefined,
        entrypoints: Array.isArray(asked.entrypoints) ? textsOf(asked.entrypoints) : undefined,
        restart: textOf(asked.restart),
        mustRun: flagOf(asked.mustRun),
        memory: numberOf(asked.memory),
        privileged: flagOf(asked.privileged),
        readOnly: flagOf(asked.readOnly),
        ports: recordsOf(asked.ports).flatMap(({ internal, external, protocol }) => {
            const inside = numberOf(internal);
            if (inside === undefined) return [];
            return [{ internal: inside, external: numberOf(external), protocol: textOf(protocol) }];
        }),
        volumes: recordsOf(asked.volumes).map((one) => ({
            containerPath: textOf(one.containerPath),
            hostPath: textOf(one.hostPath),
            volumeName: textOf(one.volumeName),
            fromContainer: textOf(one.fromContainer),
            readOnly: flagOf(one.readOnly),
        })),
        mounts: namedRecords(asked.mounts, "target").map(({ target, source, type, readOnly }) => ({
            target: String(target),
            source: textOf(source),
            type: textOf(type) ?? "bind",
            readOnly: flagOf(readOnly),
        })),
        tmpfs: textMapOf(jsonOf(asked.tmpfs) ?? asked.tmpfs),
        networksAdvanced: Array.isArray(networks)
            ? namedRecords(networks, "name").map((one) => ({ name: String(one.name) }))
            : undefined,
    };
}

const namedRecords = (value: unknown, key: string): Values[] =>
    recordsOf(value).filter((one) => textOf(one[key]) !== undefined);
