import * as fs from "node:fs";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import { BareServer } from "../hosts/bareServer";
import { startLab, stopLab } from "../hosts/lab";
import { KeyPair } from "../hosts/labServer";
import { Stack, errorOf, get } from "../hosts/project";

jest.setTimeout(10 * 60_000);

type Services = Record<string, Record<string, unknown>>;
/** Where the host has images, and where it has what Berth keeps there: each can be filled. */
const IMAGES = "/var/lib/docker";
const BERTH = "/var/lib/docker/berth";

let internet: LabAnswer;
let server: BareServer;
let stack: Stack;
let port = 8080;
const client = new KeyPair();

const edit = (change: (services: Services) => void) =>
    stack.edit((config) => change(config["berth:services"] as Services));
const setWeb = (values: object) => edit(({ web }) => Object.assign(web!, values));
const served = async () => (await get(`http://${server.address}:${port}`))?.server;
const [older = "", newest = ""] = ["1.26", "1.30"];

beforeAll(async () => {
    ({ internet } = await startLab());
    const admin = { name: "admin", shell: "/bin/bash", sudo: "ALL=(ALL) NOPASSWD:ALL" };
    server = await BareServer.launch("engine", client, {
        cloudConfig: { users: [{ ...admin, ssh_authorized_keys: [client.public] }] },
        disks: { [IMAGES]: "700m", [BERTH]: "4m" },
    });
    await server.booted();
    const config = server.stackConfig(internet, {}, { user: "admin" });
    stack = new Stack(config, "engine-faults");
    setWeb({ image: `nginx:${newest}` });
    await stack.mustUp();
    quiet = fs.readFileSync(stack.file, "utf8");
    isQuiet = true;
});
afterAll(async () => {
    await (stack as Stack | undefined)?.discard();
    await (server as BareServer | undefined)?.remove();
    client.remove();
    await stopLab();
});

/** The stack's file when all was well, and whether all still is. */
let quiet = "";
let isQuiet = true;
beforeEach(async () => {
    if (!isQuiet) {
        fs.writeFileSync(stack.file, quiet); // a test that failed leaves the others what they expect
        await stack.mustUp();
    }
    isQuiet = false;
});

/** However a fault ended: what there was still serves, and the next run has nothing to do. */
async function expectQuiet(): Promise<void> {
    expect(await served()).toMatch(/^nginx/);
    await stack.mustUp("--expect-no-changes");
    quiet = fs.readFileSync(stack.file, "utf8");
    isQuiet = true;
}

/** Runs while a folder's disk is full. */
async function whileFull<T>(folder: string, work: () => Promise<T>): Promise<T> {
    await server.mustRun(`dd if=/dev/zero of=${folder}/filler bs=64k 2>/dev/null || true; sync`);
    try {
        return await work();
    } finally {
        await server.mustRun(`rm ${folder}/filler`);
    }
}

test("a disk that is full while an image is pulled leaves the old container running", async () => {
    setWeb({ image: `nginx:${older}` });
    const error = errorOf(await whileFull(IMAGES, () => stack.up()));
    expect(error).toContain("unable to find or pull image");
    expect(error).toMatch(
        /host: its disk has \d+ MiB left at \/var\/lib\/docker\. See what can go: \.\/scripts\/prune/,
    );
    expect(await served()).toContain(newest);
    await stack.mustUp();
    expect(await served()).toContain(older);
    await expectQuiet();
});

test("a disk that is full while an image is built leaves the old container running", async () => {
    const dockerfile_inline = `FROM nginx:${older}\nRUN head -c 20000000 /dev/urandom > /big\n`;
    const before = await served();
    edit((services) => {
        delete services.web!.image;
        services.web!.build = { context: "./docs/images", dockerfile_inline };
    });
    const error = errorOf(await whileFull(IMAGES, () => stack.up()));
    expect(error).toMatch(/no space left on device/i);
    expect(await served()).toBe(before);
    await stack.mustUp();
    await expectQuiet();
});

