import { execa } from "execa";
import { backendEnv } from "./backend";
import { run } from "./commands";
import { root } from "./paths";
import { type Toolchain, resolveToolchain } from "./toolchain";

/** The project's own Pulumi: a CLI, its plugins and a backend. */
export class Pulumi {
    private constructor(
        readonly toolchain: Toolchain,
        private readonly env: Record<string, string>,
    ) {}

    static async find(): Promise<Pulumi> {
        const toolchain = await resolveToolchain();
        return new Pulumi(toolchain, { ...toolchain.env, ...backendEnv() });
    }

    /** Runs a command and gives its stdout; throws a UserError with the end of its output when it fails. */
    async output(args: string[], input?: string): Promise<string> {
        const stdin = input === undefined ? {} : { stdin: "pipe" as const, input };
        return run(this.toolchain.pulumi, [...args, "--non-interactive"], { cwd: root, env: this.env, ...stdin });
    }

    /** Runs a command before the person's eyes and gives its exit code. Ctrl-C reaches it; it ends in its own time. */
    async show(args: string[]): Promise<number> {
        const ignore = () => undefined;
        process.on("SIGINT", ignore);
        try {
            const result = await execa(this.toolchain.pulumi, args, {
                cwd: root,
                env: this.env,
                stdio: "inherit",
                reject: false,
                cleanup: false,
            });
            if (result.exitCode !== undefined) return result.exitCode;
            if (result.signal) return 128 + (result.signal === "SIGINT" ? 2 : 15);
            throw result;
        } finally {
            process.off("SIGINT", ignore);
        }
    }
}
