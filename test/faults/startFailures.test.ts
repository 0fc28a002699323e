import { type Result, Stack, errorOf, expectSuccess, freePort, get } from "../hosts/project";

jest.setTimeout(20 * 60_000);

let port: number;
let stack: Stack;

const GOOD = ["nginx", "-g", "daemon off;"];
const TYPO = ["nginxx", "-g", "daemon off;"];

beforeAll(async () => {
    port = await freePort();
    stack = new Stack({ "berth:host": { kind: "local" }, "berth:services": { app: app(GOOD) } }, "start-failures");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

function app(command: string[]) {
    return { image: "nginx:1.30", command, ports: [`${port}:80`], volumes: ["data:/data"] };
}

function setApp(service: Record<string, unknown>): void {
    stack.edit((config) => {
        config["berth:services"] = { app: service };
        config["berth:volumes"] = { data: {} };
    });
}

/** What is said where a container cannot start: Docker's reason, and no fault of Berth's. */
function refusalOf(result: Result): string {
    const text = errorOf(result);
    expect(text).not.toMatch(/fault in Berth|TypeError|\n\s+at /);
    return text;
}

const serves = async () => expect((await get(`http://127.0.0.1:${port}`))?.status).toBe(200);

test("a typo in the first command of all fails with Docker's words, and the same again", async () => {
    setApp(app(TYPO));
    expect(refusalOf(await stack.up())).toContain("nginxx");
    expectSuccess(await stack.pulumi("preview"));
    expect(refusalOf(await stack.up())).toContain("nginxx");
});

test("a volume that the failed update has made is protected all the same", async () => {
    stack.edit((config) => {
        config["berth:services"] = { app: { ...app(GOOD), volumes: [] } };
        delete config["berth:volumes"];
    });
    expect(refusalOf(await stack.pulumi("preview"))).toContain("volumes.data: the volume");
});

test("after a look at what there is, the typo still fails at once, and the fixed command goes on", async () => {
    setApp(app(TYPO));
    expect(refusalOf(await stack.up("--refresh"))).toContain("nginxx");
    setApp(app(GOOD));
    expectSuccess(await stack.pulumi("preview", "--refresh"));
    expectSuccess(await stack.up());
    await serves();
    await stack.expectUnchanged();
});

test.each([["--refresh"], ["--repair"]])("a fixed command goes on with up %s, too", async (option) => {
    setApp(app(TYPO));
    expect(refusalOf(await stack.up())).toContain("nginxx");
    setApp(app(GOOD));
    expectSuccess(await stack.up(option));
    await serves();
});

test.each([[[]], [["--refresh"]], [["--repair"]]])(
    "a port that another container of the host holds fails each update with the port, and once it is free `up` goes on: %j",
    async (options) => {
        const taken = await freePort();
        const foreign = `docker run --detach --name foreign --publish ${taken}:80 nginx:1.30`;
        expectSuccess(await stack.ssh(foreign));
        setApp({ ...app(GOOD), ports: [`${taken}:80`] });
        expect(refusalOf(await stack.up())).toContain(String(taken));
        expect(refusalOf(await stack.up(...options))).toContain(String(taken));
        expectSuccess(await stack.pulumi("preview"));
        expectSuccess(await stack.ssh("docker rm --force foreign"));
        expectSuccess(await stack.up());
        port = taken;
        await serves();
    },
);

test("a repair takes a changed build along", async () => {
    const build = (text: string) => ({
        context: "./test/fixtures/compose/shop/web",
        dockerfile_inline: `FROM nginx:1.30\nLABEL version=${text}\n`,
    });
    setApp({ build: build("1"), ports: [`${port}:80`], volumes: ["data:/data"] });
    expectSuccess(await stack.up());
    setApp({ build: build("2"), ports: [`${port}:80`], volumes: ["data:/data"] });
    expectSuccess(await stack.up("--repair"));
    await serves();
});
