import { execFileSync, spawnSync } from "node:child_process";
import type { LabAnswer } from "../../scripts/lib/hostImage";
import { startLab, stopLab } from "../hosts/lab";
import { digestOf, pushBuilt, pushTag, registryAddress, removeTag } from "../hosts/labRegistry";
import { until } from "../hosts/project";

const minute = 60_000;
jest.setTimeout(5 * minute);

const docker = (...args: string[]): string => execFileSync("docker", args, { encoding: "utf8", stdio: "pipe" }).trim();
const dockerSucceeds = (...args: string[]): boolean => spawnSync("docker", args, { stdio: "ignore" }).status === 0;
/** What a host in the lab's network gets from this URL. */
const fetchInLab = (url: string): string => docker("exec", "berth-lab", "curl", "-fsS", "--max-time", "20", url);

let lab: LabAnswer;
beforeAll(async () => {
    lab = (await startLab()).internet;
}, 20 * minute);
afterAll(stopLab, minute);

describe("lab: the small images", () => {
    const runOnce = async (image: string, ...command: string[]): Promise<string> => {
        const name = `${await registryAddress("open")}/library/${image}`;
        try {
            return docker("run", "--rm", "--label", "berth.lab=1", name, ...command);
        } finally {
            dockerSucceeds("rmi", name);
        }
    };

    test("busybox and redis have the official images' tags, and say that they are stand-ins", async () => {
        const expected = { busybox: ["1", "1.37", "latest"], redis: ["8", "8.0", "latest"] };
        for (const [name, wanted] of Object.entries(expected)) {
            const url = `${lab.registryMirror}/v2/library/${name}/tags/list`;
            expect((JSON.parse(fetchInLab(url)) as { tags: string[] }).tags).toEqual(expect.arrayContaining(wanted));
            const image = `${await registryAddress("open")}/library/${name}`;
            docker("pull", "--quiet", image);
            expect(docker("inspect", "--format", "{{ json .Config.Labels }}", image)).toMatch("stand-in");
            dockerSucceeds("rmi", image);
        }
    });

    test("busybox finds its applets", async () => {
        expect(await runOnce("busybox:1.37", "sh", "-c", "id -un && echo hello | wc -c")).toBe("root\n6");
    });

    test("redis serves other containers, not as root", async () => {
        const image = `${await registryAddress("open")}/library/redis:8`;
        const name = `berth-lab-test-redis-${String(process.pid)}`;
        const cli = (...words: string[]) =>
            docker("run", "--rm", "--label", "berth.lab=1", "--network", lab.network, image, "redis-cli", ...words);
        try {
            docker("run", "-d", "--name", name, "--label", "berth.lab=1", "--network", lab.network, image);
            await until("redis answers", () => dockerSucceeds("exec", name, "redis-cli", "ping"));
            expect(cli("-h", name, "set", "key", "value")).toBe("OK");
            expect(docker("exec", name, "stat", "--format", "%U", "/proc/1")).toBe("redis");
            expect(docker("run", "--rm", "--label", "berth.lab=1", image, "--version")).toMatch(/^Redis server v=8/);
        } finally {
            dockerSucceeds("rm", "-f", "-v", name);
            dockerSucceeds("rmi", image);
        }
    });
});

test("lab: a tag that is pushed again is another image", async () => {
    const tag = `moving-${String(process.pid)}:1`;
    const first = await pushTag("busybox:1.37", tag);
    expect(first).toBe(await digestOf("busybox:1.37"));
    const second = await pushBuilt("FROM busybox:1.37\nLABEL version=2", tag);
    expect(second).not.toBe(first);
    expect(await digestOf(tag)).toBe(second);
    await removeTag(tag);
    await expect(digestOf(tag)).rejects.toThrow(/404/);
    expect(await digestOf("busybox:1.37")).toBe(first);
    dockerSucceeds("rmi", `${await registryAddress("open")}/library/busybox:1.37`);
});
