import { exceptions, fields, tidy } from "./fields";

export interface Inspected {
    Id: string;
    Name: string;
    Config: { Labels: Record<string, string> };
    State: Record<string, unknown>;
    HostConfig: Record<string, unknown>;
    NetworkSettings: { Networks: Record<string, Record<string, unknown>> };
}

/** Fields of one container by their path: those of the parts one by one, a network's by `NetworkSettings.Networks.*`. */
type Fields = Map<string, unknown>;

const PARTS = ["State", "Config", "HostConfig", "NetworkSettings"] as const;

/**
 * Containers by service, `SERVICE` or `SERVICE/2`, with ids, names and places in words that are the same on both sides.
 *
 * @param serviceLabel the label that tells the service
 * @param places what to say in place of a side's own words
 */
export function readContainers(
    containers: Inspected[],
    serviceLabel: string,
    places: [from: RegExp, to: string][],
): Map<string, Fields> {
    const named = new Map<string, Inspected>();
    for (const container of [...containers].sort(
        (a, b) => a.Name.length - b.Name.length || (a.Name < b.Name ? -1 : 1),
    )) {
        const service = container.Config.Labels[serviceLabel] ?? container.Name;
        const count = [...named.keys()].filter((name) => name.replace(/\/\d+$/, "") === service).length;
        named.set(count === 0 ? service : `${service}/${count + 1}`, container);
    }
    const words: [RegExp | string, string][] = [...named].flatMap(([service, { Id, Name }]) => [
        [Id, `the id of ${service}`],
        [Id.slice(0, 12), `the id of ${service}`],
        [wholeName(Name.slice(1)), `the name of ${service}`],
    ]);
    const replaced = (text: string) =>
        [...words, ...places, [/\b[0-9a-f]{64}\b/g, "an id"] as const].reduce(
            (all, [from, to]) => all.replaceAll(from, to),
            text,
        );
    return new Map(
        [...named].map(([service, container]) => {
            const plain = JSON.parse(replaced(JSON.stringify(container))) as Inspected;
            return [service, fieldsOf(plain)];
        }),
    );
}

function wholeName(name: string): RegExp {
    return new RegExp(`(?<![\\w.-])${name.replaceAll(".", "\\.")}(?![\\w-])`, "g");
}

function fieldsOf(container: Inspected): Fields {
    const found: Fields = new Map();
    for (const [key, value] of Object.entries(container)) {
        if (!(PARTS as readonly string[]).includes(key)) found.set(key, value);
    }
    for (const part of PARTS) {
        for (const [key, value] of Object.entries(container[part] as Record<string, unknown>)) {
            if (key !== "Networks") found.set(`${part}.${key}`, value);
        }
    }
    for (const [network, endpoint] of Object.entries(container.NetworkSettings.Networks)) {
        for (const [key, value] of Object.entries(endpoint)) {
            const path = `NetworkSettings.Networks.*.${key}`;
            found.set(path, { ...(found.get(path) as object | undefined), [network]: value });
        }
    }
    return found;
}

/** What differs between the two containers of a case, a line each. */
export function differences(name: string, compose: Fields, berth: Fields): string[] {
    return [...new Set([...compose.keys(), ...berth.keys()])].flatMap((path) => {
        const field = fields[path];
        if (!field) return [`${path} is not in the table of fields`];
        if ("apart" in field || exceptionOf(name, path)) return [];
        return differs(path, compose, berth);
    });
}

/** Exceptions of a case that are none any more. */
export function needlessExceptions(name: string, compose: Fields, berth: Fields): string[] {
    return exceptions
        .filter((exception) => exception.case === name)
        .flatMap((exception) => exception.fields.filter((path) => differs(path, compose, berth).length === 0));
}

function exceptionOf(name: string, path: string): boolean {
    return exceptions.some((exception) => exception.case === name && exception.fields.includes(path));
}

function differs(path: string, compose: Fields, berth: Fields): string[] {
    const field = fields[path];
    const read = (of: Fields) => {
        const value = of.get(path);
        return JSON.stringify(tidy(field && "as" in field && field.as ? field.as(value) : value)) ?? "not set";
    };
    const [theirs, ours] = [read(compose), read(berth)];
    return theirs === ours ? [] : [`${path}: Compose ${theirs}, Berth ${ours}`];
}
