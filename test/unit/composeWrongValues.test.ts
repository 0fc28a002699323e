import { type KeyTable, fileKeys, isSupported } from "../../components/services/compose/keys";
import { ComposeFolder } from "./composeFolder";
import { readProject } from "../../components/services/compose";

const folder = new ComposeFolder();

/** Each wrong for nearly every key: what one of them may have, another does not. */
const WRONG: unknown[] = [{ a: { b: 1 } }, [{ a: [1] }], [[1]], [null], "??", -3.5];
/** Keys that take any text: only their maps and lists are wrong. */
const ANY_VALUE = ["develop", "attach"];
/** Keys whose entries have names of their own. */
const NAMED = ["networks", "depends_on", "ulimits"];

type Wrap = (value: unknown) => Record<string, unknown>;

/** Every supported key with its place, and sections around a value for it. */
function places(table: KeyTable, at: string, wrap: Wrap): [string, Wrap][] {
    return Object.entries(table).flatMap(([key, entry]): [string, Wrap][] => {
        if (!isSupported(entry) || ANY_VALUE.includes(key)) return [];
        const place = `${at}.${key}`;
        const inside: Wrap = (value) => wrap({ [key]: value });
        const [item, itemPlace]: [Wrap, string] = NAMED.includes(key)
            ? [(value) => inside({ name: value }), `${place}.name`]
            : [(value) => inside([value]), `${place}[0]`];
        const single = place.endsWith("external");
        return [
            [place, inside],
            ...(entry.keys && !single ? places(entry.keys, place, inside) : []),
            ...(entry.each ? places(entry.each, itemPlace, item) : []),
        ];
    });
}

const web = { image: "nginx" };
const all = [
    ...places(fileKeys.services.each, "services.web", (entry) => ({
        services: { web: { ...web, ...(entry as object) } },
    })),
    ...(["networks", "volumes", "configs", "secrets"] as const).flatMap((section) =>
        places(fileKeys[section].each, `${section}.it`, (entry) => ({ services: { web }, [section]: { it: entry } })),
    ),
];

function errorsOf(sections: Record<string, unknown>): string[] {
    const context = { secrets: {}, environment: {}, profiles: [], projectName: "shop-dev" };
    const result = readProject({ kind: "config", sections, directory: folder.path }, context);
    return "errors" in result ? result.errors : [];
}

test("there are keys to try", () => expect(all.length).toBeGreaterThan(200));

test.each(all)("a wrong value of %s is named with its place, in words for people", (place, wrap) => {
    const found = WRONG.flatMap((value) => errorsOf(wrap(value)));
    const here = found.filter((line) => line.startsWith(`berth:${place}`));
    expect(here.length).toBeGreaterThan(0);
    for (const line of found) {
        expect(line).toMatch(/^berth:[a-z]+(\.[\w-]+|\[.+\])*: ./);
        expect(line).not.toMatch(/invalid|expected|received|unrecognized|undefined|NaN|\[object/i);
    }
});

test.each([
    ["labels: { a: { b: 1 } }", "labels.a: write a text"],
    ["environment: [A=1, [B]]", 'environment[1]: write a text, "NAME=value"'],
    ["dns: [1.1.1.1, nine]", 'dns[1]: "nine": not an IP address'],
    ["cap_add: [A, { b: 1 }]", "cap_add[1]: write a text"],
    ["env_file: [{ path: a, format: json }]", "env_file[0].format: "],
    ["env_file: [{ required: false }]", "env_file[0].path: it is missing"],
    ["tmpfs: [/run, run]", "tmpfs[1]: "],
    ["extra_hosts: { a: [1.1.1.1, b] }", "extra_hosts.a: "],
    ["devices: ['/dev/a:/dev/b:rx']", "devices[0]: "],
    ["devices: [{ source: /dev/a, permissions: x }]", "devices[0].permissions: "],
    ["devices: ['/dev/a:/b:r:c']", "devices[0]: "],
    ["ports: [{ target: 80, host_ip: 5 }]", "ports[0].host_ip: "],
    ["ports: [{ target: 80, mode: x }]", "ports[0].mode: "],
    ["healthcheck: { test: [CMD, [a]] }", "healthcheck.test[1]: "],
    ["volumes: [{ type: volume, target: / }]", "volumes[0].target: "],
    ["depends_on: { db: }", "depends_on.db: "],
    ["ulimits: { nofile: { soft: 1 } }", "ulimits.nofile.hard: it is missing"],
    ["blkio_config: { device_read_bps: [{ path: /dev/a }] }", "blkio_config.device_read_bps[0].rate: it is missing"],
    ["gpus: [{ count: some }]", "gpus[0].count: "],
    ["platform: linux amd64", "platform: "],
    ["stop_signal: '??'", "stop_signal: "],
    ["cpuset: all", "cpuset: "],
    ["cpus: .inf", "cpus: "],
])("of %s the inner place is named", (keys, start) => {
    const errors = folder.webErrors(keys).map((line) => line.replace(/^\S+ services\.web\./, ""));
    expect(errors).toEqual([expect.stringContaining(start)]);
});

test("several mistakes in one value come at once", () => {
    const errors = folder.webErrors(`
        ulimits: { nofile: { soft: x, hard: y }, core: z },
        ports: [http, { target: 0 }, { target: 80, protocol: x }],
        volumes: ["a:b", { type: bind, target: c }]
    `);
    expect(errors.map((line) => line.replace(/^\S+ services\.web\.([^:]+):.*$/s, "$1"))).toEqual([
        "ulimits.nofile.soft",
        "ulimits.nofile.hard",
        "ulimits.core",
        "ports[0]",
        "ports[1].target",
        "ports[2].protocol",
        "volumes[0]",
        "volumes[1].target",
    ]);
});