test("a disk that is full while a release is recorded loses none", async () => {
    const ledger = () => server.mustRun(`cat ${BERTH}/*/releases.jsonl`);
    const before = await ledger();
    expect(before.split("\n").length).toBeGreaterThan(1);
    const next = { image: `nginx:${newest}`, ports: ["8080:80"], environment: { RELEASE: "next" } };
    edit((services) => (services.web = next));
    const error = errorOf(await whileFull(BERTH, () => stack.up()));
    expect(error).toMatch(/no space left on device/i);
    expect(await ledger()).toBe(before);
    await stack.mustUp();
    expect((await ledger()).split("\n").slice(0, -1).join("\n")).toBe(before);
    await expectQuiet();
});

test("a Docker that somebody purged is back after --repair, with the containers", async () => {
    const packages = "docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin";
    await server.mustRun(`DEBIAN_FRONTEND=noninteractive apt-get purge -y -q ${packages}`);
    expect((await server.try("command -v docker")).code).not.toBe(0);
    await stack.mustUp("--repair");
    await expectQuiet();
    expect(await stack.drift()).toEqual([]);
});

test("a login that left the group docker is put back by --repair", async () => {
    await server.mustRun("gpasswd -d admin docker");
    setWeb({ environment: { RELEASE: "later" } });
    expect(errorOf(await stack.up())).toMatch(/host: admin may not use Docker .*\.\/scripts\/up -s \S+ --repair/);
    await stack.mustUp("--repair");
    await expectQuiet();
    expect(await stack.drift()).toEqual([]);
});

test("a broken daemon.json is named with its line and left alone, and --repair goes on when it is fixed", async () => {
    const file = "/etc/docker/daemon.json";
    const before = await server.mustRun(`cat ${file}`);
    await server.mustRun(`echo '{ "live-restore": true,,' > ${file}`);
    const error = errorOf(await stack.up("--repair"));
    expect(error).toMatch(/daemon\.json is not valid JSON: .*line 1 column \d+.*the file was left as it is/);
    expect(error).toMatch(/what to do: .*python3 -m json\.tool \/etc\/docker\/daemon\.json/);
    expect(await server.mustRun(`cat ${file}`)).toBe('{ "live-restore": true,,');
    await server.mustRun(`cat > ${file} <<'END'\n${before}\nEND`);
    await stack.mustUp("--repair");
    await expectQuiet();
});

test("a container, an image and a network that somebody removed are restored by --repair", async () => {
    await server.mustRun(
        `docker rm -f ${stack.prefix}-web && docker rmi -f $(docker images -q nginx) && docker network rm $(docker network ls -q --filter label=berth.stack=${stack.name})`,
    );
    await stack.mustUp("--repair");
    await expectQuiet();
    expect(await stack.drift()).toEqual([]);
});

test("a port that a program of the host has is refused with its name, and had when it is free", async () => {
    await server.mustRun("systemd-run --quiet --unit=shop python3 -m http.server 8090");
    await server.waitFor("ss -Hltn sport = 8090 | grep .");
    const before = await served();
    setWeb({ ports: ["8090:80"] });
    expect(errorOf(await stack.up())).toMatch(/port 8090 of the server is taken by python3 \(pid \d+\)/);
    expect(await served()).toBe(before);
    await server.mustRun("systemctl stop shop");
    await stack.mustUp();
    port = 8090;
    await expectQuiet();
});

test("a dockerd that is killed is started again, and the containers have run on", async () => {
    const started = () => server.mustRun(`docker inspect --format '{{.State.StartedAt}}' ${stack.prefix}-web`);
    const before = await started();
    const pid = await server.mustRun("pidof dockerd");
    await server.mustRun(`kill -9 ${pid}`);
    await server.waitFor(`[ "$(pidof dockerd)" != ${pid} ] && docker version`);
    await expectQuiet();
    expect(await started()).toBe(before);
});

test("a container that is killed for its memory fails the update with that reason", async () => {
    const eater = { image: "busybox:1.37", command: ["sh", "-c", "tail /dev/zero"], mem_limit: "32m", restart: "no" };
    edit((services) => (services.eater = eater));
    for (let attempt = 0; attempt < 2; attempt++) {
        const error = errorOf(await stack.up());
        expect(error).toMatch(/it exited with 137/);
        expect(error).toMatch(/killed: +by SIGKILL, as is what wants more memory than it may have \(33554432 bytes\)/);
    }
    edit((services) => delete services.eater);
    await stack.mustUp();
    await expectQuiet();
});
