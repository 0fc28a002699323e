/** Something of a stack that is still there after `down`. */
export interface Leftover {
    /** Where: `this computer`, an address, `AWS`. */
    where: string;
    /** `container`, `volume`, `file`, `instance` … */
    kind: string;
    name: string;
    /** Why it stays, where that is meant to be. */
    kept?: string;
}
