import { constants } from "node:os";
import * as path from "node:path";
import { variable } from "../../components/environment";
import { backendEnv } from "./backend";
import { execute, run } from "./commands";
import { credentialHelpers, root } from "./paths";
import { withQualifiedNames } from "./stackName";
import { type Toolchain, resolveToolchain } from "./toolchain";

/**
 * Every connection brings its own key. An agent's socket that leads nowhere would break them all: the command plugin
 * looks for it though it has a key.
 */
const NO_AGENT = { SSH_AUTH_SOCK: undefined };

/** The project's own Pulumi: a CLI, its plugins and a backend. */
export class Pulumi {
    private constructor(
        readonly toolchain: Toolchain,
        private readonly env: Record<string, string | undefined>,
    ) {}

    static async find(): Promise<Pulumi> {
        const toolchain = await resolveToolchain();
        const folders = [credentialHelpers, toolchain.env.PATH ?? variable("PATH") ?? ""].join(path.delimiter);
        return new Pulumi(toolchain, { ...toolchain.env, ...backendEnv(), ...NO_AGENT, PATH: folders });
    }

    /** Runs a command and gives its stdout; throws a UserError with the end of its output when it fails. */
    async output(args: string[], input?: string): Promise<string> {
        return run(this.toolchain.pulumi, [...withQualifiedNames(args), "--non-interactive"], {
            cwd: root,
            env: this.env,
            input,
        });
    }

    /** Runs a command before the person's eyes and gives its exit code. Ctrl-C reaches it; it ends in its own time. */
    async show(args: string[]): Promise<number> {
        const ignore = () => undefined;
        process.on("SIGINT", ignore);
        try {
            const words = withQualifiedNames(args);
            const result = await execute(this.toolchain.pulumi, words, { cwd: root, env: this.env, stdio: "inherit" });
            if (result.error) throw result.error;
            return result.exitCode ?? 128 + constants.signals[result.signal ?? "SIGTERM"];
        } finally {
            process.off("SIGINT", ignore);
        }
    }
}
