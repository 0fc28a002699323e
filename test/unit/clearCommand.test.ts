import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { clearCommand } from "../../components/engine/clearCommand";

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "clear-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

/** Runs the command against an engine whose `docker` is these lines of shell, and gives what was removed. */
function clear(engine: string) {
    const calls = path.join(folder, "calls");
    fs.writeFileSync(calls, "");
    fs.writeFileSync(path.join(folder, "docker"), `#!/bin/sh\necho "$*" >>${calls}\n${engine}\n`, { mode: 0o755 });
    const { status } = spawnSync("sh", ["-c", clearCommand({ "berth.project": "berth", "berth.stack": "it's" })], {
        env: { PATH: `${folder}:/usr/bin:/bin` },
    });
    const lines = fs.readFileSync(calls, "utf8").trim().split("\n");
    return { code: status, removals: lines.filter((line) => !/^(ps|network ls) /.test(line)), lists: lines };
}
const ANSWERS = `case "$*" in "ps "*) printf '1\\n2\\n' ;; "network ls "*) echo n ;; esac`;

test("containers and networks with all labels are removed, and no volume with them", () => {
    const { code, removals, lists } = clear(ANSWERS);
    expect({ code, removals }).toEqual({ code: 0, removals: ["rm -f 1 2", "network rm n"] });
    expect(lists[0]).toBe("ps -aq --filter label=berth.project=berth --filter label=berth.stack=it's");
});

test("an engine with nothing of the stack is left as it is", () =>
    expect(clear("true")).toMatchObject({ code: 0, removals: [] }));

test.each(["ps", "network"])("an engine that does not answer `docker %s` fails, and loses nothing", (word) => {
    const { code, removals } = clear(`[ "$1" != ${word} ] || exit 1\n${ANSWERS}`);
    expect(code).not.toBe(0);
    expect(removals).toEqual([]);
});
