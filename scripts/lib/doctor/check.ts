/** One thing that was looked at. */
export interface Check {
    /** `fail`: nothing works until it is mended. `warn`: something may not. */
    status: "ok" | "warn" | "fail";
    /** What was looked at: `OpenSSH`, `port 8080` … */
    what: string;
    /** How it is, in a few words. */
    found: string;
    /** What to do about it, unless it is well. */
    remedy?: string;
}

export const ok = (what: string, found: string): Check => ({ status: "ok", what, found });
export const warn = (what: string, found: string, remedy: string): Check => ({ status: "warn", what, found, remedy });
export const fail = (what: string, found: string, remedy: string): Check => ({ status: "fail", what, found, remedy });
