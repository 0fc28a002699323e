import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { MountSpec, ServiceSpec } from "./compose";
import type { ContainerRefs } from "./containerRefs";

type Volume = docker.types.input.ContainerVolume;

/** Volumes, bind mounts, tmpfs and files of a container. */
export function mountArgs(spec: ServiceSpec, refs: ContainerRefs): Partial<docker.ContainerArgs> {
    const volumes: Volume[] = [];
    const mounts: docker.types.input.ContainerMount[] = [];
    const tmpfs: Record<string, string> = {};
    for (const mount of spec.mounts) {
        if (mount.type === "tmpfs" && mount.tmpfs?.options !== undefined) tmpfs[mount.target] = mount.tmpfs.options;
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
        ...(mounts.length > 0 && { mounts }),
        ...(Object.keys(tmpfs).length > 0 && { tmpfs }),
    };
}

/** What the engine's short form, `SOURCE:TARGET:ro`, cannot say. Compose decides so too. */
function needsLongForm({ type, volume, nocopy, propagation, bind }: MountSpec): boolean {
    const anonymous = type === "volume" && volume === undefined;
    return anonymous || nocopy || propagation !== undefined || (bind?.at === "host" && !bind.create);
}

function shortForm({ bind, volume, target, read_only, selinux }: MountSpec, refs: ContainerRefs): Volume {
    const common = { containerPath: target, readOnly: read_only, selinuxRelabel: selinux };
    if (bind) return { ...common, hostPath: refs.bind(bind, read_only) };
    return { ...common, volumeName: volume === undefined ? undefined : refs.volume(volume) };
}

function longForm(mount: MountSpec, refs: ContainerRefs): docker.types.input.ContainerMount {
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
