import type * as pulumi from "@pulumi/pulumi";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { ServiceGroup, type ServiceGroupArgs } from "../../components/services";
import type { ComposeProject, ServiceSpec } from "../../components/services/compose";
import { labels, localEngine } from "./engine";
import { inputsOf, isSecret, names, registered, reset, settle, unwrap } from "./mocks";
import { project, volume } from "./services";

async function build(given: ComposeProject, more: Partial<ServiceGroupArgs> = {}) {
    reset();
    const engine = localEngine();
    const args = { engine, project: given, prefix: "berth-test", labels, protectVolumes: true, ...more };
    const group = new ServiceGroup("services", args);
    await settle();
    return group;
}

const promiseOf = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

const web: Partial<ServiceSpec> = {
    image: "nginx:1.30",
    ports: [{ published: 8080, target: 80, protocol: "tcp" }],
    restart: { condition: "unless-stopped" },
};

test("a container runs the image by its id, in the stack's network, under the stack's name", async () => {
    await build(project({ web }));
    expect(inputsOf("web")).toMatchObject({
        name: "berth-test-web",
        image: "sha256:abc",
        restart: "unless-stopped",
        ports: ["0.0.0.0", "::"].map((ip) => ({ internal: 80, external: 8080, protocol: "tcp", ip })),
        networksAdvanced: [{ name: "berth-test_default", aliases: ["berth-test-web", "web"] }],
        destroyGraceSeconds: 10,
    });
    expect(inputsOf("web").labels).toEqual(expect.arrayContaining([{ label: "berth.service", value: "web" }]));
    expect(inputsOf("web-image")).toMatchObject({ name: "nginx:1.30", keepLocally: true });
    expect(inputsOf("network-default")).toMatchObject({ name: "berth-test_default", driver: "bridge" });
});

test("nothing is added to what Compose would ask for", async () => {
    await build(project({ web }));
    const { healthcheck, logDriver, securityOpts } = inputsOf("web");
    expect([healthcheck, logDriver, securityOpts]).toEqual([undefined, undefined, undefined]);
});

test("the gate watches the very container, asks nginx, and asks again for a new one", async () => {
    await build(project({ web }));
    const { create, triggers, stdin } = inputsOf("web-gate");
    expect(create).toMatch(/^bash -s -- web-id 120 service curl .*http:\/\/127\.0\.0\.1:80\/$/);
    expect(triggers).toEqual(["web-id"]);
    expect(stdin).toContain("failure report");
});

test("a value from a secret stays one", async () => {
    const environment = { A: "b", PW: "hunter2" };
    await build(project({ web: { ...web, environment, secret_environment: ["PW"] } }));
    expect(isSecret(inputsOf("web").envs)).toBe(true);
    expect(unwrap(inputsOf("web").envs)).toEqual(["A=b", "PW=hunter2"]);
    await build(project({ web: { ...web, environment } }));
    expect(isSecret(inputsOf("web").envs)).toBe(false);
});

const startFirst = { update_order: "start-first" } as const;

test("a service is exchanged under one name, unless a site leads to it or it asks for start-first", async () => {
    const group = await build(project({ app: { image: "me/app:1" }, api: { serves_at: 80 }, worker: startFirst }));
    const containers = registered().filter(({ type }) => type === "docker:index/container:Container");
    const exchanged = containers.map(({ name }) => name.replace(/[0-9a-f]{8}$/, "HASH"));
    expect(exchanged).toEqual(expect.arrayContaining(["app", "api-HASH", "worker-HASH"]));
    const { app, api } = await promiseOf(group.summaries);
    expect([app?.update, api?.update]).toEqual(["stop-first: no site leads to it", "start-first"]);
});

test("where a service is exchanged start-first, another version has another name", async () => {
    await build(project({ app: { image: "me/app:1", serves_at: 80 } }));
    const first = names().find((name) => /^app-[0-9a-f]{8}$/.test(name));
    expect(inputsOf(first ?? "").name).toBe(`berth-test-${first}`);
    await build(project({ app: { image: "me/app:2", serves_at: 80 } }));
    const second = names().find((name) => /^app-[0-9a-f]{8}$/.test(name));
    expect(second).not.toBe(first);
    await build(project({ app: { image: "me/app:1", serves_at: 80 } }));
    expect(names()).toContain(first);
});

test("what is said of a service, and not of its containers, makes no other version", async () => {
    await build(project({ db: {}, app: { image: "me/app:1", ...startFirst } }));
    const first = names().find((name) => /^app-[0-9a-f]{8}$/.test(name));
    const after = { condition: "service_started", restart: false, required: true } as const;
    const app = { image: "me/app:1", scale: 2, depends_on: { db: after }, restart: { condition: "always" } } as const;
    await build(project({ db: {}, app: { ...app, serves_at: 80 } }));
    expect(names()).toContain(first);
});

