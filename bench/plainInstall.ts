import * as fs from "node:fs";
import * as path from "node:path";
import { localMissingCapabilities } from "../components/host";
import { execute, run } from "../scripts/lib/commands";

export interface PlainInstallArgs {
    /** Holds the private key `client`. */
    folder: string;
    userData: string;
    hostKey: string;
    /** Port of this computer that nginx shall answer on. */
    port: number;
    /** Config of the stack `local`: image, engine, lab. */
    config: Record<string, Record<string, unknown>>;
}

/** What a person types who installs Docker by hand and starts nginx. */
const INSTALL = `set -eu
install -d -m 755 /etc/apt/keyrings /etc/docker
curl -fsS "$APT/gpg" -o /etc/apt/keyrings/docker.asc
. /etc/os-release
echo "deb [arch=$(dpkg --print-architecture) signed-by=/etc/apt/keyrings/docker.asc] $APT $VERSION_CODENAME stable" > /etc/apt/sources.list.d/docker.list
echo "{\\"registry-mirrors\\":[\\"$MIRROR\\"],\\"log-driver\\":\\"local\\",\\"live-restore\\":true}" > /etc/docker/daemon.json
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin >/dev/null
usermod -aG docker ubuntu
docker run -d --name web --restart unless-stopped -p 8080:80 nginx:1.30 >/dev/null
until curl -fsS -o /dev/null http://127.0.0.1:8080; do sleep 0.1; done
`;

/** @returns seconds from `docker run` of the machine until nginx answers on this computer */
export async function plainInstall({ folder, userData, hostKey, port, config }: PlainInstallArgs): Promise<number> {
    const { image, dockerHost } = config["berth:host"] as { image: string; dockerHost: string };
    const lab = config["berth:lab"] as { network: string; aptUrl: string; registryMirror: string } | undefined;
    const name = `berth-bench-plain-${process.pid}`;
    const docker = (...args: string[]) => run("docker", ["--host", dockerHost, ...args]);
    const seed = path.join(folder, "seed");
    fs.mkdirSync(seed);
    fs.writeFileSync(path.join(seed, "user-data"), userData);
    fs.writeFileSync(path.join(seed, "meta-data"), "instance-id: bench\nlocal-hostname: bench\n");
    fs.writeFileSync(path.join(folder, "known_hosts"), `127.0.0.1 ${hostKey}\n`);
    const apt = lab?.aptUrl ?? "https://download.docker.com/linux/ubuntu";
    const started = performance.now();
    try {
        const drops = localMissingCapabilities().flatMap((capability) => ["--cap-drop", capability]);
        const options = ["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"];
        await docker(
            ...["run", "-d", "--name", name, "--cgroupns", "host", "-v", "/sys/fs/cgroup:/sys/fs/cgroup:rw"],
            ...["--cap-add", "ALL", ...drops, ...options.flatMap((o) => ["--security-opt", o])],
            ...["--tmpfs", "/run", "--tmpfs", "/tmp", "-v", "/var/lib/docker", "-v", "/var/lib/containerd"],
            ...["-v", `${seed}:/var/lib/cloud/seed/nocloud:ro`, ...(lab ? ["--network", lab.network] : [])],
            ...["-p", "127.0.0.1::22", "-p", `127.0.0.1:${port}:8080`, image],
            ...["--unit=multi-user.target", "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"],
        );
        const sshPort = (await docker("port", name, "22")).split(":").at(-1) ?? "";
        const ssh = [
            ...[
                "-p",
                sshPort,
                "-i",
                path.join(folder, "client"),
                "-o",
                "BatchMode=yes",
                "-o",
                "HostKeyAlias=127.0.0.1",
            ],
            ...["-o", `UserKnownHostsFile=${path.join(folder, "known_hosts")}`, "-o", "StrictHostKeyChecking=yes"],
            "ubuntu@127.0.0.1",
        ];
        const script = `APT='${apt}'\nMIRROR='${lab?.registryMirror ?? ""}'\n${INSTALL}`;
        // sshd is not up yet: dial until it is, as a person would.
        while ((await execute("ssh", [...ssh, "true"])).exitCode === 255);
        await run("ssh", [...ssh, "sudo bash -s"], { input: script });
        const { status } = await fetch(`http://127.0.0.1:${port}`);
        if (status !== 200) throw new Error(`HTTP ${status}`);
        return (performance.now() - started) / 1000;
    } finally {
        await docker("rm", "-fv", name);
    }
}
