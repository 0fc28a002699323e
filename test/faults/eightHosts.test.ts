import { DevStack } from "../hosts/devStack";
import { expectSuccess, get } from "../hosts/project";

jest.setTimeout(20 * 60_000);

const COUNT = 8;

let stack: DevStack;
beforeAll(() => {
    stack = new DevStack("eight");
});
afterAll(async () => {
    await stack.down();
    await stack.forget();
});

test("eight hosts come up in one run, and a second one finds nothing to change", async () => {
    stack.setHost({ count: COUNT });
    await stack.upInLab();
    const { hosts } = (await stack.outputs()) as unknown as { hosts: { url: string }[] };
    expect(new Set(hosts.map(({ url }) => url)).size).toBe(COUNT);
    for (const { url } of hosts) expect((await get(url))?.status).toBe(200);
    expect(await stack.ec2.instances(stack.name)).toHaveLength(COUNT);
    await stack.mustUp("--expect-no-changes");
    expectSuccess(await stack.down());
});
