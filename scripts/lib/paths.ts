import * as fs from "node:fs";
import * as path from "node:path";
import { homeFolder, variable } from "../../components/environment";

/** The project. */
export const root = path.join(__dirname, "../..");
/** What belongs to this clone: its state, where nobody is logged in to another backend, its passphrase, its locks. */
export const own = path.join(root, ".berth");
/** What any clone of this person can use: the toolchain. */
export const cache = path.join(variable("XDG_CACHE_HOME") ?? path.join(homeFolder(), ".cache"), "berth");
/** What the docker plugin finds on its PATH: helpers that give credentials of registries. */
export const credentialHelpers = path.join(__dirname, "credential-helpers");
/** The default stack's config, and the first example. */
export const defaultStackFile = path.join(root, "examples/nginx/Pulumi.local.yaml");
export const stackFile = (stack: string) => path.join(root, `Pulumi.${stack}.yaml`);

/** Where a program lies that a shell would find. */
export function findOnPath(program: string, folders = variable("PATH") ?? ""): string | undefined {
    const candidates = folders.split(path.delimiter).map((folder) => path.join(folder, program));
    return candidates.find((file) => {
        try {
            fs.accessSync(file, fs.constants.X_OK);
            return fs.statSync(file).isFile();
        } catch {
            return false; // not there, or not ours to run
        }
    });
}
