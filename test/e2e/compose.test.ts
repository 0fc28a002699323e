import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { forwardRegistry, privateLogin, pushBuilt } from "../hosts/labRegistry";
import { Stack, docker, expectSuccess, freePort, root, until } from "../hosts/project";

jest.setTimeout(20 * 60_000);

type Service = Record<string, unknown>;
interface ComposeFile {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
    secrets?: Record<string, unknown>;
    networks?: Record<string, unknown>;
}
const PASSWORD = "hunter2-of-the-stack";
const busybox = { image: "busybox:1.37", init: true, command: "sleep infinity" };

let folder: string;
let port: number;
let stack: Stack;

beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-compose-"));
    fs.cpSync(path.join(root, "examples/compose"), folder, { recursive: true });
    port = await freePort();
    edit(({ services }) => (services.web!.ports = [`${port}:80`]));
    stack = new Stack(
        {
            "berth:host": { kind: "local" },
            "berth:composeFile": path.relative(root, path.join(folder, "compose.yaml")),
        },
        "compose",
    );
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
    fs.rmSync(folder, { recursive: true });
});

function edit(change: (file: ComposeFile) => void): void {
    const file = path.join(folder, "compose.yaml");
    const compose = parse(fs.readFileSync(file, "utf8")) as ComposeFile;
    change(compose);
    fs.writeFileSync(file, stringify(compose));
}
const write = (file: string, text: string) => {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
};
/** Runs a command on the host and gives what it prints. */
const onHost = async (...words: string[]) => (await docker("exec", stack.prefix, ...words)).trim();
/** Id of the one container of a service. */
const idOf = (service: string) =>
    onHost("docker", "ps", "-aq", "--no-trunc", "--filter", `label=berth.service=${service}`);
const ids = async (...services: string[]) => Promise.all(services.map(idOf));
/** The number of a visit; the health gate's own count too. undefined where it does not answer with one. */
async function visit(): Promise<number | undefined> {
    const response = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: "close" } });
    const [, number] = /^Visit (\d+)\n$/.exec(await response.text()) ?? [];
    return number === undefined ? undefined : Number(number);
}

test("the example comes up in its order, and nginx serves what stands behind it", async () => {
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    expect(all).not.toMatch(/warning:/);
    const first = await visit();
    expect(await visit()).toBe((first ?? NaN) + 1);
    const time = (service: string, field: string) => async () =>
        onHost("docker", "inspect", "--format", `{{.State.${field}}}`, await idOf(service));
    const [ended, started] = [await time("prepare", "FinishedAt")(), await time("counter", "StartedAt")()];
    expect(Date.parse(ended)).toBeLessThan(Date.parse(started));
});

test("nothing changes at a second up, nor after a refresh", () => stack.expectUnchanged());

test("the outputs say how each service is exchanged, and the docker run line that it equals", async () => {
    const { containers } = await stack.outputs();
    expect(containers.web).toMatchObject({
        containers: [`${stack.prefix}-web`],
        update: `stop-first: it has port ${port}`,
        run: expect.stringMatching(/^docker run --detach --name=\S+ .*--publish=\d+:80 .*nginx:1\.30$/),
    });
});

test("a changed file makes one container anew, and only that one", async () => {
    const visits = await visit();
    const before = await ids("web", "counter", "prepare");
    write("nginx/default.conf", fs.readFileSync(path.join(folder, "nginx/default.conf"), "utf8") + "# more\n");
    expectSuccess(await stack.up());
    const [web, ...others] = await ids("web", "counter", "prepare");
    expect(web).not.toBe(before[0]);
    expect(others).toEqual(before.slice(1));
    expect(await visit()).toBeGreaterThan(visits ?? NaN);
});

