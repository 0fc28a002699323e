import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parseConfig } from "../../components/config";
import { type Rollbacks, versionOf } from "../../components/services";
import type { Release } from "../../scripts/lib/ledger";
import { releaseToGoTo, releasedTogether, serviceOf } from "../../scripts/lib/rollbackTarget";

let directory: string;
beforeAll(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), "berth-rollback-"));
    fs.mkdirSync(path.join(directory, "app"));
    fs.writeFileSync(path.join(directory, "app/Dockerfile"), "FROM busybox\n");
});
afterAll(() => fs.rmSync(directory, { recursive: true }));

const release = (number: number, service = "web", more: Partial<Release> = {}): Release => ({
    release: number,
    time: `2026-11-25T10:00:0${number}Z`,
    restore: `nginx@sha256:${number}`,
    image: `sha256:${number}`,
    service,
    of: "nginx:1.30",
    written: {},
    ...more,
});
const releases = [release(1), release(2, "app"), release(3), release(4, "app"), release(5)];
const target = (wish: Parameters<typeof releaseToGoTo>[2], service = "web") =>
    releaseToGoTo(releases, service, wish).release;

test("a service goes back to the release before the one that runs, or to the one that is asked for", () => {
    expect(target({ isLive: true })).toBe(3);
    expect(target({ isLive: true, to: 1 })).toBe(1);
    expect(target({ isLive: true }, "app")).toBe(2);
});

test("where the newest version never got healthy, what runs is where it goes back to", () => {
    expect(target({ isLive: false })).toBe(5);
});

test("a second time it goes back further", () => {
    expect(target({ isLive: false, before: 3 })).toBe(1);
});

test("what is not there is said", () => {
    expect(() => target({ isLive: true, to: 2 })).toThrow("web has no release 2; it has: 1, 3, 5");
    expect(() => target({ isLive: true, before: 1 })).toThrow("web has no release before the one that runs");
    expect(() => target({ isLive: true }, "db")).toThrow("db has no release before");
    expect(() => serviceOf(releases, 9)).toThrow("there is no release 9; ./scripts/releases lists them");
    expect(() => releasedTogether([])).toThrow("there is no release yet");
});

test("without a service, those of the newest release go back together", () => {
    expect(releasedTogether(releases)).toEqual(["web"]);
    expect(releasedTogether([...releases, release(6, "app"), release(7, "db", { time: release(6).time })])).toEqual([
        "app",
        "db",
    ]);
});

function read(service: Record<string, unknown>, rollback: Rollbacks = {}) {
    const values = { host: { kind: "local" }, services: { app: service, web: { image: "nginx:1.30" } }, rollback };
    const raw = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)]));
    const result = parseConfig(raw, { directory, environment: {}, secretKeys: [], projectName: "berth-test" });
    if ("errors" in result) throw new Error(result.errors.join("\n"));
    return result.config;
}
const versionIn = ({ project, written }: ReturnType<typeof read>) => versionOf(written.app, project.services.app!);

test("a service is what it was as long as it is not changed", () => {
    const unwanted = { image: "me/app:2", environment: { A: "${HOME:-x}" } };
    const service = { image: "me/app:1", pull_policy: "missing" };
    const back = { app: { release: 1, of: versionIn(read(unwanted)), service } };
    const config = read(unwanted, back);
    expect(config.project.services.app?.image).toBe("me/app:1");
    expect(config.written.app).toEqual(service);
    expect(config.warnings).toEqual([expect.stringMatching(/^app is put back to release 1\. .*--undo app$/)]);
    const changed = read({ ...unwanted, image: "me/app:3" }, back);
    expect([changed.project.services.app?.image, changed.warnings]).toEqual(["me/app:3", []]);
});

test("what is written keeps its variables: no secret leaves the stack's file by it", () => {
    expect(read({ image: "me/app:2", environment: { A: "${PW:-x}" } }).written.app).toEqual({
        image: "me/app:2",
        environment: { A: "${PW:-x}" },
    });
});

test("a changed source is another version under the same text", () => {
    const before = versionIn(read({ build: "./app" }));
    fs.appendFileSync(path.join(directory, "app/Dockerfile"), "RUN true\n");
    expect(versionIn(read({ build: "./app" }))).not.toBe(before);
});

test("what is wrong with a service that is put back is said as of any other", () => {
    const of = versionIn(read({ image: "me/app:2" }));
    const service = { image: "me/app:1", privilegd: true };
    expect(() => read({ image: "me/app:2" }, { app: { release: 1, of, service } })).toThrow(/privilegd/);
});
