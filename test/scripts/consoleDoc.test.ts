import { consoleSteps, mismatch, shapeOf } from "../hosts/consoleDoc";

const document = `# A title

\`\`\`bash
$ not this
\`\`\`

\`\`\`console
$ one
$ two 'a b'
out
…
$ docker exec -it x bash
root@0c1d2e3f4a5b:/# cat /note
text
root@0c1d2e3f4a5b:/tmp# exit
exit
\`\`\`

\`\`\`console
$ logs -f
line
^C
\`\`\`
`;

test("commands of console blocks, what they print, and what is typed", () =>
    expect(consoleSteps(document)).toEqual([
        { command: "one", typed: [], expected: [], interrupted: false },
        { command: "two 'a b'", typed: [], expected: ["out", "…"], interrupted: false },
        {
            command: "docker exec -it x bash",
            typed: ["cat /note", "exit"],
            expected: ["root@0c1d2e3f4a5b:/# cat /note", "text", "root@0c1d2e3f4a5b:/tmp# exit", "exit"],
            interrupted: false,
        },
        { command: "logs -f", typed: [], expected: ["line"], interrupted: true },
    ]));

test.each([
    ["a54ad9c4f0b1   Up 3 seconds", "0123456789ab Up About a minute"],
    ["ubuntu  latest  130MB", "ubuntu latest 99.5MB"],
    ['10.0.0.1 - - [25/Nov/2026:20:12:01 +0000] "GET /" 200', '127.0.0.1 - - [01/Jan/2030:00:00:00 +0000] "GET /" 200'],
    ["2026-11-25 20:14 UTC", "2030-01-01 00:00 UTC"],
])("%j looks like %j", (a, b) => expect(shapeOf(a)).toBe(shapeOf(b)));

test.each<[string[], string[], string | undefined]>([
    [["a", "b"], ["a", "b"], undefined],
    [["a 1"], ["a  22", ""], undefined],
    [["a", "b"], ["a", "c"], "b"],
    [["a", "b"], ["a", "x", "b"], "b"],
    [["a", "…", "b"], ["a", "x", "y", "b"], undefined],
    [["…", "b"], ["a"], "b"],
    [["a"], ["a", "b"], "nothing more; but there is: b"],
    [["a", "…"], ["a", "b"], undefined],
    [["a … z"], ["a b c z"], undefined],
    [["a … z"], ["a b c"], "a … z"],
    [[], [], undefined],
    [["a"], [], "a"],
])("%j for %j: %j", (expected, actual, result) => expect(mismatch(expected, actual)).toBe(result));
