import type { ServiceSpec } from "../../components/services/compose";
import { gateCommand, gateTimeout, probeOf } from "../../components/services/healthGate";
import { jobsOf, serviceOrder } from "../../components/services/serviceOrder";
import { updateOrder } from "../../components/services/updateOrder";
import { volumeFacts, volumeMistakes } from "../../components/services/volumes";
import { service } from "./services";

const after = (...names: string[]): Partial<ServiceSpec> => ({
    depends_on: Object.fromEntries(
        names.map((name) => [name, { condition: "service_started", restart: false, required: true }]),
    ),
});

describe("the order of services", () => {
    test("each comes after those it waits for, and after those whose network or volumes it joins", () => {
        const order = serviceOrder({
            web: service(after("app", "cache")),
            app: service(after("migrate")),
            sidecar: service({ network_mode: "service:app" }),
            backup: service({ volumes_from: [{ from: "db", container: false, read_only: true }] }),
            migrate: service(after("db")),
            cache: service(),
            db: service(),
        });
        const before = (a: string, b: string) => expect(order.indexOf(a)).toBeLessThan(order.indexOf(b));
        before("app", "web");
        before("cache", "web");
        before("migrate", "app");
        before("db", "migrate");
        before("app", "sidecar");
        before("db", "backup");
        expect(order).toHaveLength(7);
    });

    test("what another waits for to the end is a job", () => {
        const waits = { condition: "service_completed_successfully", restart: false, required: true } as const;
        expect([...jobsOf({ app: service({ depends_on: { migrate: waits } }), migrate: service() })]).toEqual([
            "migrate",
        ]);
    });
});

describe("how a service is exchanged", () => {
    const volume = { type: "volume", target: "/data", read_only: false, nocopy: false, volume: "data" } as const;

    const behindSite = (given: Partial<ServiceSpec> = {}) => service({ serves_at: 8080, ...given });

    test("stop-first is the default, as in Compose: whoever knows the address of a service goes on reaching it", () => {
        expect(updateOrder(service(), false)).toEqual({ order: "stop-first", because: ["no site leads to it"] });
    });

    test("what a site leads to runs twice for a moment, unless both would write to the same data", () => {
        expect(updateOrder(behindSite(), false)).toEqual({ order: "start-first", because: [] });
        const reads = behindSite({ mounts: [{ ...volume, read_only: true }] });
        expect(updateOrder(reads, false).order).toBe("start-first");
        const cache = behindSite({ mounts: [{ ...volume, type: "tmpfs", volume: undefined }] });
        expect(updateOrder(cache, false).order).toBe("start-first");
    });

    test.each<[string, Partial<ServiceSpec>, RegExp]>([
        ["a port", { ports: [{ published: 8080, target: 80, protocol: "tcp" }] }, /port 8080/],
        ["a name", { container_name: "db" }, /a name of its own/],
        ["the host's network", { network_mode: "host" }, /host's network/],
        [
            "an address",
            { networks: { default: { aliases: [], link_local_ips: [], driver_opts: {}, ipv4_address: "10.0.0.2" } } },
            /an address of its own in the network default/,
        ],
        ["a volume", { mounts: [volume] }, /writes to the volume data/],
        ["an anonymous volume", { mounts: [{ ...volume, volume: undefined }] }, /writes to its volume at \/data/],
        [
            "a folder of the host",
            { mounts: [{ ...volume, type: "bind", volume: undefined, bind: { at: "kept", name: "data" } }] },
            /writes to data/,
        ],
    ])("what holds %s stops first, and says why", (_, spec, why) => {
        const { order, because } = updateOrder(behindSite(spec), false);
        expect(order).toBe("stop-first");
        expect(because.join()).toMatch(why);
    });

    test("the file decides about volumes, but a port cannot be had twice", () => {
        expect(updateOrder(service({ mounts: [volume], update_order: "start-first" }), false).order).toBe(
            "start-first",
        );
        expect(updateOrder(service({ update_order: "start-first" }), false).order).toBe("start-first");
        expect(updateOrder(behindSite({ update_order: "stop-first" }), false)).toEqual({
            order: "stop-first",
            because: [],
        });
        const ports = [{ published: 80, target: 80, protocol: "tcp" } as const];
        expect(updateOrder(service({ ports, update_order: "start-first" }), false).order).toBe("stop-first");
    });

    test("a job never runs twice at once", () => {
        expect(updateOrder(service(), true).order).toBe("stop-first");
    });
});

describe("the health gate", () => {
    test("waits at least as long as the engine may look", () => {
        expect(gateTimeout(undefined, false)).toBe(120);
        expect(gateTimeout({ interval: 1000, retries: 1, timeout: 1000 }, false)).toBe(120);
        expect(gateTimeout({ interval: 60_000, timeout: 10_000, retries: 5, start_period: 300_000 }, false)).toBe(660);
        expect(gateTimeout(undefined, true)).toBeGreaterThanOrEqual(1800);
    });

    test("asks nginx itself where nothing else tells", () => {
        const ports = [
            { target: 443, protocol: "udp" as const },
            { published: 8080, target: 8000, protocol: "tcp" as const },
        ];
        expect(probeOf(service({ image: "docker.io/library/nginx:1.30", ports })).join(" ")).toContain(":8000/");
        expect(probeOf(service({ image: "nginx:1.30" }))).toEqual([]);
        expect(probeOf(service({ image: "me/nginx:1", ports }))).toEqual([]);
        expect(probeOf(service({ image: "nginx", ports, command: ["sleep", "1"] }))).toEqual([]);
        expect(probeOf(service({ image: "nginx", ports, healthcheck: { test: ["NONE"] } }))).toEqual([]);
    });

    test("is told the container, its time, and whether it is a job", () => {
        expect(gateCommand("abc", service(), true)).toBe("bash -s -- abc 3600 job");
        expect(gateCommand("abc", service({ image: "redis" }), false)).toBe("bash -s -- abc 120 service");
    });
});

describe("named volumes", () => {
    const plain = { external: false, driver_opts: {}, labels: {} };
    const before = volumeFacts({ data: plain }, "berth-test", true);

    test("are named like Compose's, and those of others are not the stack's", () => {
        const volumes = { data: plain, mine: { ...plain, name: "x" }, theirs: { ...plain, external: true } };
        const facts = volumeFacts(volumes, "berth-test", true);
        expect(Object.values(facts).map(({ name }) => name)).toEqual(["berth-test_data", "x"]);
    });

    test("do not leave the stack while they are protected", () => {
        expect(volumeMistakes(before, {})).toEqual([expect.stringMatching(/^volumes.data: .*protectVolumes false/)]);
        expect(volumeMistakes(before, before)).toEqual([]);
        expect(volumeMistakes(volumeFacts({ data: plain }, "berth-test", false), {})).toEqual([]);
    });
});
