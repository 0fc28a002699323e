import * as pulumi from "@pulumi/pulumi";
import { ServiceGroup } from "../../components/services";
import {
    AnonymousVolumes,
    type AnonymousVolumesArgs,
    readVolumes,
    saidBefore,
} from "../../components/services/anonymousVolumes";
import type { MountSpec, ServiceSpec } from "../../components/services/compose";
import { mountArgs } from "../../components/services/containerMounts";
import type { ContainerRefs } from "../../components/services/containerRefs";
import { labels, localEngine } from "./engine";
import { inputsOf, reset, settle } from "./mocks";
import { project, service } from "./services";

const anonymous: MountSpec = { type: "volume", target: "/data/", read_only: false, nocopy: false };
const named: MountSpec = { ...anonymous, target: "/named", volume: "named" };
const valueOf = <T>(input: pulumi.Input<T> | undefined) =>
    new Promise<unknown>((resolve) => pulumi.output(input).apply(resolve));

async function prepared(given: Partial<ServiceSpec>, more: Partial<AnonymousVolumesArgs> = {}) {
    reset();
    const place = { prefix: "berth-test", service: "app", slot: "berth-test-app", container: "berth-test-app" };
    const volumes = new AnonymousVolumes("app-volumes", {
        ...place,
        engine: localEngine(),
        labels,
        image: "sha256:abc",
        spec: service(given),
        order: "stop-first",
        from: [],
        after: [],
        ...more,
    });
    await settle();
    return { volumes, inputs: inputsOf("app-volumes") };
}

describe("the command before a container", () => {
    test("is told what the service asks for, and what it mounts otherwise", async () => {
        const tmpfs: MountSpec = { ...anonymous, type: "tmpfs", target: "/cache" };
        const { inputs } = await prepared({ mounts: [anonymous, named, tmpfs] }, { from: ["other-id"] });
        expect(inputs.create).toBe(
            "sudo -n bash -s -- prepare berth test app berth-test-app berth-test-app sha256:abc stop-first " +
                "--volume /data --mounted /named --mounted /cache --from other-id",
        );
        expect(inputs.delete).toBe(
            "sudo -n bash -s -- leave berth test /var/lib/docker/berth/berth-test app berth-test-app",
        );
    });

    test("shows no change in containers when it runs again with the same words: what it says is known", async () => {
        const { inputs } = await prepared({});
        const { create, triggers } = inputs as { create: string; triggers: [string] };
        const before = { create, triggers, stdout: '{"/data":"before"}' };
        const { volumes } = await prepared({}, { prepared: new Map([["app-volumes", before]]) });
        expect(await valueOf(volumes.byPath)).toEqual({ "/data": "before" });
        expect(saidBefore(before, `${create} `, triggers[0])).toBeUndefined();
        expect(saidBefore(before, create, "another data root")).toBeUndefined();
        for (const field of Object.keys(before)) {
            for (const value of [null, undefined]) {
                expect(saidBefore({ ...before, [field]: value }, create, triggers[0])).toBeUndefined();
            }
        }
    });

    test.each([
        ["nothing", undefined],
        ["null", null],
        ["an empty line", "\n"],
        ["what a login prints", "Welcome\n"],
        ["other JSON", '{"engine":"28.5","/x":null}'],
    ])("that printed %s has named no volume", (_, stdout) => expect(readVolumes(stdout)).toEqual({}));

    test("says it in its last line", () =>
        expect(readVolumes('Welcome\n{"/a \\"b\\"":"v"}\n')).toEqual({ '/a "b"': "v" }));
});

describe("a container", () => {
    const refs = (byPath?: Record<string, string>): ContainerRefs => ({
        name: "app",
        image: "sha256:abc",
        labels: {},
        network: (key) => key,
        volume: (key) => key,
        address: () => undefined,
        bind: () => "/host",
        file: () => "/file",
        container: (name) => name,
        aliases: [],
        ...(byPath && { anonymous: byPath }),
    });
    const mountsOf = (mounts: MountSpec[], byPath?: Record<string, string>) =>
        valueOf(mountArgs(service({ mounts }), refs(byPath)).mounts);

    test("has its anonymous volumes by their names: those of its file, and those of its image", async () => {
        const found = await mountsOf([{ ...anonymous, read_only: true }, named], { "/data": "one", "/image": "two" });
        expect(found).toEqual([
            { type: "volume", target: "/data/", readOnly: true, source: "one" },
            { type: "volume", target: "/image", source: "two" },
        ]);
    });

    test("without any has no such argument", async () => expect(await mountsOf([named], {})).toBeUndefined());

    test("never takes volumes along when it is removed", async () => {
        reset();
        const group = project({ app: {}, db: { mounts: [anonymous] } });
        new ServiceGroup("services", {
            engine: localEngine(),
            project: group,
            prefix: "berth-test",
            labels,
            protectVolumes: true,
        });
        await settle();
        expect(inputsOf("app").removeVolumes).toBe(false);
        expect(inputsOf("db-volumes").create).toContain("--volume /data");
        expect(inputsOf("anonymous-volumes").create).toBe(
            "sudo -n bash -s -- settle berth test /var/lib/docker/berth/berth-test app db",
        );
    });
});
