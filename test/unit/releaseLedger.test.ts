import { ReleaseLedger, ServiceGroup } from "../../components/services";
import { labels, localEngine } from "./engine";
import { inputsOf, isSecret, names, reset, settle, unwrap } from "./mocks";
import { project } from "./services";

async function build(secret: boolean, keep?: number) {
    reset();
    const engine = localEngine();
    const given = project({ web: { image: "nginx:1.30" }, none: { image: "me/none:1", scale: 0 } });
    const shared = { engine, prefix: "berth-test" };
    const services = new ServiceGroup("services", { ...shared, project: given, labels, protectVolumes: true });
    const written = { web: { image: "nginx:${V}" }, none: {}, inactive: {} };
    new ReleaseLedger("releases", { ...shared, services, written, secret, keep });
    await settle();
    return inputsOf("releases");
}

test("what is written down is each service that has a container, with the text that it was made from", async () => {
    const { stdin, create, delete: gone } = await build(false);
    const [container, text, ...rest] = String(stdin).split("\n");
    expect(container).toBe("berth-test-web");
    expect(text).toBe('{"service":"web","of":"nginx:1.30","written":{"image":"nginx:${V}"}}');
    expect(rest).toEqual([""]);
    expect(create).toMatch(/ record-releases record berth-test \/var\/lib\/docker\/berth\/berth-test 10$/);
    expect(gone).toMatch(/ record-releases remove berth-test \/var\/lib\/docker\/berth\/berth-test$/);
});

test("it is written down when every container is healthy", async () => {
    await build(false);
    const order = names();
    for (const gate of order.filter((name) => name.endsWith("-gate")))
        expect(order.indexOf(gate)).toBeLessThan(order.lastIndexOf("releases"));
});

test("a text that is secret stays so", async () => {
    const { stdin } = await build(true);
    expect(isSecret(stdin)).toBe(true);
    expect(unwrap(stdin)).toContain('"written":{"image":"nginx:${V}"}');
});

test("images go by themselves where it is said how many releases stay, and when one has come", async () => {
    await build(false);
    expect(names()).not.toContain("releases-prune");
    const { stdin, create } = await build(false, 3);
    expect(create).toMatch(/ record berth-test \S+ 3$/);
    const prune = inputsOf("releases-prune");
    expect(prune.create).toMatch(/ prune-images berth-test \S+ 3 all remove$/);
    expect(prune.stdin).toBe(stdin);
    expect(names().indexOf("releases-prune")).toBeGreaterThan(names().indexOf("releases"));
});
