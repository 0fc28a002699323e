import {
    AllocateAddressCommand,
    AssociateAddressCommand,
    DisassociateAddressCommand,
    ReleaseAddressCommand,
} from "@aws-sdk/client-ec2";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { type LabAnswer } from "../../scripts/lib/hostImage";
import { Ec2Lab, tcp } from "./labEc2Client";
import { type Result, run, until } from "./project";

/** A key pair in a folder of its own. */
export class KeyPair {
    private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "berth-server-key-"));
    readonly file = path.join(this.folder, "key");

    constructor() {
        execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", this.file]);
    }
    get private(): string {
        return fs.readFileSync(this.file, "utf8");
    }
    get public(): string {
        return fs.readFileSync(`${this.file}.pub`, "utf8").trim();
    }
    remove(): void {
        fs.rmSync(this.folder, { recursive: true });
    }
}

/**
 * A server that somebody has set up long ago: `admin` with sudo, `root` with a key, `tom` whose sudo asks for a
 * password, a program on port 8088, and a ufw that says it is active.
 */
export class LabServer {
    readonly hostKey = new KeyPair();
    group = "";
    address = "";
    privateAddress = "";
    private allocation: string | undefined;
    private association: string | undefined;

    private constructor(
        private readonly lab: Ec2Lab,
        private readonly client: KeyPair,
    ) {}

    /** Launches the server; it boots on. */
    static async launch(lab: Ec2Lab, what: string, client: KeyPair): Promise<LabServer> {
        const server = new LabServer(lab, client);
        const group = (server.group = await lab.group(what));
        await lab.open(group, ...[22, 8080, 8081, 8085, 8088].map((port) => tcp(port)));
        const UserData = Buffer.from(server.userData()).toString("base64");
        const InstanceId = await lab.launch({ SecurityGroupIds: [group], UserData });
        const { AllocationId, PublicIp } = await lab.ec2.send(new AllocateAddressCommand({}));
        server.allocation = AllocationId;
        server.address = PublicIp ?? "";
        const associate = new AssociateAddressCommand({ InstanceId, AllocationId });
        server.association = (await lab.ec2.send(associate)).AssociationId;
        server.privateAddress = (await lab.describe(InstanceId)).PrivateIpAddress ?? "";
        return server;
    }

    booted(): Promise<void> {
        return until("the server has booted", async () => {
            const { code } = await this.ssh(
                "root",
                "test -e /run/cloud-init/result.json && ss -Hltn sport = 8088 | grep -q .",
            );
            return code === 0;
        });
    }

    ssh(user: string, command: string): Promise<Result> {
        const options = [
            ...["-o", "UserKnownHostsFile=/dev/null", "-o", `KnownHostsCommand=/bin/echo %H ${this.hostKey.public}`],
            ...["-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", "ConnectTimeout=3", "-o", "LogLevel=ERROR"],
        ];
        return run("ssh", [...options, "-i", this.client.file, `${user}@${this.address}`, command]);
    }

    /** What a command of root's prints; fails where the command fails. */
    async asRoot(command: string): Promise<string> {
        const { code, all } = await this.ssh("root", command);
        if (code !== 0) throw new Error(`${command}: ${all}`);
        return all.trim();
    }

    async hasDocker(): Promise<boolean> {
        return (await this.ssh("root", "command -v docker")).code === 0;
    }

    /**
     * Config of a stack on this server, by `admin` and the client's key, with one nginx.
     *
     * @param port of the server's that nginx has
     * @param host what differs in `berth:host`; undefined takes a key out
     */
    stackConfig(internet: LabAnswer, port: number, host: object = {}): Record<string, unknown> {
        const { aptUrl: url, aptFingerprint: fingerprint, registryMirror, nginx } = internet;
        return {
            "berth:host": {
                kind: "existing",
                address: this.address,
                user: "admin",
                hostKey: this.hostKey.public,
                privateKeyFile: this.client.file,
                ...host,
            },
            "berth:engine": { apt: { url, fingerprint }, registryMirrors: [registryMirror] },
            "berth:services": { web: { image: `nginx:${nginx.at(-1)}`, ports: [`${port}:80`] } },
        };
    }

    async remove(): Promise<void> {
        await this.lab.ec2.send(new DisassociateAddressCommand({ AssociationId: this.association }));
        await this.lab.ec2.send(new ReleaseAddressCommand({ AllocationId: this.allocation }));
        this.hostKey.remove();
    }

    private userData(): string {
        const user = (name: string, sudo: string) => ({
            name,
            sudo,
            shell: "/bin/bash",
            ssh_authorized_keys: [this.client.public],
        });
        const config = {
            users: [user("admin", "ALL=(ALL) NOPASSWD:ALL"), user("tom", "ALL=(ALL) ALL")],
            disable_root: false,
            manage_etc_hosts: true,
            ssh_deletekeys: true,
            ssh_keys: { ed25519_private: this.hostKey.private, ed25519_public: this.hostKey.public },
            write_files: [
                { path: "/usr/sbin/ufw", content: "#!/bin/sh\necho 'Status: active'\n", permissions: "0755" },
                { path: "/root/.ssh/authorized_keys", content: `${this.client.public}\n`, permissions: "0600" },
            ],
            runcmd: [
                [
                    "systemd-run",
                    "--unit=shop",
                    "--working-directory=/usr/share",
                    "python3",
                    "-m",
                    "http.server",
                    "8088",
                ],
            ],
        };
        return `#cloud-config\n${JSON.stringify(config)}\n`;
    }
}
