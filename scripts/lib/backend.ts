import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { homeFolder, variable } from "../../components/environment";
import { jsonOf, recordOf, textOf } from "../../components/readings";
import { own, root } from "./paths";
import { UserError } from "./progress";

/**
 * Where the state lives: what the person is logged in to, by environment or by `pulumi login`; else files in this
 * clone, encrypted with a passphrase of its own.
 *
 * @returns the environment for Pulumi
 */
export function backendEnv(env?: NodeJS.ProcessEnv): Record<string, string> {
    const login = variable("PULUMI_BACKEND_URL", env) ?? variable("PULUMI_ACCESS_TOKEN", env) ?? currentLogin(env);
    if (login) return {};
    const state = path.join(own, "state");
    fs.mkdirSync(state, { recursive: true, mode: 0o700 });
    dropHalfWritten(state);
    const result: Record<string, string> = { PULUMI_BACKEND_URL: `file://${state}` };
    const passphrases = ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"];
    if (passphrases.every((name) => variable(name, env) === undefined)) {
        result.PULUMI_CONFIG_PASSPHRASE_FILE = ownPassphrase();
    }
    return result;
}

/**
 * Where the state lies, where the backend is one of files.
 *
 * @returns its folder on this computer; undefined where the state lives elsewhere
 */
export function stateFolder(env?: NodeJS.ProcessEnv): string | undefined {
    const login = variable("PULUMI_BACKEND_URL", env) ?? variable("PULUMI_ACCESS_TOKEN", env) ?? currentLogin(env);
    if (login === undefined) return path.join(own, "state");
    const [, folder] = /^file:\/\/([^?]*)/.exec(login) ?? [];
    return folder === undefined ? undefined : path.resolve(root, folder.replace(/^~(?=\/|$)/, homeFolder(env)));
}

/**
 * A CLI that is killed in the wrong moment leaves an empty file of metadata beside a stack's state, and then every
 * command of the backend ends with "EOF". Without the file all is well: the state itself is renamed into place.
 */
function dropHalfWritten(state: string): void {
    const files = fs.readdirSync(state, { recursive: true, withFileTypes: true });
    for (const file of files.filter((f) => f.isFile() && f.name.endsWith(".attrs"))) {
        const name = path.join(file.parentPath, file.name);
        if (fs.statSync(name, { throwIfNoEntry: false })?.size === 0) fs.rmSync(name, { force: true });
    }
}

/** The backend that `pulumi login` stored, if any. */
function currentLogin(env?: NodeJS.ProcessEnv): string | undefined {
    const folder =
        variable("PULUMI_CREDENTIALS_PATH", env) ??
        variable("PULUMI_HOME", env) ??
        path.join(homeFolder(env), ".pulumi");
    const file = path.join(folder, "credentials.json");
    if (!fs.existsSync(file)) return undefined;
    const stored = jsonOf(fs.readFileSync(file, "utf8"));
    // Taken for "not logged in", the stacks of that backend would seem to be gone.
    if (stored === undefined) throw new UserError(`${file} is no JSON: remove it, and log in again: pulumi login`);
    return textOf(recordOf(stored).current);
}

/**
 * Returns a file, readable by its owner only, with a passphrase that is made once.
 *
 * @throws UserError where it is empty
 */
export function ownPassphrase(file = path.join(own, "passphrase")): string {
    const draft = `${file}.${process.pid}`;
    try {
        // In full before it gets its name: an empty one, which a full disk left, would encrypt nothing.
        fs.writeFileSync(draft, randomBytes(32).toString("base64url"), { mode: 0o600, flush: true });
        fs.linkSync(draft, file);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
        fs.rmSync(draft, { force: true });
    }
    if (fs.statSync(file).size > 0) return file;
    throw new UserError(
        `${file} is empty, as a full disk leaves it: put back the passphrase of this clone's stacks; where it has none yet, ` +
            "remove the file",
    );
}
