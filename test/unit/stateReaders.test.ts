import { readFacts, serverMistakes } from "../../components/host/runningServer";
import { recordOf, recordsOf } from "../../components/readings";
import { type ContainerOutputs, knownAddresses } from "../../components/services/addresses";
import { madeWith } from "../../components/services/readBack";
import { knownVolumes, volumeMistakes } from "../../components/services/volumes";
import { StackOutputs } from "../../components/stackOutputs";
import { childrenOf } from "../../scripts/lib/deadHosts";
import { expectedOn } from "../../scripts/lib/drift/expected";
import { hostsIn } from "../../scripts/lib/hosts";
import { identitiesOf } from "../../scripts/lib/identity";
import { describeOutcome } from "../../scripts/lib/outcome";
import { UserError } from "../../scripts/lib/progress";
import { generatedKey } from "../../scripts/lib/rotation/generatedKey";
import { type StackExport, readState, revealed, withoutResources } from "../../scripts/lib/state";
import { type Place, exportedState, withoutEachField } from "./anyState";

const VOLUME = "docker:index/volume:Volume";
const STATES = ["failed-start", "ec2"] as const;

/** Fields of resources of one type are of one kind, whichever resource has them; but the volume's are its own. */
function kindIn(state: unknown) {
    const resources = recordsOf(recordOf(recordOf(state).deployment).resources).map(({ type, urn }) =>
        /::volume-data$/.test(String(urn)) ? String(urn) : String(type),
    );
    return (place: Place) => {
        const [deployment, list, at, ...rest] = place;
        const whose = list === "resources" && at !== undefined ? resources[Number(at)] : at;
        return JSON.stringify([deployment, list, whose, ...rest.map((key) => (typeof key === "number" ? 0 : key))]);
    };
}

const resourceAt = (state: unknown, [, , at]: Place) =>
    recordsOf(recordOf(recordOf(state).deployment).resources)[Number(at)];

/** What the program learns of a state. */
function programReads(state: unknown) {
    const outputs = Object.fromEntries(
        recordsOf(recordOf(recordOf(state).deployment).resources).map((one) => [String(one.urn), one]),
    );
    const before = new StackOutputs({ outputs });
    const containers = before.ofType<ContainerOutputs>("docker:index/container:Container");
    const group = before.ofType("berth:index:ServiceGroup").get("services");
    return {
        addresses: knownAddresses(containers, ""),
        made: madeWith(containers),
        volumes: knownVolumes(group?.volumes, before.ofType(VOLUME)),
        servers: [...before.ofType("berth:index:Ec2Host")].map(([, { server }]) => readFacts(server)),
    };
}

function stateOrRefusal(state: unknown): StackExport | undefined {
    try {
        return readState(state);
    } catch (error) {
        if (error instanceof UserError) return undefined;
        throw error;
    }
}

/** What the scripts learn of a state; nothing where they refuse it. */
function scriptsRead(exported: StackExport | undefined) {
    if (!exported) return undefined;
    const resources = exported.deployment?.resources ?? [];
    const hosts = hostsIn(resources);
    const names = hosts.length > 0 ? hosts : [{ name: "host", user: "u", address: "a", port: 22, options: [] }];
    return {
        hosts,
        expected: names.map((host) => expectedOn(host, resources, "berth-shop")),
        unknownKey: generatedKey(exported, ""),
    };
}

