import { variable } from "../../components/environment";

/**
 * At how many points each run is killed: `BERTH_KILLS`; 1000 is all of them, which takes long.
 *
 * @returns undefined where it is unset
 * @throws Error where it is no number above 1
 */
export function killsWanted(): number | undefined {
    const text = variable("BERTH_KILLS");
    if (text === undefined) return undefined;
    if (!/^\d+$/.test(text) || Number(text) < 2) throw new Error(`BERTH_KILLS is a number above 1, not ${text}`);
    return Number(text);
}

/** So many of the points at most, evenly, with the first and the last. */
export function spread<Point>(points: Point[], most: number): Point[] {
    if (points.length <= most) return points;
    const at = Array.from({ length: most }, (_, i) => Math.round((i * (points.length - 1)) / (most - 1)));
    return points.filter((_, i) => at.includes(i));
}
