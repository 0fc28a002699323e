import type { MountSpec } from "../../components/services/compose";
import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();
const MIB = 1024 * 1024;
const more = "volumes: { data: }";
const mounts = (entries: string) => folder.web(`volumes: [${entries}]`, more).mounts;
const errors = (entries: string) =>
    folder.webErrors(`volumes: [${entries}]`, more).map((line) => line.replace(/^\S+ services\.web\./, ""));

const plain = { read_only: false, nocopy: false };

test.each<[string, Partial<MountSpec>]>([
    ["data:/var/lib/data", { type: "volume", volume: "data", target: "/var/lib/data", ...plain }],
    ["data:/var/lib/data/:ro", { type: "volume", target: "/var/lib/data", read_only: true }],
    ["data:/x:rw,nocopy", { type: "volume", read_only: false, nocopy: true }],
    ["data:/x:Z", { type: "volume", selinux: "Z" }],
    ["/cache", { type: "volume", volume: undefined, target: "/cache" }],
    ["/srv:/srv", { type: "bind", bind: { at: "host", path: "/srv", create: true } }],
    ["/srv/../etc/:/x:ro", { type: "bind", bind: { at: "host", path: "/etc/", create: true }, read_only: true }],
    ["/srv:/srv:rslave,z", { type: "bind", propagation: "rslave", selinux: "z" }],
    ["/srv:/srv:cached", { type: "bind", ...plain }],
    ["./none/at/all:/x", { type: "bind", bind: { at: "kept", name: "none/at/all" } }],
    [".:/x", { type: "bind", bind: expect.objectContaining({ at: "project", name: "." }) as never }],
    ["../none-there:/x", { type: "bind", bind: { at: "kept", name: "../none-there" } }],
    ["~/music:/x", { type: "bind", bind: { at: "kept", name: "~/music" } }],
    ["./compose.yaml:/x:ro", { bind: expect.objectContaining({ at: "project", name: "compose.yaml" }) as never }],
])("%s is the mount that Compose makes of it", (text, mount) => {
    expect(mounts(JSON.stringify(text))).toMatchObject([mount]);
});

test.each<[string, Partial<MountSpec>]>([
    ["{ type: volume, source: data, target: /x, volume: { nocopy: true } }", { volume: "data", nocopy: true }],
    ["{ type: volume, target: /x }", { type: "volume", volume: undefined }],
    ["{ type: bind, source: data, target: /x }", { bind: { at: "kept", name: "data" } }],
    [
        "{ type: bind, source: /srv, target: /x, bind: { create_host_path: false, propagation: shared, selinux: z } }",
        { bind: { at: "host", path: "/srv", create: false }, propagation: "shared", selinux: "z" },
    ],
    ["{ type: bind, source: /a, target: /x, read_only: 'true', consistency: cached }", { read_only: true }],
    ["{ type: tmpfs, target: /x }", { type: "tmpfs", tmpfs: {} }],
    ["{ type: tmpfs, target: /x, tmpfs: { size: 64m, mode: 01777 } }", { tmpfs: { size: 64 * MIB, mode: 0o1777 } }],
    ["{ type: tmpfs, target: /x, tmpfs: { size: 1024, mode: '755' } }", { tmpfs: { size: 1024, mode: 0o755 } }],
])("%s is read in full", (entry, mount) => {
    expect(mounts(entry)).toMatchObject([mount]);
});

test.each([
    ["/run", { target: "/run", tmpfs: { options: "" } }],
    ["/run/:size=64m,mode=1777", { target: "/run", tmpfs: { options: "size=64m,mode=1777" } }],
])("tmpfs %s is read, alone and in a list", (text, mount) => {
    for (const value of [text, [text]]) {
        expect(folder.web(`tmpfs: ${JSON.stringify(value)}`).mounts).toMatchObject([{ type: "tmpfs", ...mount }]);
    }
});

