import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";

const root = path.resolve(__dirname, "../..");

function shellFiles(folder: string): string[] {
    return fs.readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true }).flatMap((entry) => {
        const file = path.join(entry.parentPath, entry.name);
        return entry.isFile() && /^#!.*\b(ba)?sh\b/.test(fs.readFileSync(file, "utf8").split("\n", 1)[0] ?? "")
            ? [file]
            : [];
    });
}

const available = spawnSync("shellcheck", ["--version"]).status === 0;
const check = available || process.env["CI"] === "true" ? it : it.skip;

check.each(
    [...shellFiles("scripts"), ...shellFiles("components"), ...shellFiles("test/scripts/fakes")].map((file) =>
        path.relative(root, file),
    ),
)("shellcheck has nothing to say about %s", (file) => {
    const run = spawnSync("shellcheck", ["--external-sources", file], { cwd: root, encoding: "utf8" });
    expect(run.error?.message ?? run.stdout).toBe("");
});
