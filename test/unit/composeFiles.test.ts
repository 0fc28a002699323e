import * as path from "node:path";
import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();
const inFolder = (name: string) => path.join(folder.path, name);
const volumes = "volumes: { data: }";
const plain = { read_only: false, nocopy: false };

describe("volumes of a service", () => {
    test.each([
        ["data:/x", { type: "volume", volume: "data", target: "/x", ...plain }],
        ["/x", { type: "volume", target: "/x", ...plain }],
        ["data:/x/:ro", { type: "volume", volume: "data", target: "/x", read_only: true }],
        ["data:/x:nocopy,z", { nocopy: true, selinux: "z" }],
        ["/srv/./files:/x", { type: "bind", bind: { at: "host", path: "/srv/files", create: true } }],
        ["/srv:/x:rslave,cached", { bind: { at: "host", path: "/srv" }, propagation: "rslave" }],
        ["./none/there:/x", { type: "bind", bind: { at: "kept", name: "none/there" } }],
        ["../none-there:/x", { type: "bind", bind: { at: "kept", name: "../none-there" } }],
        ["~/none-there:/x", { type: "bind", bind: { at: "kept", name: "~/none-there" } }],
        ["{ type: volume, source: data, target: /x, volume: { nocopy: true } }", { volume: "data", nocopy: true }],
        [
            "{ type: bind, source: /srv, target: /x, read_only: true, bind: { propagation: shared, selinux: Z } }",
            { read_only: true, propagation: "shared", selinux: "Z", bind: { at: "host", path: "/srv", create: true } },
        ],
        [
            "{ type: bind, source: /srv, target: /x, bind: { create_host_path: false } }",
            { bind: { at: "host", path: "/srv", create: false } },
        ],
        ["{ type: bind, source: none, target: /x }", { bind: { at: "kept", name: "none" } }],
        [
            "{ type: tmpfs, target: /x, tmpfs: { size: 1m, mode: 0700 } }",
            { type: "tmpfs", tmpfs: { size: 1_048_576, mode: 0o700 } },
        ],
    ])("%s", (written, expected) => {
        const entry = written.startsWith("{") ? written : JSON.stringify(written);
        expect(folder.web(`volumes: [${entry}]`, volumes).mounts).toMatchObject([expected]);
    });

    test("a folder or file beside the file is brought to the host, by its path as it is written", () => {
        folder.write("site/index.html");
        folder.write("app.conf");
        const { mounts } = folder.web('volumes: ["./site/../site/:/a:ro", "./app.conf:/b", ".:/c"]');
        expect(mounts.map(({ bind }) => bind)).toEqual([
            { at: "project", path: inFolder("site"), name: "site" },
            { at: "project", path: inFolder("app.conf"), name: "app.conf" },
            { at: "project", path: folder.path, name: "." },
        ]);
    });

    test("a path of a home is not one of this folder", () => {
        folder.write("~/data/file");
        expect(folder.web('volumes: ["~/data:/x"]').mounts[0]?.bind).toEqual({ at: "kept", name: "~/data" });
    });

    test("a missing folder is a mistake where it must be there", () => {
        const [error] = folder.webErrors(
            "volumes: [{ type: bind, source: ./none, target: /x, bind: { create_host_path: false } }]",
        );
        expect(error).toMatch(/services\.web\.volumes\[0\].*there is no \.\/none/);
    });

    test("a mount that is said twice counts once", () => {
        expect(folder.web('volumes: ["data:/x", "data:/x"]', volumes).mounts).toHaveLength(1);
    });

    test("tmpfs is one or several folders in memory, with options", () => {
        expect(folder.web("tmpfs: /run").mounts).toMatchObject([{ type: "tmpfs", target: "/run" }]);
        expect(folder.web("tmpfs: [/run, '/tmp:size=64m,mode=1777']").mounts).toMatchObject([
            { target: "/run" },
            { target: "/tmp", tmpfs: { options: "size=64m,mode=1777" } },
        ]);
    });
});

