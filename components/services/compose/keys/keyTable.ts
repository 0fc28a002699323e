/** A key that Berth reads. */
export interface SupportedKey {
    /** What it does, in a line. */
    supported: string;
    /** A value as YAML writes it, of one line. */
    example: string;
    /** Keys of its value, where that is a map of known keys. */
    keys?: KeyTable;
    /** Keys of each entry of its value, where that is a list or a map of such maps. */
    each?: KeyTable;
}

/** A key of the Compose Specification that Berth does not read. */
export interface RefusedKey {
    /** Why not, and what to write in its place where there is something. */
    refused: string;
}

/** Every key that the Compose Specification has at one place. */
export type KeyTable = Record<string, SupportedKey | RefusedKey>;

export function isSupported(key: SupportedKey | RefusedKey): key is SupportedKey {
    return "supported" in key;
}

/** Keys that belong to whoever writes the file: everywhere, and never read. */
export function isExtension(key: string): boolean {
    return key.startsWith("x-");
}
