/** A list of which there is something: the provider would take an empty one for something that is said. */
export function some<T>(list: T[]): T[] | undefined {
    return list.length > 0 ? list : undefined;
}

/** A map in which there is something. */
export function filled<T extends object>(map: T): T | undefined {
    return Object.keys(map).length > 0 ? map : undefined;
}