describe("configs and secrets", () => {
    const sections = "configs: { c: { content: hello } }\nsecrets: { s: { file: ./s.txt } }";
    beforeEach(() => folder.write("s.txt", "hunter2"));
    const filesOf = (keys: string) =>
        folder.web(keys, sections).files.map(({ content, ...file }) => ({ ...file, content: String(content) }));

    test("in the short form they have their usual places", () => {
        expect(filesOf("configs: [c], secrets: [s]")).toEqual([
            {
                section: "configs",
                source: "c",
                target: "/c",
                uid: 0,
                gid: 0,
                mode: 0o444,
                content: "hello",
                secret: false,
            },
            {
                section: "secrets",
                source: "s",
                target: "/run/secrets/s",
                uid: 0,
                gid: 0,
                mode: 0o444,
                content: "hunter2",
                secret: true,
            },
        ]);
    });

    test.each([
        ["secrets: [{ source: s, target: t }]", { target: "/run/secrets/t" }],
        ["secrets: [{ source: s, target: /etc/t }]", { target: "/etc/t" }],
        ["configs: [{ source: c, target: t }]", { target: "/t" }],
        ["configs: [{ source: c, uid: '5', gid: 6 }]", { uid: 5, gid: 6 }],
        ["configs: [{ source: c, mode: 0400 }]", { mode: 0o400 }],
        ["configs: [{ source: c, mode: '0400' }]", { mode: 0o400 }],
        ["configs: [{ source: c, mode: 0o400 }]", { mode: 0o400 }],
    ])("%s", (keys, expected) => {
        expect(filesOf(keys)).toMatchObject([expected]);
    });

    test("their content comes from a file, a variable, the text itself, or berth:secrets", () => {
        const { files } = folder.read(
            `
services: { web: { image: a, configs: [file, shell], secrets: [shell, other, plain] } }
configs: { file: { file: s.txt }, shell: { environment: SHELL_SET } }
secrets: { shell: { environment: SHELL_SET }, other: { external: true, name: KEY }, plain: { external: true } }
`,
            { environment: { SHELL_SET: "from the shell" }, secrets: { KEY: "k", plain: "p" } },
        ).project.services.web ?? { files: [] };
        expect(files.map(({ section, content, secret }) => [section, String(content), secret])).toEqual([
            ["configs", "hunter2", false],
            ["configs", "from the shell", true],
            ["secrets", "from the shell", true],
            ["secrets", "k", true],
            ["secrets", "p", true],
        ]);
    });

    test.each([
        ["configs: { c: { file: ./none } }", /configs.*there is no (file )?\.\/none/],
        ["configs: { c: { file: . } }", /configs.*is a folder/],
        ["configs: { c: { environment: NOBODY } }", /configs.*NOBODY/],
        ["configs: { c: { file: s.txt, content: x } }", /configs\.c.*write one of file, content, environment/],
        ["configs: { c: { } }", /configs\.c.*write one of/],
    ])("%s is refused", (section, message) => {
        const errors = folder.webErrors("configs: [c]", section);
        expect(errors).toHaveLength(1);
        expect(errors[0]).toMatch(message);
    });
});

describe("environment from files", () => {
    test("env_file comes before environment, a later file before an earlier one; all of it is secret", () => {
        folder.write("a.env", "A=a\nB=a\nC=a\nHOME\nNOBODY\n");
        folder.write("b.env", "B=b\n");
        const web = folder.web("env_file: [a.env, ./b.env], environment: { C: c }", "", {
            environment: { HOME: "/root" },
        });
        expect(web.environment).toEqual({ A: "a", B: "b", C: "c", HOME: "/root" });
        expect(web.secret_environment).toEqual(["A", "B", "HOME"]);
    });

    test("a missing file is a mistake, unless it need not be there", () => {
        expect(folder.webErrors("env_file: none.env")).toEqual([
            expect.stringMatching(/services\.web\.env_file.*there is no file none\.env/),
        ]);
        expect(folder.web("env_file: [{ path: none.env, required: false }]").environment).toEqual({});
    });

    test("a line that cannot be read is named, without its text", () => {
        folder.write("a.env", 'A=1\nB="hunter2\n');
        const errors = folder.webErrors("env_file: a.env");
        expect(errors).toEqual([expect.stringMatching(/env_file.*a\.env:2: the quote of B is never closed/)]);
        expect(errors.join()).not.toContain("hunter2");
    });

    test("raw files are taken as they stand", () => {
        folder.write("a.env", 'A="$X" # b\n');
        expect(folder.web("env_file: [{ path: a.env, format: raw }]").environment).toEqual({ A: '"$X" # b' });
    });

    test("label files come before labels, and may hold no secret", () => {
        folder.write("a.labels", "a=1\nb=$PW\n");
        expect(folder.web("label_file: a.labels, labels: { a: 2 }").labels).toEqual({ a: "2", b: "" });
        expect(folder.webErrors("label_file: a.labels", "", { secrets: { PW: "hunter2" } })).toEqual([
            expect.stringMatching(/label_file.*would not stay secret/),
        ]);
    });

    test("a variable of .env that holds a secret is one", () => {
        folder.write(".env", "URL=db://$PW\n");
        const given = { secrets: { PW: "hunter2" } };
        expect(folder.web("environment: [URL]", "", given).secret_environment).toEqual(["URL"]);
        expect(folder.webErrors("command: $URL", "", given)).toEqual([expect.stringMatching(/would not stay secret/)]);
    });
});