test("a service may be called like what every object has", async () => {
    const waits = { condition: "service_healthy", restart: false, required: true } as const;
    const given = project({ constructor: {}, toString: { depends_on: { constructor: waits } } });
    const group = await build(given, { digests: {} });
    expect(names().filter((name) => /^(constructor|toString)-image$/.test(name))).toEqual([
        "constructor-image",
        "toString-image",
    ]);
    expect(Object.keys(await promiseOf(group.summaries))).toEqual(["constructor", "toString"]);
});

test("a changed secret is no other version, and no hash of it stands in a name", async () => {
    const app = (value: string) =>
        project({ app: { ...startFirst, environment: { PW: value }, secret_environment: ["PW"] } });
    await build(app("one"));
    const first = names();
    await build(app("two"));
    expect(names()).toEqual(first);
});

test("several containers of a service have numbers, the first has none", async () => {
    await build(project({ app: { scale: 3, mounts: [{ ...bind("/srv"), read_only: false }] } }));
    const containers = registered().filter((r) => r.type === "docker:index/container:Container");
    expect(containers.map(({ name }) => name).filter((name) => name.startsWith("app"))).toEqual([
        "app",
        "app-2",
        "app-3",
    ]);
    expect(inputsOf("app-3").name).toBe("berth-test-app-3");
});

const bind = (file: string) =>
    ({
        type: "bind",
        target: "/x",
        read_only: true,
        nocopy: false,
        bind: { at: "host", path: file, create: true },
    }) as const;

test("a named volume belongs to the stack, and an external one is only named", async () => {
    const mount = (key: string) =>
        ({ type: "volume", target: `/${key}`, read_only: false, nocopy: false, volume: key }) as const;
    const group = await build(
        project(
            { db: { mounts: [mount("data"), mount("shared")] } },
            { volumes: { data: volume, shared: { ...volume, external: true } } },
        ),
    );
    expect(inputsOf("volume-data")).toMatchObject({ name: "berth-test_data", driver: "local" });
    expect(names()).not.toContain("volume-shared");
    expect(inputsOf("db").volumes).toEqual([
        expect.objectContaining({ volumeName: "berth-test_data", containerPath: "/data" }),
        expect.objectContaining({ volumeName: "shared", containerPath: "/shared" }),
    ]);
    expect(Object.keys(group.volumes)).toEqual(["data"]);
});

test("a job is watched to its end", async () => {
    const waits = { condition: "service_completed_successfully", restart: false, required: true } as const;
    await build(project({ app: { ...web, depends_on: { migrate: waits } }, migrate: {} }));
    expect(inputsOf("migrate-gate").create).toBe("bash -s -- migrate-id 3600 job");
});

test("the host keeps the order of services that come back when it boots", async () => {
    const after = { condition: "service_healthy", restart: false, required: true } as const;
    const restart = { condition: "always" } as const;
    await build(
        project({
            db: { ...web, restart },
            app: { restart, ports: [], depends_on: { db: after }, mounts: [bind("/x")] },
        }),
    );
    const { create } = inputsOf("start-order");
    expect(create).toMatch(/^sudo -n bash -s -- install berth-test 'berth-test-app berth-test-db:service_healthy'$/);
    await build(project({ db: web, app: { depends_on: { db: after } } }));
    expect(names()).not.toContain("start-order");
});

test("a container that shares another's network is made anew with it", async () => {
    await build(project({ app: web, sidecar: { network_mode: "service:app" } }));
    expect(inputsOf("sidecar").networkMode).toBe("container:app-id");
});

describe("files of this computer", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-content-"));
    const file = path.join(folder, "site.conf");
    afterAll(() => fs.rmSync(folder, { recursive: true }));
    const shown = (read_only: boolean) =>
        project({
            web: {
                ...web,
                mounts: [{ ...bind(""), read_only, bind: { at: "project", path: file, name: "site.conf" } }],
            },
        });
    const summary = async (group: ServiceGroup) =>
        new Promise<string>((resolve) => group.summaries.apply((all) => resolve(all.web?.run ?? "")));

    test("lie on the host by their content where nobody writes, and by their path where somebody does", async () => {
        fs.writeFileSync(file, "one");
        const pinned = await summary(await build(shown(true)));
        const kept = await summary(await build(shown(false)));
        fs.writeFileSync(file, "two");
        expect(await summary(await build(shown(true)))).not.toBe(pinned);
        expect(await summary(await build(shown(false)))).toBe(kept);
        expect(kept).toContain("/var/lib/docker/berth/berth-test/kept/site.conf");
    });
});
