import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { Transform, type Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { asRoot } from "../../components/host/asRoot";
import { type AskedContainer, expectedOn } from "./drift/expected";
import { hostCommand, notUnderstood } from "./hostCommand";
import { type NamedHost, chooseHost, openStack } from "./hosts";
import { stackPrefix } from "./labels";
import { UserError, say } from "./progress";
import { Pulumi } from "./pulumiCli";
import { alone } from "./stack";
import { sshWords } from "./state";

const USAGE = `./scripts/volume [-s STACK] [-H HOST] save NAME FILE [--stop]
./scripts/volume [-s STACK] [-H HOST] restore NAME FILE [--replace]

save writes a named volume into FILE, a gzipped tar archive, and its SHA-256 into FILE.sha256. What writes into the volume
is paused meanwhile: the archive is of one moment. --stop stops it instead, so that it can put everything in order first.

restore puts the archive into the volume, which ./scripts/up has made: on the same host, or on a new one. What uses the
volume is stopped for a moment. A volume with content is refused; --replace has its content replaced.

NAME is the volume's name in the stack, or on the engine.
`;
const SCRIPT = fs.readFileSync(path.join(__dirname, "../volume-data.sh"), "utf8");

interface Task {
    action: "save" | "restore";
    volume: string;
    file: string;
    how: string;
}

hostCommand(USAGE, ({ stack, host, rest }) => {
    const task = readTask(rest);
    return alone(stack, async () => {
        const { hosts, resources } = await openStack(await Pulumi.find(), stack);
        const on = chooseHost(hosts, host);
        const prefix = stackPrefix(stack);
        const { volumes, containers } = expectedOn(on, resources, prefix);
        const anonymous = containers.flatMap(({ asked }) => anonymousVolumes(asked, prefix));
        const volume = volumeNamed(task.volume, [...volumes, ...anonymous], prefix);
        if (task.action === "save") await save(on, { ...task, volume });
        else await restore(on, { ...task, volume });
        return 0;
    });
});

function readTask(words: string[]): Task {
    const [action, ...more] = words;
    const flag = action === "save" ? "--stop" : "--replace";
    const named = more.filter((word) => word !== flag && word !== "--");
    const isFlag = (word: string, at: number) => word.startsWith("--") && !more.slice(0, at).includes("--");
    const [volume, file] = named;
    if ((action !== "save" && action !== "restore") || !volume || !file || named.length > 2 || named.some(isFlag)) {
        throw notUnderstood(words.join(" ") || "nothing", USAGE);
    }
    const asked = more.includes(flag);
    const how = action === "save" ? (asked ? "stop" : "pause") : asked ? "replace" : "new";
    return { action, volume, file: path.resolve(file), how };
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

async function save(host: NamedHost, task: Task): Promise<void> {
    const { file } = task;
    if (fs.existsSync(file)) throw new UserError(`${file} is there already: choose another name`);
    const draft = `${file}.part`;
    const sum = createHash("sha256");
    try {
        await onHost(host, task, async (_stdin, stdout) => {
            await pipeline(stdout, watched(sum), fs.createWriteStream(draft, { mode: 0o600, flush: true }));
        });
    } catch (error) {
        fs.rmSync(draft, { force: true });
        throw error;
    }
    fs.writeFileSync(`${file}.sha256`, `${sum.digest("hex")}  ${path.basename(file)}\n`, { mode: 0o600 });
    fs.renameSync(draft, file);
    say(`${task.volume} is in ${file} (${fs.statSync(file).size} bytes), its checksum beside it`);
}

async function restore(host: NamedHost, task: Task): Promise<void> {
    await checkSum(task.file);
    await onHost(host, task, async (stdin) => pipeline(fs.createReadStream(task.file), stdin));
    say(`${task.volume} has the content of ${task.file}`);
}

/** A broken archive is refused before anything is touched. */
async function checkSum(file: string): Promise<void> {
    if (!fs.existsSync(file)) throw new UserError(`there is no ${file}`);
    if (!fs.existsSync(`${file}.sha256`)) {
        throw new UserError(`${file}.sha256 is missing. If you trust the archive: sha256sum FILE > FILE.sha256`);
    }
    const sum = createHash("sha256");
    await pipeline(fs.createReadStream(file), sum);
    const [wanted] = fs.readFileSync(`${file}.sha256`, "utf8").split(/\s/);
    if (sum.digest("hex") !== wanted) throw new UserError(`${file} is not what was saved: its checksum is another`);
}

function watched(sum: ReturnType<typeof createHash>): Transform {
    return new Transform({
        transform(chunk: Buffer, _encoding, done) {
            sum.update(chunk);
            done(undefined, chunk);
        },
    });
}

/** Runs volume-data.sh on the host; what it says is for the person. */
async function onHost(
    host: NamedHost,
    { action, volume, how }: Task,
    carry: (stdin: Writable, stdout: Readable) => Promise<void>,
): Promise<void> {
    const command = asRoot(host.user, ["bash", "--norc", "-c", SCRIPT, "volume-data", action, volume, how]);
    const [ssh = "", ...words] = sshWords(host, ["-o", "BatchMode=yes"]);
    const child = spawn(ssh, [...words, command], { stdio: ["pipe", "pipe", "inherit"] });
    const ended = new Promise<number | undefined>((resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code) => resolve(code ?? undefined));
    });
    if (action === "save") child.stdin.end();
    else child.stdout.resume();
    const carried = await carry(child.stdin, child.stdout).then(
        () => undefined,
        (error: Error) => error,
    );
    const code = await ended;
    if (code !== 0)
        throw new UserError(`${volume}: ${action} failed${code === 255 ? ", the host does not answer" : ""}`);
    if (carried) throw carried;
}
