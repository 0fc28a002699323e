import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { homeFolder, variable } from "../../components/environment";
import { jsonOf, recordsOf } from "../../components/readings";
import { answers, run } from "./commands";
import { findGo } from "./go";
import { withLock } from "./lock";
import { cache, root } from "./paths";
import { say, step } from "./progress";

/** The oldest CLI that fits the SDK in package.json. */
const OLDEST_CLI = [3, 245];
/** The CLI that is built where none can be downloaded. It is the version in lab/toolchain/go.mod. */
const BUILT_CLI = "3.259.0";
/** The plugins that the program uses: the versions of their npm packages. */
const PLUGINS = ["docker", "command", "aws"].map((name) => ({ name, version: packageVersion(`@pulumi/${name}`) }));
const SOURCES = path.join(root, "lab/toolchain");

/** A Pulumi CLI with its plugins. */
export interface Toolchain {
    kind: "official" | "built";
    /** The CLI. */
    pulumi: string;
    /** What the CLI needs in its environment. */
    env: Record<string, string>;
}

/**
 * Finds Pulumi: the one on PATH, else the one of the npm package `pulumi`, else one built from lab/toolchain. The
 * official CLI fetches its plugins by itself, so it counts only where they are there or can be fetched.
 */
export async function resolveToolchain(): Promise<Toolchain> {
    const wanted = variable("BERTH_TOOLCHAIN"); // for tests: "built" or "official"
    if (wanted !== "built") {
        const official = await officialToolchain();
        if (official) return official;
        if (wanted === "official") throw new Error("BERTH_TOOLCHAIN=official, but there is no official Pulumi here");
    }
    return builtToolchain();
}

async function officialToolchain(): Promise<Toolchain | undefined> {
    const env = { PULUMI_SKIP_UPDATE_CHECK: "true" };
    const onPath = await cliVersion("pulumi");
    const online = () => answers("https://get.pulumi.com/releases/sdk/");
    if (onPath && isSuitable(onPath) && ((await hasPlugins("pulumi")) || (await online()))) {
        return { kind: "official", pulumi: "pulumi", env };
    }
    if (!(await online())) return undefined;
    const npm = path.join(root, "node_modules/.bin/pulumi");
    return (await cliVersion(npm)) ? { kind: "official", pulumi: npm, env } : undefined;
}

async function cliVersion(cli: string): Promise<string | undefined> {
    return run(cli, ["version"], { timeout: 300_000 }).then(
        (text) => text.trim(),
        () => undefined, // not there: another way is tried, and the last one speaks up
    );
}

/** Whether a `pulumi version` such as `v3.259.0` fits. */
export function isSuitable(version: string): boolean {
    const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
    return major === OLDEST_CLI[0] && minor >= (OLDEST_CLI[1] ?? 0);
}

async function hasPlugins(cli: string): Promise<boolean> {
    const installed = recordsOf(jsonOf(await run(cli, ["plugin", "ls", "--json"])));
    return PLUGINS.every((p) => installed.some((i) => i.name === p.name && i.version === p.version));
}

/** The Pulumi that is there, or can be fetched; undefined where it would have to be built first. */
export async function findToolchain(): Promise<Toolchain | undefined> {
    const official = variable("BERTH_TOOLCHAIN") === "built" ? undefined : await officialToolchain();
    return official ?? (fs.existsSync(builtFolder()) ? builtToolchain() : undefined);
}

const builtFolder = () => path.join(cache, "toolchain", toolchainKey());

async function builtToolchain(): Promise<Toolchain> {
    const folder = builtFolder();
    if (!fs.existsSync(folder)) {
        await withLock(
            `${folder}.lock`,
            () => (fs.existsSync(folder) ? undefined : build(folder)),
            ({ pid }) => say(`waiting for another run (pid ${pid}) that builds the toolchain`),
        );
    }
    const bin = path.join(folder, "bin");
    return {
        kind: "built",
        pulumi: path.join(bin, "pulumi"),
        env: {
            PATH: `${bin}${path.delimiter}${variable("PATH") ?? ""}`,
            // Apart from the person's own: what is in it are stand-ins. Their login is still theirs.
            PULUMI_HOME: path.join(folder, "home"),
            PULUMI_CREDENTIALS_PATH: variable("PULUMI_CREDENTIALS_PATH") ?? path.join(homeFolder(), ".pulumi"),
            PULUMI_SKIP_UPDATE_CHECK: "true",
            PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        },
    };
}

/** Changes with every source that the build reads. */
function toolchainKey(): string {
    const hash = createHash("sha256").update(`${process.platform} ${process.arch} ${JSON.stringify(PLUGINS)}`);
    const files = fs.readdirSync(SOURCES, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (const file of files.map((f) => path.join(f.parentPath, f.name)).sort()) {
        if (file.endsWith("_test.go")) continue;
        hash.update(path.relative(SOURCES, file)).update(fs.readFileSync(file));
    }
    return hash.digest("hex").slice(0, 16);
}

async function build(folder: string): Promise<void> {
    say(`no Pulumi can be downloaded here: building it from Go modules, once (about 7 minutes)`);
    const go = await findGo();
    const draft = `${folder}.new`;
    fs.rmSync(draft, { recursive: true, force: true });
    const bin = path.join(draft, "bin");
    fs.mkdirSync(bin, { recursive: true });
    const compile = (output: string, pkg: string, flags = "") =>
        run(go, ["build", "-trimpath", `-ldflags=-s -w ${flags}`, "-tags=no_compose", "-o", output, pkg], {
            cwd: SOURCES,
        });

    await step(`build Pulumi ${BUILT_CLI}`, () =>
        compile(
            path.join(bin, "pulumi"),
            "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
            `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v${BUILT_CLI}`,
        ),
    );
    fs.copyFileSync(path.join(SOURCES, "language-host.js"), path.join(bin, "language-host.js"));
    const starter = `#!/bin/sh\nexec node "$(dirname "$0")/language-host.js" "$@"\n`;
    fs.writeFileSync(path.join(bin, "pulumi-language-nodejs"), starter, { mode: 0o755 });
    for (const { name, version } of PLUGINS) {
        const plugin = path.join(draft, `pulumi-resource-${name}`);
        await step(`build the ${name} plugin`, () => compile(plugin, `./${name}`));
        await run(path.join(bin, "pulumi"), ["plugin", "install", "resource", name, version, "--file", plugin], {
            env: { PULUMI_HOME: path.join(draft, "home"), PULUMI_SKIP_UPDATE_CHECK: "true" },
        });
        fs.rmSync(plugin);
    }
    fs.renameSync(draft, folder);
}

function packageVersion(name: string): string {
    const manifest = fs.readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8");
    return (JSON.parse(manifest) as { version: string }).version;
}
