import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import {
    type ComposeProject,
    type ReadContext,
    type ReadProject,
    type ServiceSpec,
    readProject,
} from "../../components/services/compose";

/** A Compose file's folder, new for each test, and what is read in it. */
export class ComposeFolder {
    path = "";

    constructor() {
        beforeEach(() => (this.path = fs.mkdtempSync(path.join(os.tmpdir(), "berth-compose-"))));
        afterEach(() => fs.rmSync(this.path, { recursive: true }));
    }

    /** Writes a file, with the folders above it. */
    write(name: string, text = ""): void {
        const file = path.join(this.path, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, text);
    }

    result(text: string, given: Partial<ReadContext> = {}): ReadProject {
        this.write("compose.yaml", text);
        const context = { secrets: {}, environment: {}, profiles: [], projectName: "shop-dev", ...given };
        return readProject({ kind: "file", path: path.join(this.path, "compose.yaml") }, context);
    }

    /** Mistakes in a file; none where it can be read. */
    errors(...args: Parameters<ComposeFolder["result"]>): string[] {
        const result = this.result(...args);
        return "errors" in result ? result.errors : [];
    }

    /** What a file says; a failure shows its mistakes. */
    read(...args: Parameters<ComposeFolder["result"]>): { project: ComposeProject; warnings: string[] } {
        const result = this.result(...args);
        if ("errors" in result) throw new Error(result.errors.join("\n"));
        return result;
    }

    /** The service `web` of these keys, beside `db`; `more` is the rest of the file. */
    web(keys: string, more = "", given?: Partial<ReadContext>): ServiceSpec {
        const { web } = this.read(fileOf(keys, more), given).project.services;
        if (!web) throw new Error("there is no web");
        return web;
    }

    webErrors(keys: string, more = "", given?: Partial<ReadContext>): string[] {
        return this.errors(fileOf(keys, more), given);
    }
}

function fileOf(keys: string, more: string): string {
    return `services: { web: { image: nginx, ${keys} }, db: { image: postgres } }\n${more}\n`;
}
