import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as path from "node:path";
import type { DockerEngine } from "../engine";
import { asRoot, commandConnection } from "../host";
import { type Unread, jsonOf, lastLineOf, listOf, textMapOf, textOf } from "../readings";
import { commandWithin, hostCommand } from "../remote";
import type { ServiceSpec } from "./compose";
import { hostFolder } from "./files";
import type { UpdateOrder } from "./updateOrder";

/** Read once: each container has such a command. */
const SCRIPT = fs.readFileSync(path.join(__dirname, "../../scripts/anonymous-volumes.sh"), "utf8");

/** Of a container: names of its anonymous volumes, by the path at which it has them. */
export type VolumesByPath = Readonly<Record<string, string>>;

/** What the state says of the commands that have named volumes, by the resource's name. Each field may be missing. */
export type PreparedVolumes = ReadonlyMap<string, PreparedState>;

export type PreparedState = Unread<{ create: string; triggers: unknown[]; stdout: string }>;

interface StackArgs {
    engine: DockerEngine;
    /** `PROJECT-STACK` */
    prefix: string;
    /** With `berth.project` and `berth.stack`. */
    labels: Record<string, string>;
}

export interface AnonymousVolumesArgs extends StackArgs {
    service: string;
    /** The container's place among those of the service, whatever its version: `PREFIX-SERVICE[-N]`. */
    slot: string;
    container: string;
    image: pulumi.Input<string>;
    spec: ServiceSpec;
    order: UpdateOrder["order"];
    /** Ids of the containers whose volumes it uses. */
    from: pulumi.Input<string>[];
    /** Default: none known */
    prepared?: PreparedVolumes;
    /** What is done before the container is made. */
    after: pulumi.Resource[];
}

/**
 * The volumes of a container that have no name in the file: those that its image declares, which only the host knows,
 * and those of `volumes: [/path]`. A command asks the host just before the container is made, and gives them names, so
 * that the next container of the service finds them, and that no removal of a container takes them along.
 */
export class AnonymousVolumes extends pulumi.ComponentResource {
    /** Known in the plan as long as image, name and mounts of the container stay the same. */
    readonly byPath: pulumi.Output<VolumesByPath>;
    /** Done when they are there. */
    readonly ready: pulumi.Resource;

    constructor(name: string, args: AnonymousVolumesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("berth:index:AnonymousVolumes", name, {}, opts);
        const { engine, prefix, service, slot, after } = args;
        const { host } = engine;
        const create = pulumi
            .all([args.image, ...args.from])
            .apply(([image = "", ...from]) => command(args, "prepare", ...prepareWords(args, image, from)));
        const prepare = hostCommand(
            name,
            {
                connection: commandConnection(host.connection),
                create,
                delete: command(args, "leave", hostFolder(prefix), service, slot),
                stdin: SCRIPT,
                triggers: [host.dataId],
                logging: remote.Logging.Stderr, // what it stops, removes, or warns of
            },
            { parent: this, dependsOn: [engine.ready, ...after], deletedWith: host.dataResource },
        );
        // Another script, or another address of the host, runs it again, and changes nothing in what it says: not even
        // in the plan, where the output of a command that runs again is unknown.
        const before = args.prepared?.get(name);
        const stdout = pulumi
            .all([create, host.dataId])
            .apply(([text, dataId]) => pulumi.output(saidBefore(before, text, dataId) ?? prepare.stdout));
        this.byPath = pulumi.unsecret(stdout).apply(readVolumes);
        this.ready = prepare;
        this.registerOutputs();
    }
}

/**
 * Has the host know which services there are, after all containers are made: volumes of one that has left the stack are
 * removed, and those of a stack that goes stay.
 */
export function settleAnonymousVolumes(
    name: string,
    args: StackArgs & { services: string[] },
    after: pulumi.Resource[],
    parent: pulumi.Resource,
): remote.Command {
    const { engine, prefix, services } = args;
    const { host } = engine;
    return hostCommand(
        name,
        {
            connection: commandConnection(host.connection),
            create: command(args, "settle", hostFolder(prefix), ...services),
            delete: command(args, "forget", hostFolder(prefix)),
            stdin: SCRIPT,
            triggers: [host.dataId],
            logging: remote.Logging.Stderr,
        },
        // Where it is recreated, the list must not be removed after it.
        {
            parent,
            dependsOn: [engine.ready, ...after],
            deletedWith: host.dataResource,
            deleteBeforeReplace: true,
        },
    );
}

function command({ engine, labels }: StackArgs, verb: string, ...words: string[]): string {
    const stack = [labels["berth.project"] ?? "", labels["berth.stack"] ?? ""];
    return asRoot(engine.host.connection.user, ["bash", "-s", "--", verb, ...stack, ...words]);
}

function prepareWords(args: AnonymousVolumesArgs, image: string, from: string[]): string[] {
    const { service, slot, container, order, spec } = args;
    const named = spec.mounts.filter((mount) => !isAnonymous(mount)).map(({ target }) => target);
    const mounted = [...named, ...spec.files.map(({ target }) => target)].map(cleanTarget);
    return [
        ...[service, slot, container, image, order],
        ...spec.mounts.filter(isAnonymous).flatMap(({ target }) => ["--volume", cleanTarget(target)]),
        ...mounted.flatMap((target) => ["--mounted", target]),
        ...from.flatMap((id) => ["--from", id]),
    ];
}

/** Whether the engine would choose the volume. */
export function isAnonymous({ type, volume }: ServiceSpec["mounts"][number]): boolean {
    return type === "volume" && volume === undefined;
}

/** As the engine writes a path in a container: `/data`, not `/data/`. */
export function cleanTarget(target: string): string {
    return path.posix.join("/", target, ".").replace(/(.)\/$/, "$1");
}

/** What a command printed, where the very command is in the state: on this data root, with these words. */
export function saidBefore(before: PreparedState | undefined, create: string, dataId: string): string | undefined {
    const same = commandWithin(textOf(before?.create) ?? "") === create && listOf(before?.triggers)[0] === dataId;
    return same ? textOf(before?.stdout) : undefined;
}

/** @param stdout of the command; what is no such answer has no volumes */
export function readVolumes(stdout: unknown): VolumesByPath {
    const volumes = textMapOf(jsonOf(lastLineOf(stdout)));
    return Object.fromEntries(Object.entries(volumes).filter(([target]) => target.startsWith("/")));
}
