import { dropDeadHosts } from "../../scripts/lib/deadHosts";
import { recordOf, recordsOf } from "../../components/readings";
import type { Pulumi } from "../../scripts/lib/pulumiCli";
import { readState } from "../../scripts/lib/state";
import { exportedState } from "./anyState";

// No host answers, and the local engine says nothing that can be understood.
jest.mock("../../scripts/lib/commands", () => ({
    execute: () => Promise.resolve({ exitCode: 255, stdout: "", all: "connection refused" }),
}));

const before = () => readState(exportedState("ec2")).deployment?.resources ?? [];
const INSTANCE = "aws:ec2/instance:Instance";

/** A Pulumi that refreshes nothing, and whose state is what `after` makes of the one before. */
function pulumi(after: (state: unknown) => unknown) {
    const asked: string[][] = [];
    const output = (args: string[]) => {
        asked.push(args);
        return Promise.resolve(args[0] === "stack" ? JSON.stringify(after(exportedState("ec2"))) : "");
    };
    return { asked, cli: { output } as unknown as Pulumi };
}

const resourcesOf = (state: unknown) => recordsOf(recordOf(recordOf(state).deployment).resources);

test.each<[string, (state: unknown) => unknown]>([
    ["is as it was", (state) => state],
    ["has no resources", () => ({ deployment: { resources: null } })],
    ["has no deployment", () => ({ deployment: null })],
    [
        "knows nothing of the instance but that it is there",
        (state) => {
            const resources = resourcesOf(state).map((one) =>
                one.type === INSTANCE ? { urn: one.urn, type: one.type, id: null, outputs: null, inputs: null } : one,
            );
            return { deployment: { resources } };
        },
    ],
])("a silent host is not gone where the state that is asked for %s", async (_, after) => {
    const { cli, asked } = pulumi(after);
    const { resources } = await dropDeadHosts(cli, "shop", before());
    expect(resources.map(({ urn }) => urn)).toEqual(before().map(({ urn }) => urn));
    expect(asked.some(([, word]) => word === "import")).toBe(false);
});

test("a host that AWS does not know any more leaves the state with what was on it", async () => {
    const { cli, asked } = pulumi((state) => ({
        deployment: { resources: resourcesOf(state).filter(({ type }) => type !== INSTANCE) },
    }));
    const { resources } = await dropDeadHosts(cli, "shop", before());
    expect(resources.some(({ type }) => type === "docker:index/container:Container")).toBe(false);
    expect(asked.some(([, word]) => word === "import")).toBe(true);
});

test("only what is asked for is refreshed, also where nothing is known of the host's provider", async () => {
    const { cli, asked } = pulumi((state) => state);
    const unknown = before().map((one) => ({ ...one, provider: one.type === INSTANCE ? undefined : one.provider }));
    await dropDeadHosts(cli, "shop", unknown);
    const refresh = asked.find(([word]) => word === "refresh") ?? [];
    expect(refresh.filter((word) => word === "--target")).toHaveLength(1);
});
