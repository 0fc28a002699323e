import { hostTroubles } from "../../scripts/lib/hostTroubles";

const troubles = (look: string) => hostTroubles({ name: "host-2", user: "deploy" }, "prod", look);

it("a host with room, whose Docker answers, has none", () => {
    expect(troubles("disk 5242880 /var/lib/docker\ndisk 5242880 /\n")).toEqual([]);
});

it("a host that did not answer has none", () => expect(troubles("")).toEqual([]));

it("a disk with little room is named once, with what can go", () => {
    expect(troubles("disk 20480 /\ndisk 20480 /\n")).toEqual([
        "host-2: its disk has 20 MiB left at /. See what can go: ./scripts/prune -s prod --dry-run (docs/operations.md, The disk is full)",
    ]);
});

it.each([
    [
        "permission denied while trying to connect to the Docker daemon socket",
        "deploy may not use Docker (is it still in the group docker?)",
    ],
    ["Cannot connect to the Docker daemon", "Docker does not answer: Cannot connect to the Docker daemon"],
])("a Docker that says %j is named, with the repair", (error, what) => {
    expect(troubles(`disk 5242880 /\ndocker ${error}\n`)).toEqual([
        `host-2: ${what}. ./scripts/up -s prod --repair installs it again where something is missing`,
    ]);
});
