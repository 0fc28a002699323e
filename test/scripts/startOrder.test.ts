import * as fs from "node:fs";
import * as path from "node:path";
import { FakeServer } from "./fakes/fakeServer";

const FOLDER = "var/lib/docker/berth/berth-test";
const STEPS = `${FOLDER}/start-order`;
const UNIT = "etc/systemd/system/berth-start-order-berth-test.service";
let server: FakeServer;

beforeEach(() => {
    server = new FakeServer();
    server.command("systemctl", "");
    server.write("etc/systemd/system/.keep", "");
    // Containers are files with what `docker inspect` says of them.
    server.command(
        "docker",
        `cd "${server.root}/containers"
        case "$1" in
            container) for name; do :; done; cat "$name" ;;
            stop) shift 2; for name; do [ -e "$name" ] && echo exited/ >"$name"; done ;;
            start) [ "$(cat "$3.starts" 2>/dev/null)" ] && cat "$3.starts" >"$3" || echo running/ >"$3" ;;
        esac`,
    );
    containers({ "t-db": "running/healthy", "t-app": "running/", "t-web": "running/" });
    server.write("containers/t-db.starts", "running/healthy\n");
});
afterEach(() => server.remove());

const containers = (states: Record<string, string>) =>
    Object.entries(states).forEach(([name, state]) => server.write(`containers/${name}`, `${state}\n`));
const install = () =>
    server.run(
        "start-order.sh",
        "install",
        "berth-test",
        "t-app t-db:service_healthy t-job:service_completed_successfully",
        "t-web t-app:service_started",
    );
const boot = () => server.runFile("usr/local/lib/berth/start-order", path.join(server.root, STEPS));
const changes = () => server.calls().filter((call) => /^docker (stop|start)/.test(call));

it("installs a unit that runs after Docker at each boot, and takes it away again", () => {
    expect(install()).toMatchObject({ code: 0, stderr: "" });
    const unit = fs.readFileSync(path.join(server.root, UNIT), "utf8");
    expect(unit).toContain("After=docker.service");
    expect(server.calls()).toContain("systemctl -q enable berth-start-order-berth-test.service");
    expect(server.run("start-order.sh", "remove", "berth-test")).toMatchObject({ code: 0, stderr: "" });
    expect([UNIT, STEPS].filter((file) => server.has(file))).toEqual([]);
});

it("takes away what a boot or an installation that was cut short has left, and its folder", () => {
    install();
    for (const file of [`${STEPS}.pending`, `${STEPS}.new`, `${UNIT}.new`]) server.write(file, "");
    expect(server.run("start-order.sh", "remove", "berth-test")).toMatchObject({ code: 0, stderr: "" });
    expect([FOLDER, `${UNIT}.new`].filter((file) => server.has(file))).toEqual([]);
});

it("at boot starts each container after those that it waits for", () => {
    install();
    expect(boot()).toMatchObject({ code: 0, stderr: "" });
    expect(changes()).toEqual(["docker stop -- t-web t-app", "docker start -- t-app", "docker start -- t-web"]);
    expect(server.has(`${STEPS}.pending`)).toBe(false);
});

it("leaves alone what was not running, and goes on where a container is gone", () => {
    install();
    containers({ "t-app": "exited/" });
    server.remove("containers/t-web");
    expect(boot().code).toBe(0);
    expect(changes()).toEqual([]);
});

it("does not wait for what does not run and is started by nobody", () => {
    install();
    containers({ "t-db": "exited/" });
    const { code, stderr } = boot();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("t-db, for which t-app waits") });
    expect(changes()).toContain("docker start -- t-app");
});

it("finishes what a power cut interrupted", () => {
    install();
    server.write(`${STEPS}.pending`, "t-app\nt-web\n");
    containers({ "t-app": "exited/", "t-web": "exited/" });
    expect(boot().code).toBe(0);
    expect(changes().slice(1)).toEqual(["docker start -- t-app", "docker start -- t-web"]);
});