test("secrets reach containers, and nothing else", async () => {
    expectSuccess(await stack.pulumi("config", "set", "--secret", "--path", "berth:secrets.PW", PASSWORD));
    write("token.txt", "token-in-a-file");
    edit((file) => {
        file.services.safe = {
            ...busybox,
            restart: "unless-stopped",
            environment: { OPEN: "yes", PASSWORD: "${PW}" },
            secrets: ["PW", "token"],
        };
        file.secrets = { token: { file: "token.txt" } };
    });
    const { code, all } = await stack.up();
    expect({ code, all }).toMatchObject({ code: 0 });
    const inside = await onHost(
        "docker",
        "exec",
        await idOf("safe"),
        "sh",
        "-c",
        "echo $OPEN $PASSWORD; cat /run/secrets/PW; echo; cat /run/secrets/token",
    );
    expect(inside).toBe(`yes ${PASSWORD}\n${PASSWORD}\ntoken-in-a-file`);
    const state = await stack.pulumi("stack", "export");
    const diff = await stack.pulumi("preview", "--diff");
    for (const text of [all, state.stdout, diff.all]) {
        for (const secret of [PASSWORD, "token-in-a-file"]) {
            expect(text).not.toContain(secret);
            expect(text).not.toContain(Buffer.from(secret).toString("base64"));
        }
    }
    expect(state.stdout).toContain("OPEN=yes");
});

test("an image is built on the host from the folder, and again only when that changes", async () => {
    write("app/Dockerfile", "FROM busybox:1.37\nCOPY . /app\nCMD sleep infinity\n");
    write("app/.dockerignore", "*.log\n");
    write("app/version", "one");
    write("app/big.log", "x");
    edit(({ services }) => (services.built = { build: "./app", init: true }));
    expectSuccess(await stack.up());
    const inside = async () => onHost("docker", "exec", await idOf("built"), "sh", "-c", "cat /app/version; ls /app");
    expect(await inside()).toBe("oneDockerfile\nversion");
    write("app/big.log", "y");
    await stack.expectSettled();
    write("app/version", "two");
    expectSuccess(await stack.up());
    expect(await inside()).toMatch(/^two/);
});

test("a private registry lets in by the stack's credentials, and a moved tag is seen where pull_policy says always", async () => {
    const registry = await forwardRegistry(stack, "private");
    const { username, password } = await privateLogin();
    const publish = (version: number) =>
        pushBuilt(`FROM busybox:1.37\nENV VERSION=${version}\n`, "private/moving:1", "private");
    await publish(1);
    stack.edit((config) => (config["berth:registries"] = { [registry]: { username } }));
    const key = `berth:registries["${registry}"].password`;
    expectSuccess(await stack.pulumi("config", "set", "--secret", "--path", key, password));
    edit(({ services }) => {
        services.moving = { ...busybox, image: `${registry}/private/moving:1`, pull_policy: "always" };
    });
    expectSuccess(await stack.up());
    const version = async () => onHost("docker", "exec", await idOf("moving"), "sh", "-c", "echo $VERSION");
    expect(await version()).toBe("1");
    await stack.expectSettled();
    await publish(2);
    expectSuccess(await stack.up());
    expect(await version()).toBe("2");
    edit(({ services }) => delete services.moving); // the way to the registry ends with a reboot
    expectSuccess(await stack.up());
});

test("a version that fails says why, each time, while the old one runs on, and the next good one heals", async () => {
    const deploy = { update_config: { order: "start-first" } };
    const app = { ...busybox, environment: { VERSION: "1" }, deploy };
    edit(({ services }) => (services.app = app));
    expectSuccess(await stack.up());
    const before = await idOf("app");
    edit(({ services }) => (services.app = { ...app, command: ["sh", "-c", "echo I cannot; exit 3"] }));
    for (let attempt = 0; attempt < 2; attempt++) {
        const { code, all } = await stack.up();
        expect(code).not.toBe(0);
        expect(all).toMatch(/it exited with 3[^]*out of memory: false[^]*I cannot/);
        expect((await idOf("app")).split("\n")).toContain(before);
        expect(await onHost("docker", "inspect", "--format", "{{.State.Status}}", before)).toBe("running");
    }
    edit(({ services }) => (services.app = { ...app, environment: { VERSION: "2" } }));
    expectSuccess(await stack.up());
    expect((await idOf("app")).split("\n")).toEqual([expect.not.stringMatching(before)]);
    await stack.expectSettled();
});

