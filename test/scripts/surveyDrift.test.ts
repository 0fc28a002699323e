import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { readSurvey } from "../../scripts/lib/drift/survey";
import { FakeServer } from "./fakes/fakeServer";

let server: FakeServer;
beforeEach(() => (server = new FakeServer()));
afterEach(() => server.remove());

const script = path.resolve(__dirname, "../../scripts/survey-drift.py");
/** The survey of a host whose Docker does this. */
function survey(docker: string): string {
    server.command("docker", `case "$*" in\n${docker}\nversion*) echo '{}' ;;\n*) ;; esac`);
    const env = { PATH: path.join(server.root, "bin"), BERTH_ROOT: server.root };
    const python = ["/usr/bin/python3", "/usr/local/bin/python3"].find((file) => fs.existsSync(file)) ?? "python3";
    const { status, stdout, stderr } = spawnSync(python, [script, "/x"], { env, encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout;
}
const listing = `"container ls"*) echo c1; echo c2 ;;
"container inspect"*) echo '[{"Id":"c1","Image":"i1"}]'; exit 1 ;;
"image inspect"*) echo '[]'; echo 'Error: No such image: i1' >&2; exit 1 ;;`;

it.each([
    ["container", "containers, images"],
    ["network", "networks"],
    ["volume", "volumes"],
])("a Docker that fails to list %ss does not say that there are none", (kind, unread) => {
    const json = survey(`"${kind} ls"*) exit 1 ;;\n${listing}`);
    expect(() => readSurvey(json)).toThrow(`it does not say what it has: ${unread}`);
});

it("a container that ends between two questions does not hide the others", () => {
    const { containers, networks, volumes } = readSurvey(survey(listing));
    expect({ ids: containers.map(({ Id }) => Id), networks, volumes }).toEqual({
        ids: ["c1"],
        networks: [],
        volumes: [],
    });
});

it("a Docker that lists containers and then says nothing of them is not one without any", () => {
    const json = survey(`"container ls"*) echo c1 ;;\n"container inspect"*) exit 1 ;;`);
    expect(() => readSurvey(json)).toThrow("it does not say what it has: containers, images");
});
