import { spawn } from "node:child_process";

export interface Phase {
    name: string;
    seconds: number;
}

/** The end of each phase, by what `./scripts/up` prints. */
const ENDS: { name: string; line: RegExp }[] = [
    { name: "set-up (engine, image, lab)", line: /^Updating \(/ },
    { name: "program, keys, machine", line: /host-machine created/ },
    { name: "boot to SSH", line: /berth: wait / },
    { name: "Docker: repository", line: /berth: repository / },
    { name: "Docker: packages", line: /berth: packages / },
    { name: "Docker: daemon, users, check", line: /engine-install created/ },
    { name: "image", line: /web-image created/ },
    { name: "container until healthy", line: /web-gate created/ },
];

/** Runs a command and takes the time between the lines that end its phases; the last phase ends with an answer at the URL. */
export async function measurePhases(command: string, args: string[], url: string): Promise<Phase[]> {
    const phases: Phase[] = [];
    let last = performance.now();
    const mark = (name: string) => {
        const now = performance.now();
        phases.push({ name, seconds: (now - last) / 1000 });
        last = now;
    };
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
    let rest = "";
    let next = 0;
    child.stdout.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
            const index = ENDS.findIndex((end, i) => i >= next && end.line.test(line));
            if (index < 0) continue;
            mark(ENDS[index]?.name ?? "");
            next = index + 1;
        }
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    if (code !== 0) throw new Error(`${command} ended with ${String(code)}`);
    const { status } = await fetch(url);
    if (status !== 200) throw new Error(`${url}: HTTP ${status}`);
    mark("outputs, HTTP 200");
    return phases;
}
