import * as path from "node:path";
import { readProject } from "../../components/services/compose";
import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();

test("mistakes of every sort come at once, in the order of the lines, each with its line and column", () => {
    folder.write("compose.yaml", "");
    const errors = folder.errors(`
services:
  web:
    image: NGINX
    ports: ["80:80", "http:80"]
    uts: host
    depends_on: [nobody]
    command: "\${MISSING:?say it}"
  db:
    imgae: postgres
    healthcheck:
      retries: many
volumes:
  data:
    drivers: local
include: [other.yaml]
`);
    expect(errors.map((line) => line.replace(/^(\S+: \S+: ).*$/s, "$1").trim())).toEqual([
        "compose.yaml:4:5: services.web.image:",
        "compose.yaml:5:22: services.web.ports[1]:",
        "compose.yaml:6:5: services.web.uts:",
        expect.stringMatching(/^compose\.yaml:7:\d+: services\.web\.depends_on/),
        "compose.yaml:8:5: services.web.command:",
        "compose.yaml:10:5: services.db.imgae:",
        "compose.yaml:12:7: services.db.healthcheck.retries:",
        "compose.yaml:15:5: volumes.data.drivers:",
        "compose.yaml:16:1: include:",
    ]);
    expect(errors.join("\n")).toMatch(/"NGINX": not an image.*did you mean image\?.*merges|reads one file/s);
});

test("a mistake is named once, not again by what it leads to", () => {
    expect(folder.errors("services: { web: { image: NGINX } }")).toHaveLength(1);
    expect(folder.errors("services: { web: { imgae: nginx } }")).toHaveLength(1);
    expect(
        folder.errors("services: { web: { image: nginx, configs: [a] } }\nconfigs: { a: { external: true } }"),
    ).toHaveLength(1);
});

test.each([
    ["YAML that breaks off", "services: {", /^compose\.yaml:1:/],
    [
        "a key that stands twice",
        "services:\n  web: { image: a }\n  web: { image: b }\n",
        /^compose\.yaml:3:3: .*unique/,
    ],
    ["two documents", "services: { web: { image: a } }\n---\nservices: {}\n", /^compose\.yaml:[23]:\d+: .*document/],
    ["an empty file", "", /^compose\.yaml: /],
    ["a list", "- web\n", /^compose\.yaml.*map with services/],
    ["no services", "volumes: {}\n", /services: no service/],
    ["an empty service", "services: { web: }\n", /services\.web: write a map/],
    [
        "a tag for merging files",
        "services: { web: { image: a, command: !reset null } }",
        /^compose\.yaml:1:\d+: .*!reset/,
    ],
    ["a service that extends another", "services: { web: { extends: { service: a } } }", /extends: .*does not merge/],
])("%s is refused", (_what, text, message) => {
    const errors = folder.errors(text);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(message);
});

test("a file that is missing or a folder is named", () => {
    const context = { secrets: {}, environment: {}, profiles: [], projectName: "p" };
    const missing = readProject({ kind: "file", path: path.join(folder.path, "no.yaml"), name: "a/no.yaml" }, context);
    expect(missing).toEqual({
        errors: [expect.stringMatching(/^a\/no\.yaml: there is no such file; berth:composeFile/)],
    });
    expect(readProject({ kind: "file", path: folder.path }, context)).toEqual({
        errors: [expect.stringContaining("it is a folder")],
    });
});

test("anchors, merge keys, x- keys, version and name are what Compose makes of them", () => {
    const { project } = folder.read(`
version: "3.9"
name: other
x-base: &base
  image: nginx
  environment: { A: "1", B: "\${" }
x-text: "$"
services:
  web:
    <<: *base
    environment: { B: "2" }
    x-owner: me
`);
    expect(project.services.web).toMatchObject({ image: "nginx", environment: { B: "2" } });
});

test("values come from the secrets, then the shell, then .env beside the file", () => {
    folder.write(".env", "A=env\nB=env\nC=env\nD=${B}-$C\n");
    const { project } = folder.read(
        'services: { web: { image: a, environment: { V: "$A $B $C $D $COMPOSE_PROJECT_NAME" } } }',
        {
            secrets: { A: "secret" },
            environment: { A: "shell", B: "shell", COMPOSE_PROJECT_NAME: "other" },
        },
    );
    expect(project.services.web?.environment.V).toBe("secret shell env shell-env shop-dev");
});

test("a line of .env that cannot be read is named", () => {
    folder.write(".env", "A=1\nnot a line\n");
    expect(folder.errors("services: { web: { image: a } }")).toEqual([expect.stringMatching(/^\.env:2: /)]);
});

test("values keep their types after variables: numbers, booleans, ports", () => {
    const text = `
services:
  web:
    image: "nginx:\${TAG:-1.30}"
    ports: ["\${PORT}:80"]
    scale: \${N}
    read_only: "\${RO}"
    mem_limit: \${MEM-64m}
`;
    const { project } = folder.read(text, { environment: { PORT: "8080", N: "1", RO: "true" } });
    expect(project.services.web).toMatchObject({
        image: "nginx:1.30",
        ports: [{ published: 8080, target: 80, protocol: "tcp" }],
        scale: 1,
        read_only: true,
        mem_limit: 64 * 1024 * 1024,
    });
});

