import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { asRoot } from "../../components/host/asRoot";
import type { AskedContainer } from "./drift/asked";
import { expectedOn } from "./drift/expected";
import { hostCommand, notUnderstood } from "./hostCommand";
import { type NamedHost, chooseHost, openStack } from "./hosts";
import { stackPrefix } from "./labels";
import { relay } from "./printable";
import { UserError, say } from "./progress";
import { Pulumi } from "./pulumiCli";
import { alone } from "./stack";
import { sshWords } from "./state";
import { checkArchive, writeArchive } from "./volumeArchive";
import { type ArchiveTask, readVolumeTask } from "./volumeTask";

const USAGE = `./scripts/volume [-s STACK] [-H HOST] save NAME FILE [--stop]
./scripts/volume [-s STACK] [-H HOST] restore NAME FILE [--replace]
./scripts/volume [-s STACK] [-H HOST] restore NAME --undo|--remove-old

save writes a named volume into FILE, a gzipped tar archive, and its SHA-256 into FILE.sha256. What writes into the volume
is paused meanwhile: the archive is of one moment. --stop stops it instead, so that it can put everything in order first.
What was paused already stays so.

restore puts the archive into the volume, which ./scripts/up has made: on the same host, or on a new one. What uses the
volume is stopped for a moment, and started again. A volume with content is refused; --replace has its content replaced.

The content before it stays on the host, beside the new one. --undo exchanges them; --remove-old removes it, once what uses
the volume is healthy with the new. The next restore of the volume takes its place. A run that was killed is put in order
by the next one.

NAME is the volume's name in the stack, or on the engine.
`;
const SCRIPT = fs.readFileSync(path.join(__dirname, "../volume-data.sh"), "utf8");
/** volume-data.sh: the content is exchanged, and what uses it does not get healthy. */
const NOT_HEALTHY = 3;
/** Errors of a disk of this computer, not of a connection. */
const HERE = new Set(["ENOSPC", "EDQUOT", "EFBIG", "EIO", "EROFS"]);

hostCommand(USAGE, ({ stack, host, rest }) => {
    const task = readVolumeTask(rest);
    if (task === undefined) throw notUnderstood(rest.join(" ") || "nothing", USAGE);
    return alone(stack, async () => {
        const { hosts, resources } = await openStack(await Pulumi.find(), stack);
        const on = { stack, host: chooseHost(hosts, host) };
        const prefix = stackPrefix(stack);
        const { volumes, containers } = expectedOn(on.host, resources, prefix);
        const anonymous = containers.flatMap(({ asked }) => anonymousVolumes(asked, prefix));
        const volume = volumeNamed(task.volume, [...volumes, ...anonymous], prefix);
        if (task.action === "save") await save(on, { ...task, volume });
        else if (task.action === "restore") await restore(on, { ...task, volume });
        else await afterRestore(on, task.action, volume);
        return 0;
    });
});

/** Where a volume is. */
interface Place {
    stack: string;
    host: NamedHost;
}

/** The command that does something about a restored volume: of this stack and host, and no other. */
function restoreCommand({ stack, host }: Place, volume: string): string {
    const which = host.name === "host" ? "" : ` -H ${host.name}`;
    return `./scripts/volume -s ${stack}${which} restore ${volume}`;
}

/** Names of the volumes that the file gives no name: Docker's own, or the stack's. */
function anonymousVolumes({ mounts }: AskedContainer, prefix: string): string[] {
    const sources = (mounts ?? []).map(({ source }) => source ?? "");
    return sources.filter((name) => /^[0-9a-f]{64}$/.test(name) || name.startsWith(`${prefix}-`));
}

/** A volume of the stack by its name in the stack, or on the engine. */
function volumeNamed(name: string, volumes: string[], prefix: string): string {
    const found = [name, `${prefix}_${name}`].find((candidate) => volumes.includes(candidate));
    if (found !== undefined) return found;
    const names = volumes.map((volume) => volume.replace(`${prefix}_`, "")).join(", ");
    throw new UserError(
        `the stack has no volume ${JSON.stringify(name)}: ${names === "" ? "it has none" : `choose one of ${names}`}`,
    );
}

async function save(place: Place, task: ArchiveTask): Promise<void> {
    const { file } = task;
    const size = await writeArchive(file, (archive) =>
        onHost(place, ["save", task.volume, task.how], (stdin, stdout) => {
            stdin.end();
            return pipeline(stdout, archive);
        }),
    );
    say(`${task.volume} is in ${file} (${size} bytes), its checksum beside it`);
}

async function restore(place: Place, task: ArchiveTask): Promise<void> {
    const { file, volume } = task;
    const bytes = await checkArchive(file);
    await onHost(place, ["restore", volume, task.how, String(bytes)], (stdin, stdout) => {
        stdout.resume();
        return pipeline(fs.createReadStream(file), stdin);
    });
    say(
        `${volume} has the content of ${file}. Where it replaced another, ` +
            `${restoreCommand(place, volume)} --undo puts that back, and --remove-old removes it`,
    );
}

async function afterRestore(place: Place, action: "undo" | "remove-old", volume: string): Promise<void> {
    await onHost(place, [action, volume], (stdin, stdout) => {
        stdin.end();
        stdout.resume();
        return Promise.resolve();
    });
    say(
        action === "undo"
            ? `${volume} has its earlier content again: another --undo takes that back, --remove-old removes the other`
            : `the content beside that of ${volume} is removed`,
    );
}

/** Runs volume-data.sh on the host; what it says on stderr is for the person. */
async function onHost(
    place: Place,
    words: string[],
    carry: (stdin: Writable, stdout: Readable) => Promise<void>,
): Promise<void> {
    const { host } = place;
    const command = asRoot(host.user, ["bash", "--norc", "-c", SCRIPT, "volume-data", ...words]);
    const [ssh = "", ...options] = sshWords(host, ["-o", "BatchMode=yes"]);
    const child = spawn(ssh, [...options, command], { stdio: ["pipe", "pipe", "pipe"] });
    relay(child.stderr);
    const ended = new Promise<number | undefined>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code ?? undefined));
    });
    const carried = await carry(child.stdin, child.stdout).then(
        () => undefined,
        (error: NodeJS.ErrnoException) => error,
    );
    const code = await ended;
    // What went wrong on this computer is the cause of what went wrong on the host.
    if (carried?.code !== undefined && HERE.has(carried.code)) throw new UserError(`this computer: ${carried.message}`);
    const [action = "", volume = ""] = words;
    if (code === NOT_HEALTHY && action === "restore") {
        throw new UserError(
            `${volume}: what uses it is not healthy with the restored content, which stays in place. The earlier content is ` +
                `kept: ${restoreCommand(place, volume)} --undo puts it back; where it was empty, there is none`,
        );
    }
    if (code === NOT_HEALTHY)
        throw new UserError(`${volume}: its earlier content is back, and what uses it is not healthy`);
    if (code !== 0)
        throw new UserError(`${volume}: ${action} failed${code === 255 ? ", the host does not answer" : ""}`);
    if (carried) throw carried;
}
