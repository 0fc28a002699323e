import { checkPlan } from "../../components/services";
import { readProject } from "../../components/services/compose";
import { type VolumeFacts, knownVolumes, volumeMistakes } from "../../components/services/volumes";
import { ComposeFolder } from "./composeFolder";
import { answers } from "./mocks";
import { project, volume } from "./services";

const bind = { type: "none", o: "bind", device: "/srv/db" };
const facts = (values: Partial<VolumeFacts> = {}): VolumeFacts => ({
    name: "berth-test_db",
    driver: "local",
    driver_opts: {},
    retained: true,
    ...values,
});

describe("a volume that is to become another", () => {
    test.each<[string, Partial<VolumeFacts>, Partial<VolumeFacts>]>([
        ["name", {}, { name: "x" }],
        ["driver", {}, { driver: "rclone" }],
        ["driver_opts", {}, { driver_opts: bind }],
        ["driver_opts", { driver_opts: bind }, { driver_opts: { ...bind, device: "/srv/db2" } }],
        ["name, driver_opts", {}, { name: "x", driver_opts: bind }],
    ])("is refused by its %s, with what it is and how it goes", (what, before, now) => {
        const [line, ...more] = volumeMistakes({ db: facts(before) }, { db: facts(now) });
        expect(more).toEqual([]);
        expect(line).toMatch(new RegExp(`^volumes\\.db: ${what}: the volume berth-test_db is there with driver local`));
        expect(line).toMatch(/docker -s STACK volume rm berth-test_db, \.\/scripts\/pulumi refresh --yes -s STACK$/);
    });

    test("is made again on the engine where it may go, before and now, and refused where it would stay there", () => {
        const mistakes = (was: boolean, is: boolean) =>
            volumeMistakes({ db: facts({ retained: was }) }, { db: facts({ retained: is, driver_opts: bind }) });
        expect(mistakes(false, false)).toEqual([]);
        expect([mistakes(true, false), mistakes(false, true)].map((lines) => lines.length)).toEqual([1, 1]);
    });
});

describe("what is known of the volumes before a plan", () => {
    const outputs = { name: "berth-test_db", driver: "local", driverOpts: { ...bind, device: "/typo" } };
    const seen = facts({ driver_opts: { ...bind, device: "/typo" } });

    test("after a first update that failed, the volume itself says what it is", () => {
        expect(knownVolumes(undefined, new Map([["volume-db", outputs]]))).toEqual({ db: seen });
    });

    test("the group's own facts come first, and those of a volume that is gone do not count", () => {
        const kept = { db: facts(), old: facts() };
        expect(knownVolumes(kept, new Map([["volume-db", outputs]]))).toEqual({ db: facts() });
    });

    test("each host's volumes are its own, and the machine's are none", () => {
        const volumes = new Map([
            ["host-docker", outputs],
            ["host-2/volume-db", outputs],
        ]);
        expect(knownVolumes(null, volumes)).toEqual({});
        expect(knownVolumes(null, volumes, "host-2/")).toEqual({ db: seen });
    });

    test.each([null, undefined])("a value that is %s is none", (nothing) => {
        const found = knownVolumes(
            nothing,
            new Map([["volume-db", { name: "x", driver: nothing, driverOpts: nothing }]]),
        );
        expect(found).toEqual({ db: facts({ name: "x" }) });
    });

    test("the plan is refused on what the state has, also for a second host", async () => {
        const web = { image: "nginx:1.30" };
        const plan = (device: string) =>
            checkPlan({
                project: project({ web }, { volumes: { db: { ...volume, driver_opts: { ...bind, device } } } }),
                prefix: "berth-test",
                protectVolumes: true,
                registries: {},
                mirrors: [],
            });
        const urn = (name: string) => `urn:pulumi:test::berth::x::${name}`;
        answers["pulumi:pulumi:readStackResourceOutputs"] = {
            outputs: {
                [urn("host-2/services")]: { type: "berth:index:ServiceGroup", outputs: null },
                [urn("host-2/volume-db")]: { type: "docker:index/volume:Volume", outputs },
            },
        };
        await expect(plan("/typo")).resolves.toMatchObject({ digests: {} });
        await expect(plan("/srv/db")).rejects.toThrow(/^volumes\.db: driver_opts: .*device=\/typo.*-s test/);
    });
});

describe("a volume's device in the project's folder", () => {
    const folder = new ComposeFolder();
    const errorsOf = (driver_opts: object, more: object = {}) => {
        const sections = {
            services: { db: { image: "redis", volumes: ["db:/data"] } },
            volumes: { db: { driver_opts, ...more } },
        };
        const context = { secrets: {}, environment: {}, profiles: [], projectName: "shop-dev" };
        const result = readProject({ kind: "config", sections, directory: folder.path }, context);
        return "errors" in result ? result.errors : [];
    };

    test.each([
        [{ type: "none", o: "bind", device: "./db" }, "./db"],
        [{ type: "none", o: "bind", device: "db" }, "./db"],
        [{ o: "rw,bind", device: "../db" }, "../db"],
        [{ type: "none", device: "~/db" }, "~/db"],
        [{ type: "ext4", device: "./disk.img" }, "./disk.img"],
    ])("%j is refused in the plan, with the mount that means it", (options, source) => {
        const [line, ...more] = errorsOf(options);
        expect([line, more]).toEqual([expect.stringMatching(/^berth:volumes\.db\.driver_opts\.device: /), []]);
        expect(line).toContain(`volumes: ["${source}:/path"]`);
    });

    test.each([
        [{ type: "none", o: "bind", device: "/srv/db" }, {}],
        [{ type: "nfs", o: "addr=10.0.0.2,rw", device: ":/media" }, {}],
        [{ type: "cifs", o: "username=me", device: "//nas/media" }, {}],
        [{ type: "tmpfs", device: "tmpfs", o: "size=10m" }, {}],
        [{ device: "./x" }, { driver: "rclone" }],
        [{}, {}],
    ])("%j is what a host has", (options, more) => expect(errorsOf(options, more)).toEqual([]));

    test("is named with its line in a Compose file", () => {
        const text = [
            "services: { db: { image: redis, volumes: ['db:/data'] } }",
            "volumes:",
            "  db:",
            "    driver_opts:",
            "      type: none",
            "      o: bind",
            "      device: ./db",
        ];
        expect(folder.errors(text.join("\n"))).toEqual([
            expect.stringMatching(/compose\.yaml:7:7: volumes\.db\.driver_opts\.device: /),
        ]);
    });
});
