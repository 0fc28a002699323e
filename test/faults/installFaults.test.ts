import { type LabAnswer } from "../../scripts/lib/hostImage";
import { AptMirror, Signer } from "../hosts/aptMirror";
import { BareServer, type BareServerOptions } from "../hosts/bareServer";
import { startLab, stopLab } from "../hosts/lab";
import { KeyPair } from "../hosts/labServer";
import { type Result, expectSuccess } from "../hosts/project";

jest.setTimeout(10 * 60_000);

let internet: LabAnswer;
const client = new KeyPair();
const servers: BareServer[] = [];
const mirrors: AptMirror[] = [];

beforeAll(async () => {
    ({ internet } = await startLab());
});
afterAll(async () => {
    for (const mirror of mirrors) mirror.stop();
    for (const server of servers) await server.remove();
    client.remove();
    await stopLab();
});

async function launch(what: string, options: BareServerOptions = {}): Promise<BareServer> {
    const server = await BareServer.launch(what, client, options);
    servers.push(server);
    return server;
}

async function fresh(what: string, options: BareServerOptions = {}): Promise<BareServer> {
    const server = await launch(what, options);
    await server.booted();
    return server;
}

async function mirrored(): Promise<AptMirror> {
    const mirror = await AptMirror.start(internet);
    mirrors.push(mirror);
    return mirror;
}

/** All that an install leaves, and when its daemon was started. */
const traces = (server: BareServer) =>
    server.mustRun(
        "dpkg -l | md5sum; md5sum /etc/apt/sources.list.d/* /etc/apt/keyrings/* /etc/docker/daemon.json; " +
            "ls /etc/apt/sources.list.d; apt-mark showhold; systemctl show docker --property MainPID",
    );

/** The fault is gone: the next install ends well, and one more finds nothing to do. */
async function expectHealed(server: BareServer, install = () => server.install(internet)): Promise<void> {
    expectSuccess(await install());
    const before = await traces(server);
    expectSuccess(await install());
    expect(await traces(server)).toBe(before);
    expect(await server.mustRun("dpkg --audit")).toBe("");
}

/** What a person reads of a failed install: which phase, and what to do. */
function expectFailure(result: Result, phase: string, remedy: RegExp): void {
    expect(result).toMatchObject({ code: 1, all: expect.stringContaining(`berth: phase ${phase} failed: `) });
    const remedies = result.all.split("\n").filter((line) => line.startsWith("berth: what to do: "));
    expect(remedies).toEqual([expect.stringMatching(remedy)]);
}

const hasDocker = async (server: BareServer) => (await server.try("command -v dockerd")).code === 0;

/** cloud-init is at work until the test says so, and ends as the rest of its config makes it. */
const held = (more = "", config = {}) => ({
    ...config,
    runcmd: [["sh", "-c", `until [ -e /run/go ]; do sleep 0.1; done; ${more}`]],
});

async function whileCloudInitWorks(what: string, cloudConfig: object): Promise<Result> {
    const server = await launch(what, { cloudConfig });
    await server.waitFor("ss -Hltn sport = 22 | grep -q .");
    const install = server.install(internet);
    await server.waitFor("pgrep -f '^/usr/bin/python3 .*cloud-init status --wait'");
    expect(await hasDocker(server)).toBe(false);
    await server.mustRun("touch /run/go");
    const result = await install;
    expectSuccess(result);
    await expectHealed(server);
    return result;
}

test.concurrent("an install that meets cloud-init at work waits for its end", async () => {
    expect((await whileCloudInitWorks("init", held())).all).not.toMatch(/warning/);
});

test.concurrent("cloud-init that ends with 2 is a warning", async () => {
    const { all } = await whileCloudInitWorks("init-2", held("", { no_such_key: 1 }));
    expect(all).toContain("berth: warning: cloud-init ended with recoverable errors");
});

test.concurrent("cloud-init that ends with 1 is a warning", async () => {
    const { all } = await whileCloudInitWorks("init-1", held("exit 3"));
    expect(all).toMatch(/berth: warning: cloud-init failed with exit code 1 .*going on/);
});

/** Holds the locks of apt and dpkg as apt does, for so many seconds, and waits until it has them. */
async function lockApt(server: BareServer, seconds: string): Promise<void> {
    const files = "'/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock', '/var/lib/apt/lists/lock'";
    const program = `import fcntl, time
files = [open(name, 'w') for name in (${files})]
for file in files: fcntl.lockf(file, fcntl.LOCK_EX)
open('/run/locked', 'w').close()
time.sleep(${seconds})`;
    await server.mustRun(`systemd-run --quiet --unit=holder python3 -c "${program}"`);
    await server.waitFor("[ -e /run/locked ]");
}

test.concurrent("an apt that is locked for 40 s is waited for", async () => {
    const server = await fresh("lock-40");
    await lockApt(server, "40");
    await expectHealed(server);
});

test.concurrent(
    "an apt that stays locked ends with the name of who holds it, and the next install goes on",
    async () => {
        const server = await fresh("lock");
        await lockApt(server, "3600");
        const result = await server.install(internet, { wait: 4 });
        expectFailure(
            result,
            "repository",
            /apt is locked by process \d+ \(python3\), still after 4 s: let it end, or stop it/,
        );
        await server.mustRun("systemctl stop holder");
        await expectHealed(server);
    },
);

