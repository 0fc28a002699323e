import { once } from "node:events";
import * as net from "node:net";
import { FakeServer } from "./fakes/fakeServer";

let server: FakeServer;
beforeEach(() => {
    server = new FakeServer();
});
afterEach(() => server.remove());

/**
 * A container of which Docker says the states in turn, the last one for good.
 *
 * @param states STATUS HEALTH RESTARTS EXIT_CODE
 * @param probe what `docker exec` does
 * @param start what `docker start` does
 */
function container(states: string[], probe = "exit 0", start = "exit 0") {
    server.write("states", states.map((state) => `${state} 2000-01-01T00:00:00Z\n`).join(""));
    server.command(
        "docker",
        `cd "${server.root}"
        case "$*" in
            *StartedAt*) { read -r state; rest=$(cat); } <states; echo "$state"; [ -z "$rest" ] || printf '%s\\n' "$rest" >states ;;
            image*) echo berth/release:t-web-1; echo nginx:1.30; echo berth/release:t-web-2; echo nginx:1 ;;
            *OOMKilled*) printf '%s\n' "$*" | sed -n 's/.*\\(exit code: *[0-9]*\\).*/  \\1/p'; echo "  out of memory: true" ;;
            *HostConfig.Memory*) printf '%s\\n' "$*" | sed 's/.*  killed/  killed/' ;;
            *Health.Log*) echo '1 "probe says no"' ;;
            *.Name*) echo /t-web ;;
            exec*) ${probe} ;;
            start*) ${start} ;;
            logs*) echo "the last line" ;;
        esac`,
    );
}
const gate = (mode: "service" | "job", timeout = "20", ...probe: string[]) =>
    server.run("health-gate.sh", "abc", timeout, mode, ...probe);

it.each([
    ["is healthy", ["running starting 0 0", "running healthy 0 0"], "healthy"],
    ["has no health check and runs on", ["running none 0 0"], "running"],
    ["has ended well", ["running none 0 0", "exited none 0 0"], ""],
])("passes a service that %s", (_, states, says) => {
    container(states);
    const { code, stdout, stderr } = gate("service");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(says);
});

it.each([
    ["is unhealthy", "running unhealthy 0 0", /t-web: it is unhealthy/],
    ["has exited with an error", "exited none 0 3", /it exited with 3/],
    ["starts again and again", "restarting none 3 1", /it keeps restarting/],
])("stops at a service that %s, with the dossier", (_, state, reason) => {
    container([state]);
    const { code, stderr } = gate("service");
    expect(code).toBe(1);
    expect(stderr).toMatch(reason);
    for (const part of ["out of memory: true", "probe says no", "the last line", "image:         nginx:1.30 nginx:1\n"])
        expect(stderr).toContain(part);
});

it("starts a container that an earlier update could not start, and stops at once where it still cannot", () => {
    container(["created none 0 128", "running none 0 0"]);
    expect(gate("service")).toMatchObject({ code: 0, stdout: "running\n" });
    expect(server.calls().filter((call) => call === "docker start -- abc")).toHaveLength(1);

    container(["created none 0 127"], "exit 0", "exit 1");
    const { code, stderr } = gate("service");
    expect(code).toBe(1);
    expect(stderr).toMatch(/t-web: it cannot be started[^]*status: +created[^]*exit code: +127/);
});

it.each([
    ["137", true],
    ["3", false],
])("of one that ended with %s it says that it was killed, as for its memory: %s", (exitCode, said) => {
    container([`exited none 0 ${exitCode}`]);
    expect(/killed: +by SIGKILL, .*more memory/.test(gate("service").stderr)).toBe(said);
});

it("waits for a probe to succeed, and says what it said when it never does", () => {
    container(["running none 0 0"], `[ -e answering ] || { echo refused; >answering; exit 7; }`);
    expect(gate("service", "20", "curl", "http://x y/")).toMatchObject({ code: 0, stdout: "answers\n" });
    expect(server.calls().filter((call) => call === "docker exec -- abc curl http://x y/")).toHaveLength(2);

    container(["running none 0 0"], "echo refused; exit 7");
    const { code, stderr } = gate("service", "1", "curl");
    expect(code).toBe(1);
    expect(stderr).toMatch(/it does not answer after 1 s[^]*probe: +refused/);
});

it("says the exit code of one that keeps restarting, not that of its next start", () => {
    container(["restarting starting 1 7", "running starting 3 0", "restarting starting 3 7", "running starting 3 0"]);
    const { code, stderr } = gate("service");
    expect(code).toBe(1);
    expect(stderr).toMatch(/it keeps restarting[^]*status: +restarting, restarted 3 times\n +exit code: +7\n/);
});

it("waits for the port of an address to take a connection", async () => {
    container(["running none 0 0"]);
    const listener = net.createServer();
    await once(listener.listen(0, "127.0.0.1"), "listening");
    const { port } = listener.address() as net.AddressInfo;
    const probe = `tcp://127.0.0.1:${port}`;
    expect(gate("service", "20", probe)).toMatchObject({ code: 0, stdout: "answers\n", stderr: "" });
    await new Promise((resolve) => listener.close(resolve));
    const { code, stderr } = gate("service", "1", probe);
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`it does not answer after 1 s[^]*probe: +nothing answers at port ${port}`));
});

it("does without a probe that the image does not have", () => {
    container(["running none 0 0"], "exit 127");
    expect(gate("service", "20", "curl")).toMatchObject({ code: 0, stdout: "running\n" });
});

it("waits for a job to end, whatever its health, and stops at one that fails or takes too long", () => {
    container(["running none 0 0", "running healthy 0 0", "exited none 0 0"]);
    expect(gate("job")).toMatchObject({ code: 0, stdout: "exited with 0\n" });
    container(["exited none 0 4"]);
    expect(gate("job")).toMatchObject({ code: 1, stderr: expect.stringMatching(/it exited with 4/) });
    container(["running none 0 0"]);
    expect(gate("job", "1")).toMatchObject({ code: 1, stderr: expect.stringMatching(/it has not ended after 1 s/) });
});