test("a changed network is made anew with the containers in it, and with no others", async () => {
    const before = await ids("app", "web");
    edit((file) => {
        Object.assign(file.services.app!, { networks: ["own"] });
        file.networks = { own: { ipam: { config: [{ subnet: "10.77.1.0/24" }] } } };
    });
    expectSuccess(await stack.up());
    edit((file) => (file.networks = { own: { ipam: { config: [{ subnet: "10.77.2.0/24" }] } } }));
    expectSuccess(await stack.up());
    const address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    expect(await onHost("docker", "inspect", "--format", address, await idOf("app"))).toMatch(/^10\.77\.2\./);
    expect(await idOf("web")).toBe(before[1]);
});

test("a volume with data does not leave by accident, and a service takes its anonymous volumes along", async () => {
    edit(({ services }) => (services.app = { ...busybox, volumes: ["/cache"] }));
    expectSuccess(await stack.up());
    const mounts = '{{range .Mounts}}{{if eq .Destination "/cache"}}{{.Name}}{{end}}{{end}}';
    const anonymous = await onHost("docker", "inspect", "--format", mounts, await idOf("app"));
    const volumes = async () => (await onHost("docker", "volume", "ls", "-q")).split("\n");
    expect(await volumes()).toContain(anonymous);

    const whole = fs.readFileSync(path.join(folder, "compose.yaml"), "utf8");
    edit(({ services, volumes: named }) => {
        for (const name of Object.keys(services)) if (name !== "safe") delete services[name];
        delete named.visits;
    });
    const refused = await stack.pulumi("preview");
    expect(refused.code).not.toBe(0);
    expect(refused.all).toMatch(/volumes\.visits: .* holds data .*protectVolumes false/);
    fs.writeFileSync(path.join(folder, "compose.yaml"), whole);

    edit(({ services }) => {
        delete services.app;
        delete services.built;
    });
    expectSuccess(await stack.up());
    expect(await volumes()).not.toContain(anonymous);
    expect(await volumes()).toContain(`${stack.prefix}_visits`);
});

test("a reboot of the host brings the services back in their order, with their data", async () => {
    const visits = await visit();
    await docker("restart", stack.prefix);
    const status = async (service: string) => {
        const format = "{{.State.StartedAt}} {{if .State.Health}}{{.State.Health.Status}}{{end}}";
        return (await onHost("docker", "inspect", "--format", format, `${stack.prefix}-${service}`)).split(" ");
    };
    const unit = `berth-start-order-${stack.prefix}.service`;
    await until("the order at boot is done", async () => {
        const shown = await docker("exec", stack.prefix, "systemctl", "show", unit).catch(String);
        // It is inactive before it has run, too.
        return /^ActiveState=inactive$/m.test(shown) && /^ExecMainExitTimestampMonotonic=[1-9]/m.test(shown);
    });
    const [counterAt = "", health] = await status("counter");
    const [webAt = ""] = await status("web");
    expect(health).toBe("healthy");
    expect(Date.parse(webAt)).toBeGreaterThan(Date.parse(counterAt));
    await until("the host answers again", async () => (await visit().catch(() => undefined)) !== undefined);
    expect(await visit()).toBeGreaterThan(visits ?? NaN);
    await stack.expectSettled();
});

test("every mistake in the file is said at once, with its line, before anything is touched", async () => {
    edit(({ services }) => {
        Object.assign(services.web!, { pids_limit: 5, portz: [], depends_on: ["nobody"], mem_limit: "much" });
    });
    const { code, all } = await stack.pulumi("preview");
    expect(code).not.toBe(0);
    for (const [key, why] of [
        ["pids_limit", "the docker provider"],
        ["portz", "did you mean ports"],
        ["depends_on", "there is no service nobody"],
        ["mem_limit", "write a size"],
    ] as const) {
        expect(all).toMatch(new RegExp(`compose\\.yaml:\\d+:\\d+: services\\.web\\.${key}.*${why}`, "i"));
    }
    expect(all).not.toMatch(/docker:index/);
});
