import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { DockerEngine } from "../../components/engine";
import { LocalHost } from "../../components/host";
import type { FileMount } from "../../components/services/compose";
import { type HostContent, HostFiles, readLocalContent, sharedContent } from "../../components/services/files";
import { inputsOf, isSecret, names, registered, reset, settle, unwrap } from "./mocks";

const BASE = "/var/lib/docker/berth/berth-test";
let folder: string;
beforeEach(() => {
    reset();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "host-content-"));
    fs.writeFileSync(path.join(folder, "app.conf"), "x");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function engine() {
    const labels = { "berth.stack": "test" };
    const host = new LocalHost("host", { machineName: "m", image: "i", sshPort: 1, publishedPorts: [], labels });
    return new DockerEngine("engine", { host, labels, users: [] });
}
const local = (name = "app.conf") => readLocalContent(path.join(folder, name));
const share = () => sharedContent({ engine: engine(), prefix: "berth-test", scope: "host-2/" }, {});
/** Archives take longer than `settle` waits. */
const placed = (...all: HostContent[]) => Promise.all(all.map(({ ready }) => valueOf(ready.urn)));
const valueOf = <T>(output: { apply(f: (value: T) => void): unknown }) =>
    new Promise<T>((resolve) => output.apply(resolve));

test("several services share what they mount from the same path", async () => {
    const shared = share();
    const [one, two, kept] = [
        shared(local(), "pinned"),
        shared(local(), "pinned"),
        shared(local(), { kept: "./data/a" }),
    ];
    expect(two).toBe(one);
    expect(kept).not.toBe(one);
    await placed(one, kept);
    expect(registered().filter((r) => r.type === "berth:index:HostContent")).toHaveLength(2);
});

test("the path is known in the plan: by the content for what is pinned, by the place for what is kept", async () => {
    const shared = share();
    const content = local();
    const pinned = shared(content, "pinned");
    expect(await valueOf(pinned.path)).toBe(`${BASE}/content/${content.hash.slice(0, 16)}/app.conf`);
    const kept = shared(content, { kept: "./data/a" });
    expect(await valueOf(kept.path)).toBe(`${BASE}/kept/data/a`);
    await placed(pinned, kept);
});

test("a folder whose name would split a mount's text has another one on the host", async () => {
    fs.mkdirSync(path.join(folder, "a:ro, b"));
    const content = share()(local("a:ro, b"), "pinned");
    expect(await valueOf(content.path)).toMatch(/\/a%3Aro%2C%20b$/);
    await placed(content);
});

test("other content is another resource, so that the old one stays until nothing mounts it", async () => {
    await placed(share()(local(), { kept: "data" }));
    const before = names().filter((name) => name.startsWith("host-2/kept-data-"));
    reset();
    fs.writeFileSync(path.join(folder, "app.conf"), "y");
    await placed(share()(local(), { kept: "data" }));
    const after = names().filter((name) => name.startsWith("host-2/kept-data-"));
    expect([before.length, after.length]).toEqual([3, 3]);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
});

test("the content goes as an archive, is placed by root, and again where Docker's data is new", async () => {
    const content = local();
    await placed(share()(content, "pinned"));
    const name = `host-2/content-${content.hash.slice(0, 12)}`;
    const upload = inputsOf(`${name}-upload`);
    const place = inputsOf(`${name}-place`);
    expect(place.create).toBe(
        `sudo -n bash -s -- place pinned file ${BASE} content/${content.hash.slice(0, 16)}/app.conf ${content.hash} ` +
            String(upload.remotePath),
    );
    expect(place.delete).toMatch(/^sudo -n bash -s -- remove pinned file /);
    expect([upload.triggers, place.triggers]).toEqual([["host-docker-id"], ["host-docker-id"]]);
    expect(place.environment).toBeUndefined();
});

const file = (secret: boolean, content: string, more: Partial<FileMount> = {}): FileMount => ({
    section: secret ? "secrets" : "configs",
    source: "x",
    target: "/x",
    uid: 0,
    gid: 0,
    mode: 0o444,
    content: Buffer.from(content),
    secret,
    ...more,
});

async function place(files: FileMount[]) {
    reset();
    const all = new HostFiles("web", { engine: engine(), prefix: "berth-test", service: "web", files });
    await settle();
    return all;
}

test("a config's path is known in the plan and changes with its content, its owner and its mode", async () => {
    const pathOf = async (f: FileMount) => valueOf((await place([f])).pathOf(f));
    const paths = [
        await pathOf(file(false, "a")),
        await pathOf(file(false, "b")),
        await pathOf(file(false, "a", { uid: 101 })),
        await pathOf(file(false, "a", { mode: 0o400 })),
    ];
    expect(new Set(paths).size).toBe(4);
    expect(paths[0]).toMatch(`${BASE}/files/web/`);
    expect(await pathOf(file(false, "a", { target: "/elsewhere" }))).toBe(paths[0]);
});

test("a secret is on stdin only, and nothing that is shown or stored depends on it", async () => {
    await place([file(true, "hunter2")]);
    const inputs = inputsOf("web-secrets");
    expect(isSecret(inputs.stdin)).toBe(true);
    expect(unwrap(inputs.stdin)).toBe(`0 0 444 ${Buffer.from("hunter2").toString("base64")}\n`);
    expect(inputs.logging).toBe("none");
    const shown = JSON.stringify([names(), { ...inputs, stdin: undefined, connection: undefined }]);
    await place([file(true, "hunter3")]);
    const other = inputsOf("web-secrets");
    expect(JSON.stringify([names(), { ...other, stdin: undefined, connection: undefined }])).toBe(shown);
});

test("a secret's path is what the host says", async () => {
    const secret = file(true, "hunter2");
    const all = await place([secret]);
    expect(await valueOf(all.pathOf(secret))).toMatch(/\/0$/);
});

test("configs and secrets of a service each have their own place, and none is made for nothing", async () => {
    const [a, b, c] = [file(true, "1"), file(false, "2"), file(true, "3")];
    const all = await place([a, b, c]);
    expect(all.ready).toHaveLength(2);
    const ends = await Promise.all([a, b, c].map((f) => valueOf(all.pathOf(f))));
    expect(ends.map((p) => p.split("/").at(-1))).toEqual(["0", "0", "1"]);
    expect((await place([])).ready).toEqual([]);
});
