import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type Result, Stack, expectSuccess, freePort, run } from "./project";
import { web } from "./webStack";

const KEEP_WRITING = "while :; do date +%s%N >> /data/log; sleep 0.05; done";
const busybox = { image: "busybox:1.37", init: true, restart: "always" };
const idle = { ...busybox, command: ["sleep", "infinity"] };

/** A stack as people have it on the second day: nginx, something that idles, a volume with one who writes and one who reads. */
export class DayTwoHost {
    readonly stack: Stack;
    /** A PATH on which there is no Docker CLI. */
    readonly bare = fs.mkdtempSync(path.join(os.tmpdir(), "berth-bare-"));

    /** @param kind tells the stacks of one test run apart */
    constructor(kind: string) {
        const services = {
            web,
            idle: { ...idle, container_name: "idle" },
            writer: { ...busybox, command: ["sh", "-c", KEEP_WRITING], volumes: ["kept:/data"] },
            reader: { ...idle, container_name: "reader", volumes: ["kept:/data:ro"] },
        };
        const config = { "berth:host": { kind: "local" }, "berth:services": services, "berth:volumes": { kept: {} } };
        this.stack = new Stack(config, kind);
    }

    async start(): Promise<void> {
        const port = await freePort();
        this.stack.edit((config) => {
            (config["berth:services"] as { web: Record<string, unknown> }).web.ports = [`${port}:80`];
        });
        for (const folder of ["/bin", "/usr/bin", path.dirname(process.execPath)]) {
            for (const program of fs.readdirSync(folder).filter((name) => name !== "docker")) {
                const link = path.join(this.bare, program);
                if (!fs.existsSync(link)) fs.symlinkSync(path.join(folder, program), link);
            }
        }
        expectSuccess(await this.stack.up());
    }

    async remove(): Promise<void> {
        await this.stack.down();
        await this.stack.forget();
        fs.rmSync(this.bare, { recursive: true, force: true });
    }

    docker(...args: string[]): Promise<Result> {
        return run("./scripts/docker", ["-s", this.stack.name, ...args]);
    }
}
