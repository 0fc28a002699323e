import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import {
    type ComposeProject,
    type ProjectSource,
    type ReadContext,
    readProject,
} from "../../components/services/compose";
import { type KeyTable, fileKeys, isSupported } from "../../components/services/compose/keys";
import { yamlIntegers } from "../../components/services/compose/yamlIntegers";

const fixtures = path.join(__dirname, "../fixtures/compose");
const fileOf = (stack: string) => path.join(fixtures, stack, "compose.yaml");
const everything = parse(fs.readFileSync(fileOf("every-key"), "utf8"), {
    merge: true,
    customTags: (tags) => [yamlIntegers, ...tags], // as Pulumi reads the stack's file
}) as Record<string, unknown>;

const context: ReadContext = {
    secrets: { from_stack: "s" },
    environment: { FROM_SHELL: "shell" },
    profiles: ["all"],
    projectName: "p",
};
function read(
    source: ProjectSource,
    given: Partial<ReadContext> = {},
): { project: ComposeProject; warnings: string[] } {
    const result = readProject(source, { ...context, ...given });
    if ("errors" in result) throw new Error(result.errors.join("\n"));
    return result;
}

/** Supported keys of a table that stand nowhere among some maps, by their place. */
function missing(table: KeyTable, maps: unknown[], at = ""): string[] {
    return Object.entries(table).flatMap(([key, entry]) => {
        if (!isSupported(entry)) return [];
        const values = maps.flatMap((map) => (isMap(map) && key in map ? [map[key]] : []));
        if (values.length === 0) return [`${at}${key}`];
        const each = values.flatMap((value): unknown[] =>
            isMap(value) ? Object.values(value) : Array.isArray(value) ? value : [],
        );
        return [
            ...(entry.keys ? missing(entry.keys, values, `${at}${key}.`) : []),
            ...(entry.each ? missing(entry.each, each, `${at}${key}.*.`) : []),
        ];
    });
}
const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value);

test("the fixture has every supported key, but for the old forms", () => {
    const old = ["networks.*.external.name", "volumes.*.external.name", "secrets.*.external.name"];
    const hasNone = ["services.*.build.dockerfile_inline", "services.*.env_file.*.format"];
    expect(missing(fileKeys, [everything]).filter((key) => ![...old, ...hasNone].includes(key))).toEqual([]);
});

test("a file with every supported key is read", () => {
    const { project, warnings } = read({ kind: "file", path: fileOf("every-key") });
    expect(Object.keys(project.services)).toEqual(["all", "db", "host"]);
    expect(warnings).toEqual([]);
    expect(project.services.all).toMatchObject({
        environment: { TZ: "Europe/Berlin", FROM_SHELL: "shell", FROM_FILE: '"as it stands" # and this' },
        secret_environment: ["FROM_FILE", "FROM_SHELL"],
        labels: { team: "web", "from.file": "yes" },
        restart: { condition: "on-failure", max_attempts: 3 },
        cpus: "0.5",
        mem_limit: 64 * 1024 * 1024,
        update_order: "start-first",
    });
    expect(project.networks.front).toMatchObject({ name: "front", internal: true, enable_ipv6: true });
});

test("the same in the stack's config is the same project", () => {
    const { services, networks, volumes, configs, secrets } = everything;
    const sections = { services, networks, volumes, configs, secrets };
    const inline = read({ kind: "config", sections, directory: path.join(fixtures, "every-key") });
    expect(inline.project).toEqual(read({ kind: "file", path: fileOf("every-key") }).project);
});

test("a shop of services, jobs, builds and secret files is read", () => {
    const { project, warnings } = read({ kind: "file", path: fileOf("shop") }, { profiles: [] });
    expect(warnings).toEqual([]);
    expect(Object.keys(project.services)).toEqual(["web", "api", "migrate", "db"]);
    const { web, api, migrate, db } = project.services;
    expect(web?.build).toMatchObject({ target: "production", context: { local: path.join(fixtures, "shop/web") } });
    expect(web?.mounts).toMatchObject([
        { type: "bind", read_only: true, bind: { at: "project", name: "web/site" } },
        { type: "volume", target: "/var/lib/web/node_modules" },
    ]);
    expect(api?.environment.JAVA_OPTS).toBe("-Xmx256m -Dcost=$5");
    expect(api?.secret_environment).toEqual([]);
    expect(api?.depends_on.migrate?.condition).toBe("service_completed_successfully");
    expect(migrate?.files).toMatchObject([{ target: "/run/secrets/db-password", mode: 0o400, secret: true }]);
    expect(db?.healthcheck?.test?.[1]).toContain("$(cat /run/secrets/db-password)");
    expect(Object.keys(project.networks).sort()).toEqual(["back", "front"]);
});

test("what people run at home is read: host networks, devices, kernel settings, a VPN for another service", () => {
    const { project, warnings } = read({ kind: "file", path: fileOf("home") });
    expect(warnings).toEqual([expect.stringMatching(/ports of media have no effect/)]);
    const { vpn, torrent, media, dns, proxy } = project.services;
    expect(vpn).toMatchObject({
        environment: { PUID: "1000", TZ: "Etc/UTC" },
        sysctls: { "net.ipv4.conf.all.src_valid_mark": "1" },
        ports: [{ published: 51_820, target: 51_820, protocol: "udp" }],
    });
    expect(torrent).toMatchObject({
        network_mode: "service:vpn",
        networks: {},
        mounts: [{ bind: { at: "kept", name: "~/downloads" } }],
    });
    expect(media).toMatchObject({ network_mode: "host", ports: [] });
    expect(dns?.extra_hosts).toEqual([
        { host: "router", ip: "10.23.0.1" },
        { host: "nas", ip: "10.23.0.2" },
    ]);
    expect(Object.values(proxy?.labels ?? {})[1]).toBe("Host(`dash.example.com`) && PathPrefix(`/`)");
    expect(project.networks.outside).toMatchObject({ name: "web", external: true });
    expect(project.volumes.media?.driver_opts).toEqual({ type: "nfs", o: "addr=10.23.0.2,rw", device: ":/media" });
});
