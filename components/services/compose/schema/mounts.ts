import { z } from "zod";
import { Wrong, boolean, byForm, containerPath, fileMode, integer, read, size, text } from "./values";

/** A mount as written: where its source is, is decided with the project's folder. */
export interface WrittenMount {
    type: "volume" | "bind" | "tmpfs";
    source?: string;
    target: string;
    read_only: boolean;
    nocopy: boolean;
    propagation?: string;
    selinux?: "z" | "Z";
    /** Whether a missing folder of the host is made. */
    create: boolean;
    tmpfs?: { size?: number; mode?: number; options?: string };
}

const PROPAGATION = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

const WINDOWS = /^[a-z]:[\\/]|\\/i;
const NOT_WINDOWS =
    "a path of Windows; the host runs Linux: write ./FOLDER for one beside the file, or /FOLDER for the host's";

const longMount = z
    .strictObject({
        type: read((value) =>
            value === "volume" || value === "bind" || value === "tmpfs"
                ? value
                : new Wrong("one of volume, bind, tmpfs"),
        ),
        source: text.optional(),
        target: containerPath,
        read_only: boolean.default(false),
        consistency: text.optional(),
        bind: z
            .strictObject({
                propagation: read((value) =>
                    PROPAGATION.includes(String(value)) ? String(value) : new Wrong(`one of ${PROPAGATION.join(", ")}`),
                ).optional(),
                create_host_path: boolean.default(true),
                selinux: read((value) => (value === "z" || value === "Z" ? value : new Wrong("z or Z"))).optional(),
            })
            .optional(),
        volume: z.strictObject({ nocopy: boolean.default(false) }).optional(),
        tmpfs: z.strictObject({ size: size.optional(), mode: fileMode.optional() }).optional(),
    })
    .transform((mount, context): WrittenMount => {
        const { type, source, target, read_only, bind, volume, tmpfs } = mount;
        const refuse = (key: string, message: string) => context.addIssue({ code: "custom", message, path: [key] });
        if (type === "bind" && !source) refuse("source", "a bind mount has a source: a path");
        if (type === "bind" && WINDOWS.test(source ?? "")) refuse("source", NOT_WINDOWS);
        if (type === "tmpfs" && source !== undefined) refuse("source", "a tmpfs has no source; remove the line");
        // The engine refuses these too, but in the middle of an update.
        for (const [key, options] of Object.entries({ bind, volume, tmpfs })) {
            if (options !== undefined && key !== type)
                refuse(key, `the type is ${type}; remove ${key}, or write type: ${key}`);
        }
        return {
            type,
            source,
            target,
            read_only,
            nocopy: volume?.nocopy ?? false,
            propagation: bind?.propagation,
            selinux: bind?.selinux,
            create: bind?.create_host_path ?? true,
            ...(type === "tmpfs" && { tmpfs: { ...tmpfs } }),
        };
    });

const shortMount = read((value): WrittenMount | Wrong => {
    if (typeof value !== "string") return new Wrong('write "SOURCE:TARGET[:OPTIONS]", or the long form');
    if (WINDOWS.test(value)) return new Wrong(NOT_WINDOWS);
    const parts = value.split(":");
    const [first = "", second, options = "", ...more] = parts;
    if (more.length > 0) return new Wrong('write "SOURCE:TARGET[:OPTIONS]": there are too many colons');
    const { data: target } = containerPath.safeParse(second ?? first);
    if (target === undefined) return new Wrong("the path in the container is absolute and not /, such as /data");
    const source = second === undefined ? undefined : first;
    if (source === "") return new Wrong("before the colon comes a volume's name or a path");
    const isPath = source !== undefined && /^[./~]/.test(source);
    const mount: WrittenMount = {
        type: isPath ? "bind" : "volume",
        source,
        target,
        read_only: false,
        nocopy: false,
        create: true,
    };
    for (const option of options.split(",").filter(Boolean)) {
        if (option === "ro") mount.read_only = true;
        else if (option === "z" || option === "Z") mount.selinux = option;
        else if (option === "nocopy") mount.nocopy = true;
        else if (PROPAGATION.includes(option)) mount.propagation = option;
        else if (!["rw", "cached", "delegated", "consistent"].includes(option)) {
            return new Wrong(`"${option}" is not an option; there are ro, rw, z, Z, nocopy, ${PROPAGATION.join(", ")}`);
        }
    }
    if (isPath && mount.nocopy) return new Wrong("nocopy is for volumes; a path of the host is never copied to");
    if (!isPath && mount.propagation !== undefined) return new Wrong(`${mount.propagation} is for paths of the host`);
    return mount;
});

/** `volumes` of a service. */
export const mounts = z.array(byForm(shortMount, longMount), { error: 'write a list, such as ["data:/var/lib/app"]' });

/** `tmpfs`: `PATH[:OPTIONS]`, one or a list. */
export const tmpfs = read((value): WrittenMount[] | Wrong => {
    const mounted: WrittenMount[] = [];
    for (const [i, entry] of (Array.isArray(value) ? value : [value]).entries()) {
        const [path, options = ""] = typeof entry === "string" ? entry.split(/:(.*)/s) : [];
        const { data: target } = containerPath.safeParse(path);
        if (target === undefined) {
            const wrong = 'write a path in the container, such as /run or "/run:size=64m"';
            return Array.isArray(value) ? new Wrong(wrong, [i]) : new Wrong(`${wrong}, or a list`);
        }
        mounted.push({ type: "tmpfs", target, read_only: false, nocopy: false, create: false, tmpfs: { options } });
    }
    return mounted;
});

const fileNumber = integer(0);

/** `configs` and `secrets` of a service. */
export const fileMounts = z.array(
    z.union(
        [
            z.string().transform((source) => ({ source, target: undefined, uid: 0, gid: 0, mode: 0o444 })),
            z.strictObject({
                source: text,
                target: text.optional(),
                uid: fileNumber.default(0),
                gid: fileNumber.default(0),
                mode: fileMode.default(0o444),
            }),
        ],
        { error: "write a name, or { source, target, uid, gid, mode }" },
    ),
    { error: "write a list of names" },
);
