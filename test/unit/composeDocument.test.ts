import { ComposeFolder } from "./composeFolder";

const folder = new ComposeFolder();
const environment = (text: string) => folder.web(`environment: ${text}`).environment;

test("words that YAML 1.1 takes for booleans, times and dates stay as they are written", () => {
    const given = { A: "yes", B: "no", C: "on", D: "off", E: "y", F: "2024-01-01", G: "22:22", H: "1:30:00" };
    expect(
        environment(
            JSON.stringify(given)
                .replaceAll('"', "")
                .replaceAll(":", ": ")
                .replace(/: (?=\d\d[,:}])/g, ":"),
        ),
    ).toMatchObject({ A: "yes", B: "no", C: "on", D: "off", E: "y", F: "2024-01-01" });
    expect(environment("{ G: 22:22, H: 1:30:00 }")).toEqual({ G: "22:22", H: "1:30:00" });
});

test("null is no value: of a variable, a key, an entry of the top level", () => {
    expect(environment("{ A: ~, B: null, C: , D: '' }")).toEqual({ D: "" });
    const { project } = folder.read(`
services: { web: { image: a, command: , ports: ~, labels: null, volumes: ["data:/x"], networks: { back: } } }
volumes: { data: ~ }
networks: { back: null }
`);
    expect(project.services.web).toMatchObject({ ports: [], labels: {}, command: undefined });
});

test("ports in the form 22:22 are ports", () => {
    expect(folder.web("ports: [22:22, 3306:3306/tcp, 80]").ports.map(({ published }) => published)).toEqual([
        22,
        3306,
        undefined,
    ]);
});

test.each([
    ["a merge of a text", "  web:\n    <<: 5\n    image: a\n", "compose.yaml:3:5: after << comes"],
    ["a merge of an unknown anchor", "  web:\n    <<: *no\n    image: a\n", "compose.yaml:3:9: there is no anchor &no"],
    ["a merge of a list with a text", "  web:\n    <<: [{}, x]\n", "compose.yaml:3:5: after << comes"],
    ["an unknown anchor", "  web: *web\n", "compose.yaml:2:8: there is no anchor &web"],
    ["an anchor in itself", "  web: { image: a, labels: &l [*l] }\n", "compose.yaml:2:32: the anchor &l holds itself"],
    ["a merge of itself", "  web: &w { image: a, <<: *w }\n", "compose.yaml:2:27: the anchor &w holds itself"],
    ["a map as a key", "  { a: b }: { image: a }\n", "compose.yaml:2:3: a key is a text"],
    ["bytes", "  web: { image: !!binary aGVsbG8= }\n", "compose.yaml:2:26: !!binary"],
    ["a set", "  web: { image: a, environment: !!set { A } }\n", "!!set is no type"],
    ["a tag for merging files", "  web: { image: a, ports: !reset [] }\n", "compose.yaml:2:27: !reset is not read"],
    ["a key twice", "  web:\n    image: a\n    image: b\n", "compose.yaml:4:5: "],
    ["a tab", "\tweb: { image: a }\n", "compose.yaml:2:1: "],
])("%s is a mistake with its line", (_what, services, start) => {
    expect(folder.errors(`services:\n${services}`)).toEqual([expect.stringContaining(start)]);
});

test("anchors that stand for billions are refused at once", () => {
    const lines = ["x0: &x0 [a, a, a, a, a, a, a, a, a, a]"];
    for (let i = 1; i < 12; i++)
        lines.push(
            `x${i}: &x${i} [${Array(10)
                .fill(`*x${i - 1}`)
                .join(", ")}]`,
        );
    expect(folder.errors(`${lines.join("\n")}\nservices: { web: { image: a } }`)).toEqual([
        expect.stringContaining("anchors stand for far too much"),
    ]);
});

test("several maps are merged, the first that has a key counts, and a key of the service itself before all", () => {
    const web = folder.read(`
x-a: &a { image: a, user: a }
x-b: &b { image: b, user: b, hostname: b }
services:
  web:
    <<: [*a, *b]
    image: own
`).project.services.web;
    expect(web).toMatchObject({ image: "own", user: "a", hostname: "b" });
});

test("a mistake in what is merged stands where it is written, one beside it in its own line", () => {
    expect(
        folder.errors(`
x-base: &base
  image: a
  restart: sometimes
services:
  web:
    <<: *base
    tty: maybe
`),
    ).toEqual([
        expect.stringMatching(/^compose\.yaml:4:3: services\.web\.restart: /),
        expect.stringMatching(/^compose\.yaml:8:5: services\.web\.tty: /),
    ]);
});

test("an alias of a list or text is read as if it stood there", () => {
    const { project } = folder.read(`
services:
  a: { image: &i nginx, dns: &d [1.1.1.1] }
  b: { image: *i, dns: *d }
`);
    expect(project.services.b).toMatchObject({ image: "nginx", dns: ["1.1.1.1"] });
});

test("names that JavaScript has for itself are names like others", () => {
    expect(folder.webErrors("depends_on: [constructor], links: [toString], networks: [valueOf]")).toHaveLength(3);
    const { warnings } = folder.read("services: { web: { image: a, user: $constructor } }");
    expect(warnings).toEqual([expect.stringContaining("constructor")]);
    expect(folder.errors("services: { __proto__: { image: a } }")).toEqual([
        "compose.yaml:1:13: services.__proto__: it cannot be a name; choose another",
    ]);
});
