import { execFile, execFileSync } from "node:child_process";
import { readFileSync, rmSync, mkdtempSync, writeFileSync } from "node:fs";
import { Socket, connect as dial } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Long enough for a packet on this computer, short enough for a test that waits for one that never comes. */
const NO_ANSWER = 1500;
/** For what waits on a condition; a busy machine takes its time. */
const DEADLINE = 120_000;

/** Asks again until the answer is there. */
export async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
    const end = Date.now() + DEADLINE;
    for (;;) {
        const answer = await ask();
        if (answer !== undefined) return answer;
        if (Date.now() > end) throw new Error(`not within ${String(DEADLINE / 1000)} s: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
}

/** Opens a TCP connection, or says that there is no answer. */
export function connect(address: string, port: number): Promise<Socket | undefined> {
    return new Promise((resolve) => {
        const socket = dial({ host: address, port });
        socket.setTimeout(NO_ANSWER, () => socket.destroy(new Error("no answer")));
        socket.once("connect", () => {
            socket.setTimeout(0);
            resolve(socket);
        });
        socket.on("error", () => resolve(undefined));
    });
}

/** Whether a port answers to this computer. */
export async function answers(address: string, port: number): Promise<boolean> {
    const socket = await connect(address, port);
    socket?.destroy();
    return socket !== undefined;
}

/** Whether a port answers to another container of the network, which asks by itself. */
export function answersTo(container: string, address: string, port: number): Promise<boolean> {
    const dials = `timeout ${String(NO_ANSWER / 1000)} bash -c '</dev/tcp/${address}/${String(port)}'`;
    return run("docker", ["exec", container, "sh", "-c", dials]).then(
        () => true,
        () => false,
    );
}

/** Sends a line to a server that sends each back, and gives what came. */
export function echo(socket: Socket, line: string): Promise<string> {
    return new Promise((resolve, reject) => {
        socket.setTimeout(NO_ANSWER, () => reject(new Error("the connection is silent")));
        socket.once("data", (data) => resolve(data.toString().trim()));
        socket.write(`${line}\n`);
    });
}

/** The keys of a machine that is not there yet: its own, and that of whoever logs in. */
export class Keys {
    private readonly folder = mkdtempSync(join(tmpdir(), "berth-ec2-keys-"));

    constructor() {
        for (const name of ["host", "client"]) {
            execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", join(this.folder, name)]);
        }
        writeFileSync(this.path("known_hosts"), `machine ${this.read("host.pub")}`);
    }

    private path(name: string): string {
        return join(this.folder, name);
    }

    private read(name: string): string {
        return readFileSync(this.path(name), "utf8");
    }

    get clientPublic(): string {
        return this.read("client.pub");
    }

    /** A user, both keys, and a server on port 9000 that sends back each line; it starts with the machine. */
    userData(): string {
        const unit = `[Service]\nExecStart=/usr/bin/python3 /usr/local/bin/echo.py\n[Install]\nWantedBy=multi-user.target\n`;
        const server = `import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", 9000), Echo).serve_forever()
`;
        const config = {
            users: [
                {
                    name: "ubuntu",
                    shell: "/bin/bash",
                    sudo: "ALL=(ALL) NOPASSWD:ALL",
                    ssh_authorized_keys: [this.clientPublic.trim()],
                },
            ],
            manage_etc_hosts: true,
            ssh_deletekeys: true,
            ssh_keys: { ed25519_private: this.read("host"), ed25519_public: this.read("host.pub").trim() },
            write_files: [
                { path: "/usr/local/bin/echo.py", content: server },
                { path: "/etc/systemd/system/echo.service", content: unit },
            ],
            runcmd: [["systemctl", "enable", "--now", "echo.service"]],
        };
        return `#cloud-config\n${JSON.stringify(config)}\n`;
    }

    /** Runs a command on the machine that has this host key; rejects where another answers. */
    async ssh(address: string, command: string): Promise<string> {
        const options = {
            UserKnownHostsFile: this.path("known_hosts"),
            HostKeyAlias: "machine",
            StrictHostKeyChecking: "yes",
            IdentityFile: this.path("client"),
            IdentitiesOnly: "yes",
            BatchMode: "yes",
            ConnectTimeout: "3",
            LogLevel: "ERROR",
        };
        const flags = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
        const { stdout } = await run("ssh", [...flags, `ubuntu@${address}`, command]);
        return stdout.trim();
    }

    /** Waits until the machine has booted and its echo server listens. */
    async booted(address: string): Promise<void> {
        await until(`${address} boots`, () =>
            this.ssh(address, "systemctl is-active echo.service").catch(() => undefined),
        );
    }

    remove(): void {
        rmSync(this.folder, { recursive: true, force: true });
    }
}
