import { parse } from "yaml";
import { checkKeys } from "../../components/services/compose/checkKeys";
import { type KeyTable, fileKeys, isSupported, serviceKeys } from "../../components/services/compose/keys";
import specification from "../fixtures/compose-keys.json";

const names = specification as Record<string, string[]>;

/** Every table that is reached from the top, by its place as in the fixture: `services.*.build`. */
function tables(table: KeyTable, at = ""): [string, KeyTable][] {
    const below = Object.entries(table).flatMap(([key, entry]) => {
        if (!isSupported(entry)) return [];
        const path = at === "" ? key : `${at}.${key}`;
        return [
            ...(entry.keys ? tables(entry.keys, path) : []),
            ...(entry.each ? tables(entry.each, `${path}.*`) : []),
        ];
    });
    return [[at, table], ...below];
}

const all = tables(fileKeys);
const messages = (sections: Record<string, unknown>) =>
    checkKeys(sections).mistakes.map(({ path, message }) => `${path.join(".")}: ${message}`);

test.each(all)("every key of the specification at %j is supported or refused with a reason", (at, table) => {
    expect(Object.keys(table).sort()).toEqual(names[at]);
});

test("no map of the specification is left unchecked, but for what is refused or accepted as a whole", () => {
    const asAWhole = all.flatMap(([at, table]) =>
        Object.entries(table).flatMap(([key, entry]) =>
            isSupported(entry) && (entry.keys ?? entry.each) ? [] : [at === "" ? key : `${at}.${key}`],
        ),
    );
    const known = all.map(([at]) => at);
    const unchecked = Object.keys(names).filter((at) => !known.includes(at));
    expect(unchecked.filter((at) => !asAWhole.some((key) => at === key || at.startsWith(`${key}.`)))).toEqual([]);
});

test("at least 65 of the 92 keys of a service are supported", () => {
    expect(Object.keys(serviceKeys)).toHaveLength(92);
    expect(Object.values(serviceKeys).filter(isSupported).length).toBeGreaterThanOrEqual(65);
});

test.each(all)("what is said of the keys at %j is short, and each example is YAML", (_at, table) => {
    for (const entry of Object.values(table)) {
        if (!isSupported(entry)) expect(entry.refused).toMatch(/^\S.{10,160}[^.]$/);
        else {
            expect(entry.supported).toMatch(/^\S.{3,240}$/);
            expect(() => parse(`key: ${entry.example}`) as unknown).not.toThrow();
        }
    }
});

test("each refused or unknown key is named with its place, all at once, also in lists and long forms", () => {
    const web = {
        image: "nginx",
        uts: "host",
        port: ["80:80"],
        build: { context: ".", ssh: ["default"] },
        ports: ["80:80", { target: 80, hostip: "127.0.0.1" }],
        volumes: [{ type: "volume", target: "/x", volume: { subpath: "y" } }],
        networks: { front: { interface_name: "eth7" } },
        depends_on: { db: { conditions: "service_healthy" } },
        deploy: { resources: { limits: { pids: 5 } }, placement: {} },
        ulimits: { nofile: { sofd: 1 } },
    };
    const found = messages({ services: { web }, volumes: { data: { drivers: "local" } }, extra: {} });
    expect(found.map((line) => line.replace(/: (unknown key|Berth does not support this key).*/, ": $1"))).toEqual([
        "services.web.uts: Berth does not support this key",
        "services.web.port: unknown key",
        "services.web.build.ssh: Berth does not support this key",
        "services.web.ports.1.hostip: unknown key",
        "services.web.volumes.0.volume.subpath: Berth does not support this key",
        "services.web.networks.front.interface_name: Berth does not support this key",
        "services.web.depends_on.db.conditions: unknown key",
        "services.web.deploy.resources.limits.pids: Berth does not support this key",
        "services.web.deploy.placement: Berth does not support this key",
        "services.web.ulimits.nofile.sofd: unknown key",
        "volumes.data.drivers: unknown key",
        "extra: unknown key",
    ]);
});

test.each([
    ["imag", "image"],
    ["dependsOn", "depends_on"],
    ["health-check", "healthcheck"],
    ["port", "ports"],
    ["enviroment", "environment"],
    ["env-file", "env_file"],
    ["volume", "volumes"],
])("%s: a person is asked for %s", (key, meant) => {
    expect(messages({ services: { web: { [key]: 1 } } })).toEqual([
        `services.web.${key}: unknown key; did you mean ${meant}?`,
    ]);
});

test("nothing is guessed where nothing is near", () => {
    expect(messages({ services: { web: { colour: 1 } } })[0]).toMatch(/unknown key; docs\/services\.md/);
    expect(messages({ volumes: { v: { colour: 1 } } })[0]).toMatch(/the keys are: name, external, driver/);
    expect(messages({ services: { web: { constructor: 1 } } })).toHaveLength(1);
});

test("x- keys are never read; a map of a person's own names is not looked at", () => {
    const sections = {
        "x-anchors": { a: 1 },
        services: {
            web: {
                image: "nginx",
                "x-team": "web",
                labels: { "x-a": "1", uts: "2" },
                healthcheck: { "x-b": 1, retries: 2 },
            },
        },
    };
    const { known, mistakes } = checkKeys(sections);
    expect(mistakes).toEqual([]);
    expect(known).toEqual({
        services: { web: { image: "nginx", labels: { "x-a": "1", uts: "2" }, healthcheck: { retries: 2 } } },
    });
});

test("what is refused is left out of what goes on, so that it is named once", () => {
    const { known } = checkKeys({ services: { web: { image: "nginx", uts: "host", ports: [{ target: 80, x: 1 }] } } });
    expect(known).toEqual({ services: { web: { image: "nginx", ports: [{ target: 80 }] } } });
});

test("a name that JavaScript takes for something else is refused wherever it stands", () => {
    const services = JSON.parse('{ "web": { "environment": { "__proto__": "x" } }, "__proto__": {} }') as unknown;
    expect(messages({ services })).toEqual([
        "services.web.environment.__proto__: it cannot be a name; choose another",
        "services.__proto__: it cannot be a name; choose another",
    ]);
});
