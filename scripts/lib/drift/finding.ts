/** What is otherwise on a host than it was made, or needs care soon. */
export interface Finding {
    /** `drift`: it differs from what Berth made. `notice`: it needs care soon. */
    level: "drift" | "notice";
    /** Of what: `container`, `package`, `disk` … */
    kind: string;
    name: string;
    /** How it is found, in a few words. */
    found: string;
    /** What to do about it: a command, mostly. */
    remedy: string;
}