describe("builds", () => {
    beforeEach(() => {
        folder.write("app/Dockerfile");
        folder.write("app/other/Prod.dockerfile");
    });
    const buildOf = (build: string, given?: Parameters<typeof folder.web>[2]) =>
        folder.web(`build: ${build}`, "secrets: { s: { file: ./app/Dockerfile } }", given).build;

    test("a folder is enough", () => {
        expect(buildOf("./app")).toMatchObject({ context: { local: inFolder("app") }, args: {}, secrets: {} });
        expect(folder.web("build: ./app").pull_policy).toBe("build");
    });

    test.each([
        "https://github.com/compose-spec/compose-spec.git",
        "git@github.com:compose-spec/compose-spec.git",
        "github.com/compose-spec/compose-spec",
    ])("%s is fetched by the host", (remote) => {
        expect(buildOf(remote)).toMatchObject({ context: { remote } });
    });

    test("arguments by name alone have the value of the shell, or none", () => {
        const build = buildOf("{ context: app, args: [A=1, FROM_SHELL, NOBODY] }", {
            environment: { FROM_SHELL: "x" },
        });
        expect(build?.args).toEqual({ A: "1", FROM_SHELL: "x" });
    });

    test("no argument holds a secret", () => {
        const given = { secrets: { PW: "hunter2" } };
        for (const args of ["[PW]", "{ PW: }", "{ A: $PW }"]) {
            const errors = folder.webErrors(`build: { context: app, args: ${args} }`, "", given);
            expect(errors).toEqual([expect.stringMatching(/build\.args.*secret/)]);
            expect(errors.join()).not.toContain("hunter2");
        }
    });

    test("secrets of the top level reach the build under their own or another name", () => {
        const build = buildOf("{ context: app, secrets: [s, { source: s, target: t }] }");
        expect(Object.keys(build?.secrets ?? {})).toEqual(["s", "t"]);
    });

    test.each([
        ["./none", /build.*no folder \.\/none/],
        ["./app/other", /build.*no Dockerfile in/],
        ["{ context: ./app, dockerfile: None }", /build\.dockerfile.*no None/],
        ["{ context: ./app, dockerfile: D, dockerfile_inline: FROM x }", /not both/],
        ["{ context: ./app, secrets: [nope] }", /build\.secrets\[0\].*no secret nope/],
        ["{ context: ./app, additional_contexts: { a: ./none } }", /additional_contexts\.a.*no folder/],
    ])("%s is refused", (build, message) => {
        const errors = folder.webErrors(`build: ${build}`);
        expect(errors).toHaveLength(1);
        expect(errors[0]).toMatch(message);
    });

    test("a Dockerfile lies in the context, beside it, or in the Compose file", () => {
        expect(buildOf("{ context: app, dockerfile: other/Prod.dockerfile }")?.dockerfile).toBe(
            "other/Prod.dockerfile",
        );
        expect(buildOf("{ context: app/other, dockerfile: ../Dockerfile }")?.dockerfile).toBe("../Dockerfile");
        expect(buildOf('{ context: app/other, dockerfile_inline: "FROM x" }')?.dockerfile_inline).toBe("FROM x");
    });
});
