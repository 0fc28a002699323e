const UNITS: Record<string, number> = {
    ns: 1e-6,
    us: 1e-3,
    µs: 1e-3,
    ms: 1,
    s: 1e3,
    m: 60e3,
    h: 3600e3,
    d: 24 * 3600e3,
    w: 7 * 24 * 3600e3,
};
const PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w)/g;
const FACTORS = ["b", "k", "m", "g", "t", "p"];

/** Milliseconds of a duration such as `1m30s` or `500ms`; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
    if (text === "0") return 0;
    const parts = [...text.matchAll(PART)];
    if (parts.length === 0 || parts.map(([part]) => part).join("") !== text) return undefined;
    const ms = parts.reduce((sum, [, number, unit = ""]) => sum + Number(number) * (UNITS[unit] ?? 0), 0);
    return Math.round(ms * 1e6) / 1e6; // whole nanoseconds, as in Go
}

/** Bytes of a size such as `64m`, `1.5gb` or 4096, with k = 1024; undefined where it is none. */
export function parseSize(value: string | number): number | undefined {
    if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? Math.floor(value) : undefined;
    const match = /^(\d+(?:\.\d+)?|\.\d+) ?([bkmgtp]?)(?:i?b)?$/i.exec(value.trim());
    if (!match) return undefined;
    const power = FACTORS.indexOf((match[2] ?? "").toLowerCase() || "b");
    return Math.floor(Number(match[1]) * 1024 ** power);
}
