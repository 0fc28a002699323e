import { type KeyTable } from "./keyTable";

/** A file from `configs` or `secrets`, in the long form. */
function fileKeys(section: string, target: string): KeyTable {
    return {
        source: { supported: `Its key below the top level's \`${section}\`.`, example: "site" },
        target: { supported: `Path in the container. Default: ${target}`, example: "/etc/site.conf" },
        uid: { supported: "Who owns it, as a number.", example: '"1000"' },
        gid: { supported: "The group that owns it, as a number.", example: '"1000"' },
        mode: { supported: "Who may read it. Default: 0444", example: "0440" },
    };
}

/** What a service keeps and is given as files. */
export const storageKeys = {
    volumes: {
        supported: "Named volumes, folders and files in the container: `[SOURCE:]TARGET[:ro]`.",
        example: '["data:/var/lib/data", "./site:/usr/share/nginx/html:ro"]',
        each: {
            type: { supported: "`volume`, `bind` or `tmpfs`.", example: "bind" },
            source: { supported: "A volume's key, or a path.", example: "./site" },
            target: { supported: "Absolute path in the container.", example: "/srv" },
            read_only: { supported: "Whether the container only reads it.", example: "true" },
            consistency: { supported: "Accepted: it does nothing on Linux.", example: "cached" },
            bind: {
                supported: "More about a bind mount.",
                example: "{ create_host_path: false }",
                keys: {
                    propagation: { supported: "Whether mounts below it spread.", example: "rslave" },
                    create_host_path: {
                        supported: "Whether a missing folder is made. Default: true",
                        example: "false",
                    },
                    selinux: { supported: "`z` (shared) or `Z` (private).", example: "z" },
                    recursive: { refused: "the Docker provider has no such setting" },
                },
            },
            volume: {
                supported: "More about a volume.",
                example: "{ nocopy: true }",
                keys: {
                    nocopy: { supported: "Keeps the image's files out of a new volume.", example: "true" },
                    labels: {
                        refused:
                            "the Docker provider cannot label an anonymous volume; name it, and label it at the top level",
                    },
                    subpath: { refused: "the Docker provider has no such setting; use a volume of its own" },
                },
            },
            tmpfs: {
                supported: "More about a tmpfs.",
                example: "{ size: 64m }",
                keys: {
                    size: { supported: "How much it holds.", example: "64m" },
                    mode: { supported: "Who may use it.", example: "0o1777" },
                },
            },
            image: { refused: "the Docker provider cannot mount images" },
        },
    },
    volumes_from: {
        supported: "All mounts of another service or container: `[container:]NAME[:ro]`.",
        example: '["app:ro"]',
    },
    tmpfs: { supported: "Folders in memory.", example: '["/run:size=64m"]' },
    configs: {
        supported: "Files from the top level's `configs`.",
        example: "[site]",
        each: fileKeys("configs", "/SOURCE"),
    },
    secrets: {
        supported: "Files from the top level's `secrets`, or from `berth:secrets` by name.",
        example: "[password]",
        each: fileKeys("secrets", "/run/secrets/SOURCE"),
    },
    read_only: { supported: "The container's own file system is read-only.", example: "true" },
    storage_opt: { supported: "Options of the storage driver.", example: "{ size: 1G }" },
    shm_size: { supported: "Size of /dev/shm.", example: "256m" },
} satisfies KeyTable;
