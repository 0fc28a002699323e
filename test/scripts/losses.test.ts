import { askBeforeLoss } from "../../scripts/lib/askBeforeLoss";
import { type Holding, lossLines, lossOf, lossPlans } from "../../scripts/lib/losses";
import type { StateResource } from "../../scripts/lib/state";
import { stackToRemove } from "../../scripts/lib/stackToRemove";

const at = (type: string, name: string, more: Partial<StateResource> = {}): StateResource => ({
    urn: `urn:pulumi:test::berth::${type}::${name}`,
    type,
    ...more,
});
/** A host that refuses: nobody listens there. */
const engine = (name = "engine-engine") =>
    at("pulumi:providers:docker", name, { inputs: { host: "ssh://root@127.0.0.1:9", sshOpts: '["-o","X=y"]' } });
const install = at("command:remote:Command", "engine-install");
const volume = (name: string, retainOnDelete = true) =>
    at("docker:index/volume:Volume", `volume-${name}`, { outputs: { name: `berth-test_${name}` }, retainOnDelete });
const embedded = [at("berth:index:LocalHost", "host"), engine(), install];
const existing = (removal: object = {}) => [
    at("berth:index:ExistingHost", "host"),
    engine(),
    install,
    at("command:remote:Command", "host-removal", { inputs: { ...removal } }),
];
const onEc2 = (...more: StateResource[]) => [at("berth:index:Ec2Host", "host"), engine(), install, ...more];
const attachment = at("aws:ec2/volumeAttachment:VolumeAttachment", "host-data-attachment", {
    inputs: { volumeId: "vol-1" },
});
const disk = (retainOnDelete: boolean) =>
    at("aws:ebs/volume:Volume", "host-data", { id: "vol-1", inputs: { size: 20 }, retainOnDelete });

const plan = (resources: StateResource[]) => {
    const [first, ...more] = lossPlans(resources);
    expect(more).toEqual([]);
    return first && { goes: first.goes, stays: first.stays };
};

describe("what goes with a stack", () => {
    test("of a machine that was made for it: all; of one on which nothing was installed: nothing", () => {
        expect(plan(embedded)).toEqual({ goes: "all", stays: [] });
        expect(plan(onEc2())).toEqual({ goes: "all", stays: [] });
        expect(lossPlans([at("berth:index:LocalHost", "host"), engine()])).toEqual([]);
        expect(plan([at("berth:index:LocalHost", "host"), engine(), volume("db")])).toEqual({ goes: "all", stays: [] });
    });

    test("of a data disk: what its deletion takes", () => {
        const stays = ["the data disk vol-1, with all volumes of host"];
        expect(plan(onEc2(attachment, disk(true)))).toEqual({ goes: [], stays });
        expect(plan(onEc2(attachment))).toEqual({ goes: [], stays });
        expect(plan(onEc2(attachment, disk(false)))).toEqual({ goes: "all", stays: [] });
        // Its server is gone: it took the installation and its volumes along, and left the disk.
        expect(plan([at("berth:index:Ec2Host", "host"), engine(), disk(false)])).toEqual({ goes: "all", stays: [] });
        expect(lossPlans([at("berth:index:Ec2Host", "host"), engine(), disk(true)])).toEqual([]);
    });

    test("of a server that stays: the volumes that are not protected, or, with Docker, all", () => {
        expect(plan([...existing(), volume("db"), volume("tmp", false)])).toEqual({
            goes: ["berth-test_tmp"],
            stays: ["on 127.0.0.1: berth-test_db"],
        });
        expect(plan([...existing({ delete: "bash -s" }), volume("db")])).toEqual({ goes: "all", stays: [] });
    });

    test("each host of several has its own", () => {
        const second = [at("berth:index:Ec2Host", "host-2"), engine("host-2/engine-engine")];
        const all = [
            ...onEc2(),
            ...second,
            at("docker:index/volume:Volume", "host-2/volume-db", { outputs: { name: "x" } }),
        ];
        expect(lossPlans(all).map(({ host, volumes }) => [host.name, volumes])).toEqual([
            ["host", []],
            ["host-2", ["x"]],
        ]);
    });
});

