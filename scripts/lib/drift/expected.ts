import { jsonOf, textMapOf, textOf } from "../../../components/readings";
import { commandWithin } from "../../../components/remote/printableCommand";
import type { NamedHost } from "../hosts";
import { type StateResource, providerOf, revealed } from "../state";
import { type AskedContainer, askedContainer } from "./asked";

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

const VOLUME = "docker:index/volume:Volume";

/** @param prefix `PROJECT-STACK` */
export function expectedOn(host: NamedHost, resources: StateResource[], prefix: string): Expected {
    const scope = host.name === "host" ? "" : `${host.name}/`;
    const nameOf = ({ urn }: StateResource) => urn.split("::").at(-1) ?? "";
    const named = (name: string) => resources.find((resource) => nameOf(resource) === `${scope}${name}`);
    const provider = named("engine-engine");
    const isOnHost = (one: StateResource) =>
        provider !== undefined && providerOf(one.provider, resources)?.urn === provider.urn;
    const onHost = (type: string) => resources.filter((one) => one.type === type && isOnHost(one));
    /** A volume's id is its name. */
    const ownName = (one: StateResource) =>
        textOf(one.inputs?.name) ??
        textOf(one.outputs?.name) ??
        (one.type === VOLUME ? one.id : undefined) ??
        nameOf(one);
    const install = named("engine-install");
    const create = commandWithin(textOf(install?.inputs?.create) ?? "");
    const options = (name: string) =>
        [...create.matchAll(new RegExp(`--${name} (\\S+)`, "g"))].map(([, value = ""]) => value);
    const [version] = options("version");
    return {
        containers: onHost("docker:index/container:Container").map((one) => ({
            id: one.id ?? "",
            asked: askedContainer(revealed(one.inputs), ownName(one)),
        })),
        networks: onHost("docker:index/network:Network").map((one) => ({ id: one.id ?? "", name: ownName(one) })),
        volumes: onHost(VOLUME).map(ownName),
        versions: textMapOf(jsonOf(install?.outputs?.stdout)),
        users: options("user"),
        ...(version !== undefined && { version }),
        units: [
            ...(named("start-order") ? [`berth-start-order-${prefix}.service`] : []),
            ...(named("sites-certificates") ? [`berth-certificates-${prefix}.timer`] : []),
        ],
        images: onHost("docker:index/remoteImage:RemoteImage").flatMap(({ inputs, outputs }) => {
            const [reference, id] = [textOf(inputs?.name), textOf(outputs?.imageId)];
            return reference === undefined || id === undefined ? [] : [{ reference, id }];
        }),
        dedicated: named("engine-clear") !== undefined,
    };
}
