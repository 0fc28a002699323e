/** A map's own value, and none that every object has: names such as `constructor` come from people. */
export function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
    return Object.hasOwn(map, key) ? map[key] : undefined;
}