test.each([
    ["'C:\\data:/x'", "volumes[0]: ", "Windows"],
    ["'.\\data:/x'", "volumes[0]: ", "Windows"],
    ["'c:/data:/x'", "volumes[0]: ", "Windows"],
    ["{ type: bind, source: 'C:\\data', target: /x }", "volumes[0].source: ", "Windows"],
    ["'data:/'", "volumes[0]: ", "not /"],
    ["'data:x'", "volumes[0]: ", "absolute"],
    ["data", "volumes[0]: ", "absolute"],
    ["':/x'", "volumes[0]: ", "before the colon"],
    ["'data:/x:ro:z'", "volumes[0]: ", "too many colons"],
    ["'data:/x:fast'", "volumes[0]: ", '"fast" is not an option'],
    ["'/srv:/x:nocopy'", "volumes[0]: ", "nocopy is for volumes"],
    ["'data:/x:rshared'", "volumes[0]: ", "paths of the host"],
    ["'data:/a', 'other:/b'", "volumes[1]: ", "there is no volume other"],
    ["{ type: volume, source: ./x, target: /x }", "volumes[0]: ", "type: bind for a path"],
    ["{ type: bind, source: ./no, target: /x, bind: { create_host_path: false } }", "volumes[0]: ", "there is no ./no"],
    ["{ type: bind, source: /a, target: /x, volume: { nocopy: true } }", "volumes[0].volume: ", "the type is bind"],
    ["{ type: volume, target: /x, tmpfs: { size: 1 } }", "volumes[0].tmpfs: ", "the type is volume"],
    ["{ type: tmpfs, source: data, target: /x }", "volumes[0].source: ", "no source"],
    ["{ type: cluster, source: data, target: /x }", "volumes[0].type: ", "one of volume, bind, tmpfs"],
    ["{ type: volume, source: data, target: /x, volume: { subpath: a } }", "volumes[0].volume.subpath: ", "provider"],
    ["'data:/x', '/srv:/x'", "volumes: ", "puts something at /x too"],
])("%s is refused with the reason", (entries, place, why) => {
    const found = errors(entries);
    expect(found).toHaveLength(1);
    expect(found[0]?.startsWith(place)).toBe(true);
    expect(found[0]).toContain(why);
});

test("the same mount twice counts once", () => {
    expect(mounts("'data:/x', 'data:/x'")).toHaveLength(1);
});

test.each([
    ["secrets: [a]", { target: "/run/secrets/a", mode: 0o444, uid: 0, gid: 0 }],
    ["secrets: [{ source: a }]", { target: "/run/secrets/a" }],
    ["secrets: [{ source: a, target: b, uid: '103', gid: 104, mode: 0440 }]", { uid: 103, gid: 104, mode: 0o440 }],
    ["secrets: [{ source: a, mode: '0440' }]", { mode: 0o440 }],
    ["secrets: [{ source: a, mode: 0o400, target: /etc/key }]", { mode: 0o400, target: "/etc/key" }],
    ["configs: [a]", { target: "/a", mode: 0o444 }],
    ["configs: [{ source: a, target: /etc/a.conf, mode: '600' }]", { target: "/etc/a.conf", mode: 0o600 }],
])("%s is the file that Compose makes of it", (keys, file) => {
    const sections = "secrets: { a: { environment: A } }\nconfigs: { a: { content: x } }";
    expect(folder.web(keys, sections, { environment: { A: "x" } }).files).toMatchObject([file]);
});

test.each([
    ["secrets: [{ source: a, uid: root }]", "secrets[0].uid: "],
    ["secrets: [{ source: a, mode: '0999' }]", "secrets[0].mode: "],
    ["configs: [nothing]", "configs[0]: there is no config nothing"],
    ["configs: [a], volumes: ['/srv:/a']", "configs: volumes puts something at /a too"],
])("%s is refused", (keys, start) => {
    const sections = "secrets: { a: { environment: A } }\nconfigs: { a: { content: x } }";
    const found = folder.webErrors(keys, sections, { environment: { A: "x" } });
    expect(found).toEqual([expect.stringContaining(`services.web.${start}`)]);
});
