import * as fc from "fast-check";
import { AddressBook, type ContainerOutputs, knownAddresses } from "../../components/services/addresses";

const container = (name: string, network: string, ip: string): [string, ContainerOutputs] => [
    name,
    { name: `berth-${name}`, networkDatas: [{ networkName: network, ipAddress: ip }] },
];

test("a container that is there keeps its address; a new one gets the lowest that is free", () => {
    const known = knownAddresses(
        new Map([container("app-1", "net", "10.1.0.2"), container("b", "net", "10.1.0.4")]),
        "",
    );
    const book = new AddressBook("10.1.0.0/24", known.get("net"));
    expect(["berth-app-1", "berth-new", "berth-b", "berth-newer"].map((name) => book.of(name))).toEqual([
        "10.1.0.2",
        "10.1.0.3",
        "10.1.0.4",
        "10.1.0.5",
    ]);
    expect(book.of("berth-new")).toBe("10.1.0.3");
});

test("addresses of other networks, of other hosts, and of containers that do not run count for nothing", () => {
    const known = knownAddresses(
        new Map([
            container("one/app", "net", "10.1.0.2"),
            container("two/app", "net", "10.1.0.3"),
            container("two/other", "elsewhere", "10.9.0.2"),
            container("two/stopped", "net", ""),
            ["two/nothing", {}],
        ]),
        "two/",
    );
    expect(known.get("net")).toEqual(new Map([["berth-two/app", "10.1.0.3"]]));
});

test.each(["networksAdvanced", "networksAdvanceds"])(
    "a container that does not run keeps the address that was asked for by %s",
    (key) => {
        const stopped: ContainerOutputs = {
            name: "berth-app",
            networkDatas: [{ networkName: "net", ipAddress: "" }],
            [key]: [{ name: "net", ipv4Address: "10.1.0.9" }, { name: "default" }],
        };
        const known = knownAddresses(new Map([["app", stopped]]), "");
        expect(known.get("net")).toEqual(new Map([["berth-app", "10.1.0.9"]]));
    },
);

test("after a change of the range, every container gets another address", () => {
    const book = new AddressBook("10.2.0.0/24", new Map([["app", "10.1.0.2"]]));
    expect(book.of("app")).toBe("10.2.0.2");
});

test("no two containers have one address, and none has the engine's", () => {
    const names = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 13 });
    const known = fc.dictionary(fc.string({ minLength: 1 }), fc.integer({ min: 2, max: 14 }), { maxKeys: 4 });
    fc.assert(
        fc.property(names, known, (asked, before) => {
            const unique = new Map(Object.entries(before).map(([name, n]) => [n, name]));
            const book = new AddressBook("10.3.0.0/27", new Map([...unique].map(([n, name]) => [name, `10.3.0.${n}`])));
            const given = asked.map((name) => book.of(name));
            expect(new Set(given).size).toBe(asked.length);
            for (const address of given) expect(address).toMatch(/^10\.3\.0\.([2-9]|[12]\d|30)$/);
        }),
    );
});

test("a full network is said, with the way out", () => {
    const book = new AddressBook("10.1.0.0/29");
    ["a", "b", "c", "d", "e"].forEach((name) => book.of(name));
    expect(() => book.of("f")).toThrow("10.1.0.0/29 has no address left; set a wider range: berth:proxy.subnet");
});