test("a mistake that a variable without a value leads to names the variable", () => {
    expect(folder.errors("services: { web: { image: a, volumes: ['${MEDIA}:/media'] } }")).toEqual([
        expect.stringMatching(/services\.web\.volumes\[0\]: .*\(MEDIA is not set in your shell or in \.env\)$/),
    ]);
});

test("numbers are those that Compose's parser reads", () => {
    const { project } = folder.read(`
services:
  web:
    image: a
    environment: { A: 0644, B: 0b11, C: 1_000, D: 0o17, E: 08, F: 12345678901234567890, G: -010, H: 0, I: 1e3, J: 22:22 }
    configs: [{ source: c, mode: 0440 }, { source: c, target: /d, mode: "0440" }]
configs: { c: { content: x } }
`);
    expect(project.services.web?.environment).toEqual({
        A: "420",
        B: "3",
        C: "1000",
        D: "15",
        E: "8",
        F: "12345678901234567890",
        G: "-8",
        H: "0",
        I: "1000",
        J: "22:22",
    });
    expect(project.services.web?.files.map(({ mode }) => mode)).toEqual([0o440, 0o440]);
});

test("each variable without a value is one warning, and blank", () => {
    const { project, warnings } = folder.read('services: { web: { image: a, labels: ["a=$NO", "b=$NO$NEITHER"] } }');
    expect(project.services.web?.labels).toEqual({ a: "", b: "" });
    expect(warnings).toEqual([expect.stringContaining("NO "), expect.stringContaining("NEITHER ")]);
});

test("what is filled in from elsewhere is secret in the environment, in maps and lists, in part too", () => {
    const { project } = folder.read(
        `
services:
  list: { image: a, environment: ["URL=db://me:$PW@db", "PLAIN=1", "HOME"] }
  map: { image: a, environment: { URL: "db://me:$PW@db", PLAIN: "1", HOME: , NOBODY: } }
`,
        { secrets: { PW: "hunter2" }, environment: { HOME: "/root" } },
    );
    for (const service of ["list", "map"]) {
        expect(project.services[service]).toMatchObject({
            environment: { URL: "db://me:hunter2@db", PLAIN: "1", HOME: "/root" },
            secret_environment: ["HOME", "URL"],
        });
    }
});

test.each([
    ["command", "command: serve --password $PW"],
    ["labels", "labels: { pw: $PW }"],
    ["an image", 'image: "x:$PW"'],
    ["a healthcheck", "healthcheck: { test: ping $PW }"],
    ["a network's name", "networks: [$PW]"],
    ["a build argument", "build: { context: ., args: { PW: $PW } }"],
    ["a default of another variable", 'command: "${NO:-$PW}"'],
])("a secret in %s is refused without showing it", (_what, line) => {
    folder.write("Dockerfile", "FROM scratch\n");
    const errors = folder.errors(`services: { web: { ${line.startsWith("image") ? "" : "image: a, "}${line} } }`, {
        secrets: { PW: "hunter2" },
    });
    expect(errors.join("\n")).toMatch(/services\.web\..*: a value of berth:secrets would not stay secret here/);
    expect(errors.join()).not.toContain("hunter2");
});

test("no error shows what a variable has filled in", () => {
    const errors = folder.errors(
        'services: { web: { image: "N:$PW", ports: ["$PW:80"], cpus: $PW, mem_limit: $PW, environment: ["$PW=1 2"] } }',
        { environment: { PW: "hun ter2" } },
    );
    expect(errors.length).toBeGreaterThan(3);
    expect(errors.join("\n")).not.toContain("hun ter2");
});

test("a config that a variable fills is secret, one that stands in the file is not", () => {
    const { project } = folder.read(
        `
services: { web: { image: a, configs: [open, filled] } }
configs:
  open: { content: hello }
  filled: { content: "pw $PW" }
`,
        { environment: { PW: "hunter2" } },
    );
    const files = project.services.web?.files.map(({ source, secret, content }) => [source, secret, String(content)]);
    expect(files).toEqual([
        ["open", false, "hello"],
        ["filled", true, "pw hunter2"],
    ]);
});

test("a service names a value of berth:secrets as a file, without a section", () => {
    const { project } = folder.read("services: { web: { image: a, secrets: [DB] } }", { secrets: { DB: "hunter2" } });
    expect(project.services.web?.files).toMatchObject([{ target: "/run/secrets/DB", secret: true }]);
    const [error] = folder.errors("services: { web: { image: a, secrets: [DB] } }");
    expect(error).toMatch(/services\.web\.secrets\[0\]: there is no secret DB; .*config set/);
});

test("a network or volume without anything is made with the defaults", () => {
    const { project } = folder.read(`
services: { web: { image: a, networks: [back], volumes: ["data:/x"] } }
networks: { back: }
volumes: { data: }
`);
    expect(project.networks.back).toMatchObject({ external: false, internal: false });
    expect(project.volumes.data).toMatchObject({ external: false });
});
