import * as os from "node:os";
import * as path from "node:path";

/**
 * The only reader of the environment.
 *
 * A variable that is empty counts as unset, and so does an XDG folder that is relative (XDG Base Directory
 * Specification: "must be absolute … should consider the path invalid and ignore it"). Both are what an unfinished line of
 * a shell's start files or of a CI's settings leaves behind.
 */
type Environment = Readonly<NodeJS.ProcessEnv>;

/**
 * Variables that are for Berth and the tools that it runs. All others are the person's, for Compose files: there an empty
 * value is a value.
 */
const TOOLS = /^((PULUMI|AWS|XDG|DOCKER|COMPOSE|BUILDKIT|BUILDX|BERTH)_\w+|HOME|PATH|TMPDIR|SSH_AUTH_SOCK)$/;
/** For Pulumi an empty passphrase is a passphrase: taken as unset, stacks encrypted with it could not be read any more. */
const MAY_BE_EMPTY = new Set(["PULUMI_CONFIG_PASSPHRASE"]);
const XDG_FOLDER = /^XDG_\w+_(HOME|DIR)$/;

/**
 * Returns what a variable is set to.
 *
 * @returns undefined where it is unset, empty, or a relative XDG folder
 */
export function variable(name: string, env: Environment = process.env): string | undefined {
    const value = env[name];
    if (value === undefined || (value === "" && !MAY_BE_EMPTY.has(name))) return undefined;
    return XDG_FOLDER.test(name) && !path.isAbsolute(value) ? undefined : value;
}

/** Returns the home folder of the person who runs this: HOME, else what the system says. */
export const homeFolder = (env: Environment = process.env): string => variable("HOME", env) ?? os.userInfo().homedir;

/** Returns an environment for the tools that are run: what counts as unset is not in it, and HOME always is. */
export function environment(env: Environment = process.env): NodeJS.ProcessEnv {
    const set = Object.entries(env).filter(([name]) => !TOOLS.test(name) || variable(name, env) !== undefined);
    return { ...Object.fromEntries(set), HOME: homeFolder(env) };
}

/** Takes what counts as unset out of this process's own environment: libraries and children read that by themselves. */
export function tidyEnvironment(): NodeJS.ProcessEnv {
    const tidy = environment();
    for (const name of Object.keys(process.env)) if (!Object.hasOwn(tidy, name)) delete process.env[name];
    return Object.assign(process.env, tidy);
}

/** Has the AWS SDK not warn of the version of Node.js: that is not for the person who deploys. */
export function withoutAwsWarning(): void {
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
}