describe.each(STATES)("the export %s", (name) => {
    const state = exportedState(name);

    test("is read as it is", () => {
        const { volumes } = programReads(state);
        expect(Object.keys(volumes)).toEqual(["data"]);
        expect(scriptsRead(readState(state))).toMatchObject({
            hosts: [{ name: "host", options: expect.arrayContaining(["StrictHostKeyChecking=yes"]) }],
            expected: [{ volumes: ["berth-shop_data"] }],
        });
    });

    test("is read by the program with any field missing, and its volume is never forgotten", () => {
        const forgotten: string[] = [];
        withoutEachField(
            state,
            (place, how) => {
                const { volumes, servers } = programReads(state);
                for (const server of servers) serverMistakes(server, undefined, true);
                const isTouched = place.length < 4 || ["urn", "type"].includes(String(place[3]));
                const [line = ""] = volumeMistakes(volumes, {});
                if (!isTouched && !line.startsWith("volumes.data: ")) forgotten.push(`${place.join(".")} ${how}`);
            },
            kindIn(state),
        );
        expect(forgotten).toEqual([]);
    });

    test("is read by the scripts with any field missing: no host without its pinned key, no name that is none", () => {
        const wrong: string[] = [];
        const whole = readState(state);
        // Only the resource with the missing field is another: the rest is read once.
        const readAgain = (place: Place) => {
            const raw = place.length > 3 ? resourceAt(state, place) : undefined;
            if (raw === undefined) return stateOrRefusal(state);
            const [resource] = readState({ deployment: { resources: [raw] } }).deployment?.resources ?? [];
            if (resource) revealed(withoutResources([resource], childrenOf([resource], [resource])));
            const resources = whole.deployment?.resources?.map((one, at) => (at === place[2] ? resource! : one));
            return { deployment: { resources } };
        };
        withoutEachField(
            state,
            (place, how) => {
                const read = scriptsRead(readAgain(place));
                if (!read) return;
                const [{ volumes, networks, containers, images } = NOTHING] = read.expected;
                const names = [
                    ...volumes,
                    ...networks.map((one) => one.name),
                    ...containers.map((one) => one.asked.name),
                ];
                const isWrong =
                    read.hosts.some(({ options }) => options.length === 0) ||
                    read.unknownKey !== undefined ||
                    [...names, ...images.map(({ reference }) => reference)].some((one) => NO_NAMES.includes(one)) ||
                    // A volume whose name cannot be read has it as its id.
                    (isOfVolume(state, place) && volumes.join() !== "berth-shop_data");
                if (isWrong) wrong.push(`${place.join(".")} ${how}`);
            },
            kindIn(state),
        );
        expect(wrong).toEqual([]);
    });
});

const NOTHING = { volumes: [], networks: [], containers: [], images: [] };
const NO_NAMES: unknown[] = ["", "undefined", "null", undefined, null];

const isOfVolume = (state: unknown, place: Place) =>
    ["inputs", "outputs"].includes(String(place[3])) && recordOf(resourceAt(state, place)).type === VOLUME;

test.each([[undefined], [null], ["text"], [[]], [{ deployment: [] }], [{ deployment: { resources: {} } }]])(
    "%j is refused in words: taken for an empty state, it could be written back",
    (state) => expect(() => readState(state)).toThrow(UserError),
);

test.each([
    [{}],
    [{ deployment: null }],
    [{ deployment: {} }],
    [{ deployment: { resources: null, pending_operations: null } }],
])("%j is a stack without resources", (state) => expect(readState(state).deployment?.resources ?? []).toEqual([]));

test("what is read of a state is what was written, but for null", () => {
    const resource = { urn: "u", type: "t", created: "2026", inputs: { a: null }, outputs: null, parent: null };
    const state = { version: 3, deployment: { manifest: { time: "t" }, resources: [resource] } };
    expect(readState(state)).toEqual({
        version: 3,
        deployment: {
            manifest: { time: "t" },
            resources: [{ urn: "u", type: "t", created: "2026", inputs: { a: null } }],
        },
    });
    for (const name of STATES) expect(readState(exportedState(name))).toEqual(exportedState(name));
});

test("a stack's outputs are read with any field missing", () => {
    const host = {
        url: "http://203.0.113.9",
        exposure: [{ port: 53, to: 54, protocol: "udp", from: ["10.0.0.0/8"], why: "dns publishes it" }],
        containers: {
            web: { containers: ["s-web"], image: "nginx:1.30", ports: ["80:80"], update: "x", run: "docker run" },
        },
        identity: { file: "${HOME}/.berth/ssh/1", privateKey: "k" },
    };
    for (const outputs of [host, { hosts: [host, host] }]) {
        withoutEachField(
            outputs,
            () => {
                expect(describeOutcome(outputs, "dev")).not.toMatch(/undefined|null|\[object/);
                for (const { file, privateKey } of identitiesOf(JSON.stringify(outputs))) {
                    expect([file, privateKey]).toEqual(["${HOME}/.berth/ssh/1", "k"]);
                }
            },
            (place) => JSON.stringify(place),
        );
    }
    for (const nothing of [undefined, null, [], "text"]) expect(describeOutcome(nothing, "dev")).toMatch(/^\nMore/);
});
