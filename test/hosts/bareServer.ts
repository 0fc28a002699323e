import * as fs from "node:fs";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import { installCommand } from "../../components/engine/installCommand";
import { HOST_IMAGE } from "./lab";
import { KeyPair } from "./labServer";
import { type Result, docker, root, run } from "./project";

const INSTALL_SCRIPT = fs.readFileSync(`${root}/scripts/install-docker.sh`, "utf8");

export interface BareServerOptions {
    /** What differs in its user data. Default: nothing */
    cloudConfig?: object;
    /** Folders of a size of their own, such as `{ "/var/lib/docker": "200m" }`, that a test can fill. Default: none */
    disks?: Record<string, string>;
}

/**
 * A server that is there already: a container of the host image in the lab's network, booted from user data, with root's
 * key and its own host key. No Docker. It can be broken at will: nothing else is on it.
 */
export class BareServer {
    readonly hostKey = new KeyPair();
    address = "";

    private constructor(
        readonly name: string,
        readonly client: KeyPair,
    ) {}

    /**
     * Starts a server, which boots on.
     *
     * @param what tells the servers of one test run apart
     * @param client key that logs in as root
     */
    static async launch(what: string, client: KeyPair, options: BareServerOptions = {}): Promise<BareServer> {
        const server = new BareServer(`berth-faults-${what}-${process.pid}`, client);
        const { disks = {} } = options;
        const isDisk = (folder: string) => folder in disks;
        const volumes = ["/var/lib/docker", "/var/lib/containerd"].filter((folder) => !isDisk(folder));
        await docker(
            ...["create", "--name", server.name, "--hostname", what, "--network", "berth-lab", "--cgroupns", "host"],
            ...["--volume", "/sys/fs/cgroup:/sys/fs/cgroup:rw", "--cap-add", "ALL"],
            ...(mayRaiseLimits() ? [] : ["--cap-drop", "SYS_RESOURCE"]),
            ...["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"].flatMap((option) => [
                "--security-opt",
                option,
            ]),
            ...["--tmpfs", "/run", "--tmpfs", "/tmp", ...volumes.flatMap((folder) => ["--volume", folder])],
            ...Object.entries(disks).flatMap(([folder, size]) => ["--tmpfs", `${folder}:exec,size=${size}`]),
            ...[HOST_IMAGE, "--unit=multi-user.target", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"],
        );
        await server.seed({ ...server.cloudConfig(what), ...options.cloudConfig });
        await server.start();
        return server;
    }

    /** Starts it, as a press of the power button does. */
    async start(): Promise<void> {
        await docker("start", this.name);
        const where = '{{(index .NetworkSettings.Networks "berth-lab").IPAddress}}';
        this.address = await docker("inspect", "--format", where, this.name);
    }

    /** Waits until cloud-init has ended. */
    async booted(): Promise<void> {
        await this.waitFor("[ -e /run/cloud-init/result.json ]");
    }

    /** Waits on the server itself, at most two minutes, until a command succeeds. */
    async waitFor(command: string): Promise<void> {
        const loop = `deadline=$((SECONDS + 120)); until { ${command}; } >/dev/null 2>&1; do
            [ "$SECONDS" -lt "$deadline" ] || exit 1; sleep 0.05; done`;
        const { code, all } = await this.try(loop);
        if (code !== 0) throw new Error(`${this.name}, not within 120 s: ${command}\n${all}`);
    }

    /** Runs a command line as root on the server, past sshd and the network. */
    try(command: string): Promise<Result> {
        const host = process.env.DOCKER_HOST;
        return run("docker", [...(host ? ["--host", host] : []), "exec", this.name, "bash", "-c", command]);
    }

    /** What a command line prints; fails where it fails. */
    async mustRun(command: string): Promise<string> {
        const { code, all } = await this.try(command);
        if (code !== 0) throw new Error(`${command}: ${all}`);
        return all.trim();
    }

    /** The words of an ssh that logs in as root by the pinned host key. */
    sshWords(command: string): string[] {
        const options = ["UserKnownHostsFile=/dev/null", `KnownHostsCommand=/bin/echo %H ${this.hostKey.public}`];
        const more = ["IdentitiesOnly=yes", "BatchMode=yes", "ConnectTimeout=5", "LogLevel=ERROR"];
        const flags = [...options, ...more].flatMap((option) => ["-o", option]);
        return [...flags, "-i", this.client.file, `root@${this.address}`, command];
    }

    /**
     * Installs Docker over SSH as the program does: the script on stdin, the options in the command.
     *
     * @param more options of scripts/install-docker.sh besides the lab's
     */
    install(internet: LabAnswer, more: { aptUrl?: string; fingerprint?: string; wait?: number } = {}): Promise<Result> {
        const { aptUrl: url = internet.aptUrl, fingerprint = internet.aptFingerprint, wait } = more;
        const spec = { users: [], apt: { url, fingerprint }, registryMirrors: [internet.registryMirror] };
        const command = `${installCommand(spec, "root")}${wait === undefined ? "" : ` --wait ${wait}`}`;
        return run("ssh", this.sshWords(command), { input: INSTALL_SCRIPT });
    }

    /**
     * Config of a stack on this server with one nginx.
     *
     * @param services what else runs, or runs instead: undefined takes `web` out
     * @param host what differs in `berth:host`
     */
    stackConfig(internet: LabAnswer, services: object = {}, host: object = {}): Record<string, unknown> {
        const { aptUrl: url, aptFingerprint: fingerprint, registryMirror, nginx } = internet;
        return {
            "berth:host": {
                kind: "existing",
                address: this.address,
                hostKey: this.hostKey.public,
                privateKeyFile: this.client.file,
                ...host,
            },
            "berth:engine": { apt: { url, fingerprint }, registryMirrors: [registryMirror] },
            "berth:services": { web: { image: `nginx:${nginx.at(-1)}`, ports: ["8080:80"] }, ...services },
        };
    }

    async remove(): Promise<void> {
        await docker("rm", "--force", "--volumes", this.name);
        this.hostKey.remove();
    }

    /** What cloud-init reads goes in before the first boot. */
    private async seed(cloudConfig: object): Promise<void> {
        const folder = "/var/lib/cloud/seed/nocloud";
        const files = {
            "user-data": `#cloud-config\n${JSON.stringify(cloudConfig)}\n`,
            "meta-data": `instance-id: ${this.name}\n`,
        };
        const source = fs.mkdtempSync("/tmp/berth-seed-");
        for (const [name, content] of Object.entries(files)) {
            fs.mkdirSync(`${source}${folder}`, { recursive: true });
            fs.writeFileSync(`${source}${folder}/${name}`, content, { mode: 0o600 });
        }
        await docker("cp", "--quiet", `${source}/var`, `${this.name}:/`);
        fs.rmSync(source, { recursive: true });
    }

    private cloudConfig(hostname: string): object {
        return {
            hostname,
            disable_root: false,
            manage_etc_hosts: true,
            ssh_deletekeys: true,
            ssh_keys: { ed25519_private: this.hostKey.private, ed25519_public: this.hostKey.public },
            users: [],
            write_files: [
                { path: "/root/.ssh/authorized_keys", content: `${this.client.public}\n`, permissions: "0600" },
            ],
        };
    }
}

const CAP_SYS_RESOURCE = 24n;

/** Whether this computer's engine can give a machine CAP_SYS_RESOURCE, which it may lack itself. */
function mayRaiseLimits(): boolean {
    const [, mask = "0"] = /^CapBnd:\s*([0-9a-f]+)$/m.exec(fs.readFileSync("/proc/1/status", "utf8")) ?? [];
    return ((BigInt(`0x${mask}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}
