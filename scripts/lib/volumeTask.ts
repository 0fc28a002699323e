import * as path from "node:path";

/** What `./scripts/volume` is asked to do with a volume. */
export type VolumeTask =
    | (ArchiveTask & { action: "save" })
    | (ArchiveTask & { action: "restore" })
    | { action: "undo" | "remove-old"; volume: string };

/** `how` is a word of volume-data.sh's: `pause` or `stop`, `new` or `replace`. */
export interface ArchiveTask {
    volume: string;
    /** Absolute path. */
    file: string;
    how: string;
}

/** @returns undefined where the words are not understood */
export function readVolumeTask(words: string[]): VolumeTask | undefined {
    const [action, ...more] = words;
    if (action !== "save" && action !== "restore") return undefined;
    const end = more.indexOf("--");
    const before = end < 0 ? more : more.slice(0, end);
    const flags = before.filter((word) => word.startsWith("--"));
    const names = [...before.filter((word) => !word.startsWith("--")), ...(end < 0 ? [] : more.slice(end + 1))];
    const [volume, file] = names;
    const [flag] = flags;
    if (!volume || names.length > 2 || flags.length > 1) return undefined;
    if (file === undefined) {
        if (action !== "restore" || (flag !== "--undo" && flag !== "--remove-old")) return undefined;
        return { action: flag === "--undo" ? "undo" : "remove-old", volume };
    }
    const known = action === "save" ? "--stop" : "--replace";
    if (file === "" || (flag !== undefined && flag !== known)) return undefined;
    if (action === "save")
        return { action, volume, file: path.resolve(file), how: flag === undefined ? "pause" : "stop" };
    return { action, volume, file: path.resolve(file), how: flag === undefined ? "new" : "replace" };
}
