import { engineThatAnswers } from "../localDocker";
import { findOnPath } from "../paths";
import { type Check, fail, ok, warn } from "./check";

/** The engine of this computer that holds the embedded host. */
export async function engineHere(preferred: unknown): Promise<Check[]> {
    const wanted = typeof preferred === "string" ? preferred : undefined;
    const found = await engineThatAnswers(wanted);
    if (found !== undefined) return [ok("Docker engine", `answers at ${found}`)];
    if (findOnPath("dockerd") !== undefined && process.getuid?.() === 0) {
        return [warn("Docker engine", "does not run", "none: ./scripts/up starts one for itself")];
    }
    const where = wanted ?? "/var/run/docker.sock";
    return [
        fail("Docker engine", `nobody answers at ${where}`, "start Docker, and let this user reach it (group docker)"),
    ];
}
