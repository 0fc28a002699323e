import * as path from "node:path";
import { readVolumeTask } from "../../scripts/lib/volumeTask";

const read = (line: string) => readVolumeTask(line.split(" "));
const file = path.resolve("f.tar.gz");

test.each([
    ["save db f.tar.gz", { action: "save", volume: "db", file, how: "pause" }],
    ["save --stop db f.tar.gz", { action: "save", volume: "db", file, how: "stop" }],
    ["restore db f.tar.gz", { action: "restore", volume: "db", file, how: "new" }],
    ["restore db f.tar.gz --replace", { action: "restore", volume: "db", file, how: "replace" }],
    ["restore db --undo", { action: "undo", volume: "db" }],
    ["restore --remove-old db", { action: "remove-old", volume: "db" }],
    ["save -- db --stop", { action: "save", volume: "db", file: path.resolve("--stop"), how: "pause" }],
])("%s", (line, task) => expect(read(line)).toEqual(task));

test.each([
    "save db",
    "save db --undo",
    "save db f --replace",
    "restore db",
    "restore db f --undo",
    "restore db --undo --remove-old",
    "restore db f g",
    "undo db",
    "restore --undo",
])("%s is not understood", (line) => expect(read(line)).toBeUndefined());
