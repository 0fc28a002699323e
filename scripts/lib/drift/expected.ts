import { commandWithin } from "../../../components/remote/printableCommand";
import type { NamedHost } from "../hosts";
import { type StateResource, providerOf, revealed } from "../state";

/** A container as the docker provider was asked for it. */
export interface AskedContainer {
    name: string;
    image: string;
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

/** What one host of a stack shall have, as its state says. */
export interface Expected {
    containers: { id: string; asked: AskedContainer }[];
    networks: { id: string; name: string }[];
    volumes: string[];
    /** What the engine's versions were when it was installed. */
    versions: Record<string, string>;
    /** Options of install-docker.sh. */
    users: string[];
    version?: string;
    /** Units of the stack's own that start at boot. */
    units: string[];
    /** What was pulled, by the reference that it was asked for by. */
    images: { reference: string; id: string }[];
    /** Whether the machine is the stack's alone, so that nothing else has a place there. */
    dedicated: boolean;
}

/** @param prefix `PROJECT-STACK` */
export function expectedOn(host: NamedHost, resources: StateResource[], prefix: string): Expected {
    const scope = host.name === "host" ? "" : `${host.name}/`;
    const nameOf = ({ urn }: StateResource) => urn.split("::").at(-1) ?? "";
    const named = (name: string) => resources.find((resource) => nameOf(resource) === `${scope}${name}`);
    const provider = named("engine-engine");
    const onHost = (type: string) =>
        resources.filter((r) => r.type === type && providerOf(r.provider, resources)?.urn === provider?.urn);
    const install = named("engine-install");
    const create = commandWithin(String(install?.inputs?.create));
    const options = (name: string) =>
        [...create.matchAll(new RegExp(`--${name} (\\S+)`, "g"))].map(([, value = ""]) => value);
    const [version] = options("version");
    return {
        containers: onHost("docker:index/container:Container").map(({ id = "", inputs }) => ({
            id,
            asked: revealed(inputs) as AskedContainer,
        })),
        networks: onHost("docker:index/network:Network").map(({ id = "", inputs }) => ({
            id,
            name: String(inputs?.name),
        })),
        volumes: onHost("docker:index/volume:Volume").map(({ inputs }) => String(inputs?.name)),
        versions: JSON.parse((install?.outputs?.stdout as string | undefined) ?? "{}") as Record<string, string>,
        users: options("user"),
        ...(version !== undefined && { version }),
        units: [
            ...(named("start-order") ? [`berth-start-order-${prefix}.service`] : []),
            ...(named("sites-certificates") ? [`berth-certificates-${prefix}.timer`] : []),
        ],
        images: onHost("docker:index/remoteImage:RemoteImage").map(({ inputs, outputs }) => ({
            reference: String(inputs?.name),
            id: String(outputs?.imageId),
        })),
        dedicated: named("engine-clear") !== undefined,
    };
}
