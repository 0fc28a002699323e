import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import { checkArchive, writeArchive } from "../../scripts/lib/volumeArchive";

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "archive-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));
const archive = () => path.join(folder, "a.tar.gz");
const content = gzipSync(Buffer.alloc(100_000, "x"));
const write = (data: Iterable<Buffer>) => writeArchive(archive(), (target) => pipeline(Readable.from(data), target));

test("what was written is whole, and its unzipped size is known", async () => {
    expect(await write([content.subarray(0, 10), content.subarray(10)])).toBe(content.length);
    expect(fs.readdirSync(folder).sort()).toEqual(["a.tar.gz", "a.tar.gz.sha256"]);
    expect(await checkArchive(archive())).toBe(100_000);
    await expect(write([content])).rejects.toThrow("is there already");
});

test("what breaks off leaves nothing", async () => {
    function* broken() {
        yield content.subarray(0, 10);
        throw new Error("the host is gone");
    }
    await expect(write(broken())).rejects.toThrow("the host is gone");
    expect(fs.readdirSync(folder)).toEqual([]);
});

test.each(["a.tar.gz.part", "a.tar.gz.sha256.part"])(
    "a disk that gets full at %s leaves nothing that looks like an archive, and is named as the cause",
    async (draft) => {
        fs.symlinkSync("/dev/full", path.join(folder, draft)); // takes nothing, as a full disk
        await expect(write([content])).rejects.toThrow(/a\.tar\.gz cannot be written: ENOSPC/);
        expect(fs.readdirSync(folder)).toEqual([]);
    },
);

test("half an archive with a right checksum is refused before a host sees it", async () => {
    await write([content.subarray(0, content.length - 10)]);
    await expect(checkArchive(archive())).rejects.toThrow(/not a whole gzipped archive: the volume is as it was/);
});
