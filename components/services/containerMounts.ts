import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type VolumesByPath, cleanTarget, isAnonymous } from "./anonymousVolumes";
import type { MountSpec, ServiceSpec } from "./compose";
import type { ContainerRefs } from "./containerRefs";

type Volume = docker.types.input.ContainerVolume;
type Mount = docker.types.input.ContainerMount;

/** Volumes, bind mounts, tmpfs and files of a container. */
export function mountArgs(spec: ServiceSpec, refs: ContainerRefs): Partial<docker.ContainerArgs> {
    const volumes: Volume[] = [];
    const mounts: Mount[] = [];
    const anonymous: MountSpec[] = [];
    const tmpfs: Record<string, string> = {};
    for (const mount of spec.mounts) {
        if (isAnonymous(mount)) anonymous.push(mount);
        else if (mount.type === "tmpfs" && mount.tmpfs?.options !== undefined)
            tmpfs[mount.target] = mount.tmpfs.options;
        else if (mount.type === "tmpfs" || needsLongForm(mount)) mounts.push(longForm(mount, refs));
        else volumes.push(shortForm(mount, refs));
    }
    for (const { from, container, read_only } of spec.volumes_from) {
        const source = container ? from : refs.container(from);
        volumes.push({ fromContainer: read_only ? pulumi.interpolate`${source}:ro` : source });
    }
    for (const file of spec.files) {
        mounts.push({ type: "bind", source: refs.file(file), target: file.target, readOnly: true });
    }
    return {
        ...(volumes.length > 0 && { volumes }),
        ...withAnonymous(mounts, anonymous, refs),
        ...(Object.keys(tmpfs).length > 0 && { tmpfs }),
    };
}

/** Adds the volumes that have no name in the file: those that it asks for, and those that only the image declares. */
function withAnonymous(mounts: Mount[], asked: MountSpec[], refs: ContainerRefs): Pick<docker.ContainerArgs, "mounts"> {
    const all = (byPath: VolumesByPath) => {
        const targets = new Set(asked.map(({ target }) => cleanTarget(target)));
        const declared = Object.keys(byPath).filter((target) => !targets.has(target));
        const found = [
            ...mounts,
            ...asked.map((mount) => ({ ...longForm(mount, refs), source: byPath[cleanTarget(mount.target)] })),
            ...declared.map((target) => ({ type: "volume", target, source: byPath[target] })),
        ];
        return found.length > 0 ? found : undefined;
    };
    if (refs.anonymous === undefined) return { mounts: all({}) };
    // Where it is known that there are none, there is no such argument.
    return { mounts: pulumi.output(refs.anonymous).apply(all) };
}

/** What the engine's short form, `SOURCE:TARGET:ro`, cannot say. Compose decides so too. */
function needsLongForm({ nocopy, propagation, bind }: MountSpec): boolean {
    return nocopy || propagation !== undefined || (bind?.at === "host" && !bind.create);
}

function shortForm({ bind, volume, target, read_only, selinux }: MountSpec, refs: ContainerRefs): Volume {
    const common = { containerPath: target, readOnly: read_only, selinuxRelabel: selinux };
    if (bind) return { ...common, hostPath: refs.bind(bind, read_only) };
    return { ...common, volumeName: volume === undefined ? undefined : refs.volume(volume) };
}

function longForm(mount: MountSpec, refs: ContainerRefs): Mount {
    const { type, target, read_only, bind, volume, propagation, nocopy, tmpfs } = mount;
    return {
        type,
        target,
        readOnly: read_only,
        ...(bind && { source: refs.bind(bind, read_only) }),
        ...(volume !== undefined && { source: refs.volume(volume) }),
        ...(propagation !== undefined && { bindOptions: { propagation } }),
        ...(nocopy && { volumeOptions: { noCopy: true } }),
        ...(tmpfs && { tmpfsOptions: { sizeBytes: tmpfs.size, mode: tmpfs.mode } }),
    };
}