describe("what is lost", () => {
    const holding = (name: string, more: Partial<Holding> = {}): Holding => ({
        what: "volume",
        name,
        bytes: 48_200_000,
        isEmpty: false,
        ...more,
    });
    const anonymous = "a".repeat(64);
    const [whole] = lossPlans([...embedded, volume("db")]);
    const [server] = lossPlans([...existing(), volume("db", false)]);

    test("named volumes, also empty ones, others with content, and folders; not what is empty and nobody named", () => {
        const found = [
            holding("berth-test_db"),
            holding("foreign", { isEmpty: true, bytes: 0 }),
            holding(anonymous, { bytes: 999 }),
            holding("b".repeat(64), { isEmpty: true }),
            holding("/var/lib/docker/berth/berth-test/kept/data", { what: "folder", bytes: undefined }),
        ];
        const lines = lossLines([lossOf(whole!, found)], "berth-test").map((line) => line.replace(/ +/g, " "));
        expect(lines).toEqual([
            "the embedded server host (127.0.0.1), with all that is on it",
            " volume berth-test_db 48.2 MB",
            " volume foreign 0 B (not of this stack)",
            ` volume ${anonymous} 999 B (without a name)`,
            " folder /var/lib/docker/berth/berth-test/kept/data size unknown",
        ]);
    });

    test("where the host does not answer, nothing is guessed", () => {
        const lines = lossLines([lossOf(whole!, undefined)], "berth-test").join("\n");
        expect(lines).toMatch(/volume {2}berth-test_db {2}size unknown\n.*does not answer: what else/);
        expect(lossOf(server!, undefined)).toMatchObject({ isSilent: false, holdings: [{ name: "berth-test_db" }] });
    });

    test("a volume whose driver keeps it elsewhere is named all the same", () => {
        expect(lossOf(whole!, []).holdings).toEqual([{ what: "volume", name: "berth-test_db", isEmpty: false }]);
    });
});

describe("the question of down", () => {
    const ask = (typed: string | undefined, resources: StateResource[], isSure = false) => {
        const questions: string[] = [];
        const who = {
            isThere: typed !== undefined,
            answer: (question: string) => {
                questions.push(question);
                return Promise.resolve(typed ?? "");
            },
        };
        return askBeforeLoss("test", resources, "berth-test", { isSure, who }).then(
            () => ({ questions, error: undefined }),
            (error: Error) => ({ questions, error: error.message }),
        );
    };
    const withVolume = [...embedded, volume("db")];

    test("is answered by the stack's name, and by nothing else", async () => {
        expect(await ask("test\n", withVolume)).toMatchObject({ error: undefined });
        for (const typed of ["", "y", "yes", "tes", "Test", "berth-test"]) {
            const { error, questions } = await ask(typed, withVolume);
            expect(questions).toEqual(["berth: to remove it, type the stack's name (test): "]);
            expect(error).toMatch(/^nothing was removed: that is not the stack's name/);
        }
    });

    test("is not asked without a terminal: it is refused, with what to do", async () => {
        const { error, questions } = await ask(undefined, withVolume);
        expect(questions).toEqual([]);
        expect(error).toMatch(/^nothing was removed: there is no terminal.*\.\/scripts\/down -s test --yes/);
    });

    test("is not asked with --yes, nor where no data goes", async () => {
        const none = { questions: [], error: undefined };
        expect(await ask(undefined, withVolume, true)).toEqual(none);
        expect(await ask(undefined, [...existing(), volume("db")])).toEqual(none);
        expect(await ask(undefined, onEc2(attachment, disk(true)))).toEqual(none);
        expect(await ask(undefined, [])).toEqual(none);
    });

    test("is asked of a machine that does not answer, even where the state knows no volume", async () => {
        expect((await ask(undefined, embedded)).error).toMatch(/^nothing was removed/);
    });
});

describe("which stack goes", () => {
    test("is said by -s, or is the default", () => {
        expect(stackToRemove([], {})).toEqual({ stack: "local", rest: [] });
        expect(stackToRemove(["--yes", "-s", "dev"], { PULUMI_STACK: "prod" })).toEqual({
            stack: "dev",
            rest: ["--yes"],
        });
    });

    test("is not said by PULUMI_STACK alone", () => {
        expect(() => stackToRemove(["--yes"], { PULUMI_STACK: "prod" })).toThrow(/down -s prod, or.*down -s local$/);
        expect(stackToRemove([], { PULUMI_STACK: "" }).stack).toBe("local");
        expect(stackToRemove([], { PULUMI_STACK: "local" }).stack).toBe("local");
    });
});