test.concurrent("a dpkg that is killed is repaired by the next install", async () => {
    const server = await fresh("dpkg");
    // One that is killed once, apt may make good by itself.
    const killer =
        "until ls -A /var/lib/dpkg/updates | grep -q .; do sleep 0.02; done; pkill -9 -f '^/usr/bin/dpkg .*--status-fd'";
    await server.mustRun(`systemd-run --quiet --unit=killer bash -c "while :; do ${killer}; sleep 0.05; done"`);
    expectFailure(await server.install(internet), "packages", /^berth: what to do: dpkg .*run it again/);
    await server.mustRun("systemctl stop killer");
    expect(await server.mustRun("dpkg --audit; ls /var/lib/dpkg/updates")).not.toBe("");
    await expectHealed(server);
});

test.concurrent(
    "a repository with another key, or signed by another, is refused before anything is installed",
    async () => {
        const server = await fresh("key");
        const mirror = await mirrored();
        const other = await Signer.make(server);
        const install = () => server.install(internet, { aptUrl: mirror.url });
        const fingerprint = internet.aptFingerprint;

        mirror.says({ "/gpg": { body: other.key } });
        const otherKey = await install();
        expectFailure(otherKey, "repository", /check it with its owner and pass --apt-fingerprint/);
        expect(otherKey.all).toContain(`got ${other.fingerprint}, expected ${fingerprint} and nothing else`);

        const release = await mirror.original("/dists/trixie/Release");
        mirror.says({ "/InRelease": { body: await other.sign(release) } });
        expectFailure(await install(), "repository", /not signed by the key at .*\/gpg: do not use it/);
        expect(await hasDocker(server)).toBe(false);

        mirror.says({});
        await expectHealed(server, install);
    },
);

test.concurrent("a tampered index is refused before anything is installed", async () => {
    const server = await fresh("index");
    const mirror = await mirrored();
    const install = () => server.install(internet, { aptUrl: mirror.url });
    const index = await mirror.original("/dists/trixie/stable/binary-amd64/Packages");
    mirror.says({ "/Packages": { body: index.replace(/^(SHA256: )[0-9a-f]/m, "$1g") } });
    expectFailure(await install(), "repository", /index .* is not the one that was signed/);
    mirror.says({ "/Packages": { body: `${index}\n` } });
    expectFailure(await install(), "packages", /index .* is not the one that was signed/);
    expect(await hasDocker(server)).toBe(false);
    mirror.says({});
    await expectHealed(server, install);
});

test.concurrent("an expired index is refused before anything is installed", async () => {
    const server = await fresh("expired");
    const mirror = await mirrored();
    const owner = await Signer.make(server);
    const install = () => server.install(internet, { aptUrl: mirror.url, fingerprint: owner.fingerprint });
    const release = await mirror.original("/dists/trixie/Release");
    const expired = release.replace(
        /^Date: .*$/m,
        "Date: Sat, 01 Jan 2022 00:00:00 UTC\nValid-Until: Sat, 08 Jan 2022 00:00:00 UTC",
    );
    mirror.says({ "/gpg": { body: owner.key }, "/InRelease": { body: await owner.sign(expired) } });
    expectFailure(await install(), "repository", /has expired: .*clock .*mirror/);
    expect(await hasDocker(server)).toBe(false);
    mirror.says({ "/gpg": { body: owner.key }, "/InRelease": { body: await owner.sign(release) } });
    await expectHealed(server, install);
});

/** An answer that is 503 for 20 s from the first time that it is asked for. */
function busyFor20s(): () => { status?: number } {
    let since: number | undefined;
    return () => (Date.now() - (since ??= Date.now()) < 20_000 ? { status: 503 } : {});
}

test.concurrent("a mirror that answers 503 for 20 s is asked again", async () => {
    const server = await fresh("busy");
    const mirror = await mirrored();
    mirror.says({ "/InRelease": busyFor20s(), ".deb": busyFor20s() });
    await expectHealed(server, () => server.install(internet, { aptUrl: mirror.url }));
    expect(mirror.asked.filter((path) => path.endsWith("/InRelease")).length).toBeGreaterThan(2);
});

test.concurrent("a host without DNS is told what it must reach, and the next install goes on", async () => {
    const server = await fresh("dns");
    const before = await server.mustRun("cat /etc/resolv.conf");
    await server.mustRun("echo nameserver 127.0.0.1 > /etc/resolv.conf");
    expectFailure(
        await server.install(internet),
        "repository",
        /no network: the host must reach http:\/\/berth-lab:8081/,
    );
    await server.mustRun(`echo '${before}' > /etc/resolv.conf`);
    await expectHealed(server);
});

test.concurrent(
    "a disk that is full while packages are fetched or unpacked is named, and the next install goes on",
    async () => {
        const disks = { "/var/cache/apt/archives": "2m", "/usr/libexec/docker": "20m" };
        const server = await fresh("disk", { disks });
        for (const folder of Object.keys(disks)) {
            expectFailure(await server.install(internet), "packages", /free some disk space \(df -h\)/);
            await server.mustRun(`mount -o remount,size=1g ${folder}`);
        }
        await expectHealed(server);
    },
);
