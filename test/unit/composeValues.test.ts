import * as fc from "fast-check";
import { parseDuration, parseSize } from "../../components/services/compose/quantities";
import { shortPort } from "../../components/services/compose/schema/ports";
import { Wrong } from "../../components/services/compose/schema/values";
import { shellWords } from "../../components/services/compose/shellWords";

/** A duration as Go writes it: `1m30s`, `500ms`, `1.5s`. */
function goDuration(ms: number): string {
    if (ms === 0) return "0s";
    if (ms < 1) return `${ms * 1000}µs`;
    if (ms < 1000) return `${ms}ms`;
    const hours = Math.floor(ms / 3600_000);
    const minutes = Math.floor(ms / 60_000) % 60;
    const seconds = Number(((ms % 60_000) / 1000).toFixed(6));
    return `${hours > 0 ? `${hours}h` : ""}${hours + minutes > 0 ? `${minutes}m` : ""}${seconds}s`;
}

const MIB = 1024 * 1024;

test.each([
    ["64m", 64 * MIB],
    ["64M", 64 * MIB],
    ["64MB", 64 * MIB],
    ["64MiB", 64 * MIB],
    ["64 m", 64 * MIB],
    ["1.5g", 1536 * MIB],
    [".5g", 512 * MIB],
    ["2k", 2048],
    ["5b", 5],
    ["1t", 1024 * 1024 * MIB],
    ["4096", 4096],
    [4096, 4096],
])("the size %j is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
});

test.each(["", "m", "-1", "64x", "1,5g", "64mm", "1.5.5g", "NaN", -5, NaN])("%j is no size", (text) => {
    expect(parseSize(text)).toBeUndefined();
});

test.each([
    ["500ms", 500],
    ["1m30s", 90_000],
    ["1h", 3600_000],
    ["1.5s", 1500],
    ["100us", 0.1],
    ["1d", 86_400_000],
    ["1w", 604_800_000],
    ["0", 0],
    ["0s", 0],
])("the duration %s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
});

test.each(["", "5", "-1s", "1 m", "1m 30s", "m", "1x", "1y"])("%j is no duration", (text) => {
    expect(parseDuration(text)).toBeUndefined();
});

test("a time written as Go writes it is the same time", () => {
    fc.assert(fc.property(fc.nat(10 ** 9), (ms) => expect(parseDuration(goDuration(ms))).toBe(ms)));
    expect([1500, 90_000, 5_400_000, 500, 0].map(goDuration)).toEqual(["1.5s", "1m30s", "1h30m0s", "500ms", "0s"]);
});

test.each([
    ["80", [{ target: 80 }]],
    ["8080:80", [{ published: 8080, target: 80 }]],
    [":80", [{ target: 80 }]],
    ["0:80", [{ target: 80 }]],
    ["127.0.0.1:8080:80", [{ hostIp: "127.0.0.1", published: 8080, target: 80 }]],
    ["127.0.0.1::80", [{ hostIp: "127.0.0.1", target: 80 }]],
    ["[::1]:8080:80", [{ hostIp: "::1", published: 8080, target: 80 }]],
    ["[::1]::80", [{ hostIp: "::1", target: 80 }]],
    ["80-81", [{ target: 80 }, { target: 81 }]],
    [
        "8000-8001:80-81",
        [
            { published: 8000, target: 80 },
            { published: 8001, target: 81 },
        ],
    ],
])("the port %s is read", (text, ports) => {
    expect(shortPort(text)).toEqual(ports.map((port) => ({ ...port, protocol: "tcp" })));
});

test("a protocol is read in small and large letters", () => {
    expect(["53:53/udp", "53:53/UDP", "53:53/sctp"].map((text) => shortPort(text))).toEqual(
        ["udp", "udp", "sctp"].map((protocol) => [{ published: 53, target: 53, protocol }]),
    );
});

test.each([
    "",
    "http",
    "80:",
    "80:http",
    "0",
    "80:0",
    "65536",
    "99999:80",
    "81-80",
    "8000-8002:80",
    "8000-8002:80-81",
    "80:80/http",
    "80:80/tcp/udp",
    "1.2.3:80:80",
    "localhost:80:80",
    "1:2:3:4",
    "-80",
])("%j is no port", (text) => {
    expect(shortPort(text)).toBeInstanceOf(Wrong);
});

const port = fc.integer({ min: 1, max: 65_535 });

test("any port, range, address and protocol is read as it is written", () => {
    const address = fc.option(fc.oneof(fc.ipV4(), fc.ipV6()), { nil: undefined });
    const written = fc.tuple(address, port, port, fc.nat(20), fc.constantFrom("tcp", "udp", "sctp"));
    fc.assert(
        fc.property(written, ([ip, outside, inside, more, protocol]) => {
            fc.pre(outside + more <= 65_535 && inside + more <= 65_535);
            const range = (from: number) => (more === 0 ? `${from}` : `${from}-${from + more}`);
            const before = ip === undefined ? "" : `${ip.includes(":") ? `[${ip}]` : ip}:`;
            const read = shortPort(`${before}${range(outside)}:${range(inside)}/${protocol}`);
            expect(read).toEqual(
                Array.from({ length: more + 1 }, (_, i) => ({
                    ...(ip !== undefined && { hostIp: ip }),
                    published: outside + i,
                    target: inside + i,
                    protocol,
                })),
            );
        }),
    );
});

test.each([
    ["echo hi", ["echo", "hi"]],
    ["  a\t b ", ["a", "b"]],
    ["", []],
    [`sh -c 'echo "a b" $X; exit'`, ["sh", "-c", 'echo "a b" $X; exit']],
    [`--x="a b"c`, ["--x=a bc"]],
    [`a\\ b "c\\"d" "e\\f"`, ["a b", 'c"d', "ef"]],
    [`'a\\b'`, ["a\\b"]],
    [`a ''`, ["a", ""]],
    ["echo # no comment", ["echo", "#", "no", "comment"]],
])("the command %j has the words %j", (text, words) => {
    expect(shellWords(text)).toEqual(words);
});

test("a quote that is never closed is a mistake", () => {
    expect(shellWords("echo 'a")).toBe("a quote is never closed");
});

test.each(["a | b", "a && b", "a > b", "a; b", "(a)", "`a`", "echo $(a)"])(
    "%j is refused: Compose would cut it off or keep it as a word",
    (text) => expect(shellWords(text)).toMatch(/^no shell reads it/),
);

test("words in quotes come out as they are", () => {
    const word = fc.string({ unit: fc.constantFrom("a", " ", '"', "$", "|", "\\", "\n") });
    fc.assert(
        fc.property(fc.array(word, { minLength: 1 }), (words) => {
            expect(shellWords(words.map((text) => `'${text}'`).join(" "))).toEqual(words);
        }),
    );
});
