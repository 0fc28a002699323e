import * as fs from "node:fs";
import * as path from "node:path";
import { keyFileName } from "../../../components/host/publicKey";
import { writeDurably } from "../durableFile";
import type { NamedHost } from "../hosts";
import { own } from "../paths";
import type { KeyPair } from "./keyPair";

/** What a rotation writes down before it changes anything, so that a run that was killed is finished by the next. */
export interface RotationNote extends KeyPair {
    /** The public half of the key that it takes the place of. Absent in notes of earlier versions. */
    before?: string;
}

/** @param kind which of the host's keys */
const noteFile = (kind: "client-key" | "host-key", stack: string, host: string) =>
    path.join(own, `${kind}-${encodeURIComponent(`${stack.split("/").at(-1) ?? ""} ${host}`)}.json`);

/** @returns undefined where no rotation was broken off, or before it had changed anything */
export function readNote(...place: Parameters<typeof noteFile>): RotationNote | undefined {
    try {
        const note = JSON.parse(fs.readFileSync(noteFile(...place), "utf8")) as Partial<RotationNote> | null;
        return note?.privateKey && note.publicKey ? (note as RotationNote) : undefined;
    } catch (error) {
        if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
    }
}

export function writeNote(note: RotationNote, ...place: Parameters<typeof noteFile>): void {
    writeDurably(noteFile(...place), JSON.stringify(note));
}

export function removeNote(...place: Parameters<typeof noteFile>): void {
    fs.rmSync(noteFile(...place), { force: true });
}

/** The rotations of a stack that were broken off: words of ./scripts/rotate. Notes of hosts that are gone do not count. */
export function brokenRotations(stack: string, hosts: NamedHost[]): string[] {
    const isBroken = (kind: "client-key" | "host-key", { name, options }: NamedHost) => {
        const note = readNote(kind, stack, name);
        const keys = [note?.publicKey, note?.before].flatMap((key) => (key ? [key, keyFileName(key)] : []));
        return keys.some((key) => options.some((option) => option.includes(key)));
    };
    return [
        ...(hosts.some((host) => isBroken("client-key", host)) ? ["ssh-key"] : []),
        ...(hosts.some((host) => isBroken("host-key", host)) ? ["host-key"] : []),
    ];
}
