import { containerChecks } from "../../scripts/lib/doctor/containers";
import { lastUpdate } from "../../scripts/lib/doctor/lastUpdate";
import type { Expected } from "../../scripts/lib/drift/expected";
import { readSurvey } from "../../scripts/lib/drift/survey";

const expected: Expected = {
    containers: [{ id: "c1", asked: { name: "s-web", mustRun: true } }],
    networks: [],
    volumes: [],
    versions: {},
    users: [],
    units: [],
    images: [],
    dedicated: true,
};
/** What the doctor says where the host has one container, in this state. */
function checksOf(state: object, engine: object = { failure: "" }) {
    const containers = [{ Id: "c1", Name: "/s-web", State: { Status: "running", ExitCode: 0, ...state } }];
    return checks({ engine, containers });
}
const checks = (survey: object) =>
    containerChecks(expected, readSurvey(JSON.stringify({ networks: [], volumes: [], images: [], ...survey })), {
        host: "web1",
        stack: "dev",
    });

test.each([
    [
        "was never started: no nginxx",
        { Status: "created", Error: "no nginxx" },
        "correct the service, then ./scripts/up -s dev",
    ],
    ["is stopped (exited, exit code 4)", { Status: "exited", ExitCode: 4 }, "./scripts/docker -s dev start s-web"],
    ["is unhealthy", { Health: { Status: "unhealthy" } }, "./scripts/docker -s dev logs --tail 30 s-web"],
    [
        "keeps restarting (exit code 1)",
        { Status: "restarting", ExitCode: 1 },
        "./scripts/docker -s dev logs --tail 30 s-web",
    ],
])("the doctor names a container that %s, with what to do", (found, state, remedy) =>
    expect(checksOf(state)).toEqual([{ status: "fail", what: "container s-web", found, remedy }]),
);

test("the doctor finds containers that run well, names a missing one, and a Docker that does not answer", () => {
    expect(checksOf({})).toMatchObject([{ status: "ok", what: "containers on web1" }]);
    expect(checks({ engine: { failure: "" }, containers: [] })).toEqual([
        { status: "fail", what: "container s-web", found: "is missing", remedy: "./scripts/up -s dev --repair" },
    ]);
    expect(checks({ engine: { failure: "no socket\nmore" }, containers: [] })).toMatchObject([
        { status: "fail", what: "Docker on web1", found: "does not answer: no socket" },
    ]);
});

test.each([
    ["was broken off in the middle", "[]", 1],
    ["failed, perhaps in the middle", '[{"kind":"update","result":"failed"}]', 0],
    ["ended well", '[{"kind":"update","result":"succeeded"}]', 0],
    [undefined, "[]", 0],
    [undefined, "warning: no JSON", 0],
])("of the last update the doctor says: %s", async (found, history, pending) => {
    const pulumi = { output: () => Promise.resolve(history) };
    const operations = Array.from({ length: pending }, () => ({ resource: { urn: "", type: "" }, type: "creating" }));
    const [check] = await lastUpdate(pulumi, "dev", { deployment: { pending_operations: operations } });
    expect(check?.found).toBe(found);
    if (check?.status === "warn") expect(check.remedy).toMatch(/^\.\/scripts\/up -s dev /);
});
