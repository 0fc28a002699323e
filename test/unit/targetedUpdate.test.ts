import { DockerEngine } from "../../components/engine";
import { ExistingHost } from "../../components/host/existingHost";
import { type FileMount, ServiceGroup } from "../../components/services";
import { labels, localEngine } from "./engine";
import { privateKey, publicKey } from "./keys";
import { names, settle, untargeted } from "./mocks";
import { build, project } from "./services";

jest.setTimeout(60_000);

/** What an update with `--target` leaves out has no outputs, and is read all the same: `up --repair` begins with one. */
const LEFT_OUT = ["command:local:Command", "command:remote:Command", "docker:index/remoteImage:RemoteImage"];

const failures: unknown[] = [];
const note = (error: unknown) => failures.push(error);
beforeAll(() => process.on("unhandledRejection", note));
afterAll(() => process.off("unhandledRejection", note));

test.each([
    ["an embedded host", () => localEngine()],
    [
        "a server that was there before",
        () => {
            const host = new ExistingHost("server", {
                ...{ address: "203.0.113.9", port: 22, user: "root", hostKey: publicKey },
                ...{ clientKey: { privateKey }, ports: [], labels, removeOnDestroy: false },
            });
            return new DockerEngine("server/engine", { host, labels, users: [] });
        },
    ],
])("on %s, a build, a secret and an image that are not made are no fault", async (_, engineOf) => {
    for (const type of LEFT_OUT) untargeted.add(type);
    const engine = engineOf();
    const scope = engine.host.dedicated ? "" : "server/";
    const secret: FileMount = {
        ...{
            section: "secrets",
            source: "token",
            target: "/run/secrets/token",
            secret: true,
            content: Buffer.from("x"),
        },
        ...{ uid: 0, gid: 0, mode: 0o444 },
    };
    const services = {
        web: { image: undefined, build: build({ context: { remote: "https://example.com/a.git" } }) },
        app: { pull_policy: "never" as const },
        job: { files: [secret] },
    };
    new ServiceGroup(`${scope}services`, {
        ...{ engine, scope, labels, prefix: "berth-test", protectVolumes: true },
        project: project(services),
    });
    await settle();
    expect(failures).toEqual([]);
    expect(names()).toEqual(expect.arrayContaining([`${scope}app`, `${scope}web`, `${scope}job`]));
});
