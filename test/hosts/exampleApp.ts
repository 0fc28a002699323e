import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { ask } from "./ask";
import { Stack, docker, freePort, root } from "./project";

export type AppService = Record<string, unknown> & { environment: Record<string, string> };

/** examples/java on a host of its own: its app behind nginx, and what a person does to it. */
export class ExampleApp {
    private constructor(
        readonly stack: Stack,
        /** Of this computer, that leads to nginx. */
        readonly port: number,
        private readonly folder: string,
    ) {}

    /** @param kind tells the stacks of one test run apart */
    static async create(kind: string): Promise<ExampleApp> {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), `berth-${kind}-`));
        fs.cpSync(path.join(root, "examples/java"), folder, { recursive: true });
        const port = await freePort();
        const config = {
            "berth:host": { kind: "local" },
            "berth:composeFile": path.relative(root, path.join(folder, "compose.yaml")),
            "berth:sites": { default: { service: "app", port: 8080 } },
            "berth:proxy": { port },
        };
        return new ExampleApp(new Stack(config, kind), port, folder);
    }

    /** The text of its Compose file. */
    get text(): string {
        return fs.readFileSync(this.file, "utf8");
    }
    set text(text: string) {
        fs.writeFileSync(this.file, text);
    }

    /** Changes the app as a person's editor would. */
    edit(change: (app: AppService) => void): void {
        const compose = parse(this.text) as { services: { app: AppService } };
        change(compose.services.app);
        this.text = stringify(compose);
    }

    setVersion(version: string): void {
        this.edit((app) => (app.environment.APP_VERSION = version));
    }

    /** Another version goes live. */
    async release(version: string): Promise<void> {
        this.setVersion(version);
        await this.stack.mustUp();
    }

    /** The version that answers. */
    async version(): Promise<string> {
        return (await ask(this.port, "localhost", { path: "/version" })).body.trim();
    }

    /** Runs a command on the host and gives what it prints. */
    async onHost(...words: string[]): Promise<string> {
        return (await docker("exec", this.stack.prefix, ...words)).trim();
    }

    /** Names of the app's containers. */
    async containers(): Promise<string[]> {
        const filter = ["--filter", "label=berth.service=app"];
        return (await this.onHost("docker", "ps", "-a", ...filter, "--format", "{{.Names}}")).split("\n");
    }

    async remove(): Promise<void> {
        await this.stack.down();
        await this.stack.forget();
        fs.rmSync(this.folder, { recursive: true });
    }

    private get file(): string {
        return path.join(this.folder, "compose.yaml");
    }
}
