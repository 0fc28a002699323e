import { dockerIgnore } from "../../components/services/image/dockerIgnore";

const ignored = (patterns: string[], relative: string) => dockerIgnore(patterns.join("\n")).ignore!(relative);
const entered = (patterns: string[], relative: string) => dockerIgnore(patterns.join("\n")).enterIgnored!(relative);

it.each<[string[], string, boolean]>([
    [["node_modules"], "node_modules", true],
    [["node_modules"], "node_modules/a/b", true],
    [["node_modules"], "web/node_modules", false],
    [["**/node_modules"], "web/a/node_modules/x", true],
    [["**/node_modules"], "node_modules/x", true],
    [["*.log"], "a.log", true],
    [["*.log"], "web/a.log", false],
    [["**/*.log"], "web/a.log", true],
    [["/dist/"], "dist/x", true],
    [["./dist"], "dist/x", true],
    [["dist/**"], "dist/a/b", true],
    [["*/temp*"], "web/temporary", true],
    [["temp?"], "temps", true],
    [["temp?"], "temp", false],
    [["*", "!src"], "src/main", false],
    [["*", "!src"], "README", true],
    [["src", "!src/keep", "src/keep/not"], "src/keep/yes", false],
    [["src", "!src/keep", "src/keep/not"], "src/keep/not", true],
    [["*.md", "!README*.md", "README-secret.md"], "README-secret.md", true],
    [["*.md", "!README*.md"], "README-x.md", false],
    [["# comment", "", "  spaced  "], "spaced", true],
    [["# comment"], "# comment", false],
    [["Thumbs.db"], "thumbs.db", false],
    [["a.b"], "axb", false],
    [["c++"], "c++", true],
    [["a(1"], "a(1", true],
    [["a^b"], "a^b", true],
    [["[^a]x"], "ax", false],
    [["[a-c]x"], "bx", true],
    [["[a-c]x"], "dx", false],
    [["\uFEFFfirst"], "first", true],
])("%j leaves out %s: %s", (patterns, relative, expected) => {
    expect(ignored(patterns, relative)).toBe(expected);
});

it("a folder that is left out is only entered for an exception in it", () => {
    expect(entered(["a", "b"], "a")).toBe(false);
    expect(entered(["*", "!src/keep"], "src")).toBe(true);
    expect(entered(["*", "!src/keep"], "other")).toBe(false);
    expect(entered(["*", "!src/keep"], "src/other")).toBe(false);
    expect(entered(["*", "!**/keep"], "other")).toBe(true);
});

it("lines may end as on Windows", () => {
    expect(dockerIgnore("a\r\nb\r\n").ignore!("a")).toBe(true);
});
