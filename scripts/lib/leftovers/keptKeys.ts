import * as fs from "node:fs";
import * as path from "node:path";
import type { NamedHost } from "../hosts";
import { expandHome } from "../identity";
import { own } from "../paths";

/** Keys that the program puts on this computer, and takes away with the stack. */
const KEY_FILE = /\$\{HOME\}\/\.berth\/ssh\/[0-9a-f]{16}/g;

/** Copies of the client keys of servers that stay: the stack takes its own along, and they are looked at after it. */
export class KeptKeys {
    private readonly folder: string;
    /** The same servers, reached by the copies. */
    readonly servers: NamedHost[];

    constructor(stack: string, servers: NamedHost[]) {
        this.folder = path.join(own, "keys", stack);
        this.remove(); // of a run that was killed
        this.servers = servers.map((server) => ({
            ...server,
            options: server.options.map((option) => option.replace(KEY_FILE, (file) => this.copy(file))),
        }));
    }

    private copy(file: string): string {
        const from = expandHome(file);
        if (!fs.existsSync(from)) return file;
        fs.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
        const to = path.join(this.folder, path.basename(from));
        fs.writeFileSync(to, fs.readFileSync(from), { mode: 0o600 });
        return to;
    }

    remove(): void {
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}
