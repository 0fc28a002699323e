import * as fs from "node:fs";
import * as path from "node:path";
import { dockerKey } from "../../scripts/fakes/fakeHost";
import type { Scenario } from "./scenario";

/** The commands that install-docker.sh runs on a host, as the tests of its own have them. */
const commands = fs.readFileSync(path.join(__dirname, "../../scripts/fakes/host-commands.sh"), "utf8");
const faked =
    "dpkg dpkg-query apt-cache apt-get apt-mark curl gpg systemctl docker dockerd id usermod runuser cloud-init journalctl";
const fakes = Object.fromEntries(
    faked.split(" ").map((name) => [name, `BASH_ENV= FAKE_HOST=/engine exec /harness/commands/${name} "$@"`]),
);
const host = `
mkdir -p /harness/commands /world/root /world/etc/docker /world/var/lib/apt/lists
cat >/harness/commands/all <<'COMMANDS'
${commands}
COMMANDS
chmod 755 /harness/commands/all
for name in ${faked}; do ln -s all /harness/commands/$name; done
printf 'ID=debian\\nVERSION_CODENAME="trixie"\\n' >/world/etc/os-release
touch /world/var/lib/apt/lists/deb_dists_trixie_Packages
echo '{ "bip": "10.9.0.1/16", "log-opts": { "max-size": "1m" } }' >/world/etc/docker/daemon.json
cd /engine
echo amd64 >architecture
touch audit calls held
printf '%s 5:28.5.2-1~debian.13~trixie\\n' docker-ce docker-ce-cli >available
echo "ca-certificates 2025" >installed
echo true >live-restore
printf -- '-----BEGIN PGP PUBLIC KEY BLOCK-----\\nprimary ${dockerKey}\\n' >key
echo inactive >swarm
echo "deploy deploy" >users
echo 0 >cloud-init`;

export const installDocker: Scenario[] = [
    {
        does: "installs Docker, and keeps the settings of the host's owner",
        form: "stdin",
        args: ["--user", "deploy", "--version", "28.5"],
        setUp: host,
        fakes,
        env: { BERTH_ROOT: "/world" },
        ignored: [/berth-install\.(log|lock)$/, /^\/engine\/calls$/],
        constants: ["daemon_seconds=1"],
        says: /"engine":"28.5.2"/,
        mostKills: 16,
        intact: `python3 -c 'import json; json.load(open("/world/etc/docker/daemon.json"))["bip"]'`,
        withoutDocker: "it asks Docker before it is installed too, where no answer is the ordinary one",
    },
];

/** A Docker of the stack's own. What is removed is removed for good, so that only the end state counts. */
const removal = `
mkdir -p /world/root /world/etc/docker /world/etc/apt/sources.list.d /world/etc/apt/keyrings /world/usr/local/bin /world/proc/self
mkdir -p /world/var/lib/berth /world/var/lib/docker/volumes/data /world/var/lib/docker/containers/c1 /world/var/lib/containerd
echo "1 1 0:1 / / rw - ext4 /dev/root rw" >/world/proc/self/mountinfo
echo data >/world/var/lib/docker/volumes/data/file
echo '{}' | tee /world/etc/docker/daemon.json >/world/var/lib/berth/daemon.json
touch /world/etc/apt/sources.list.d/docker.list /world/etc/apt/keyrings/docker.asc
echo "# Written by Berth" >/world/usr/local/bin/docker-compose
echo c1 >/engine/containers
echo data >/engine/volumes
touch /engine/installed /engine/runs
cp -p /harness/bin/docker /harness/docker`;
/** Without its packages there is no docker. */
const before =
    "if [ -e /engine/installed ]; then cp -p /harness/docker /harness/bin/docker; else rm -f /harness/bin/docker; fi";
const removalFakes = (ours: string) => ({
    docker: `
[ -e /engine/runs ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case "$*" in
version*) ;;
info*Root*) echo /var/lib/docker ;;
info*) echo inactive ;;
"volume ls"*label=*) echo "${ours}" ;;
"volume ls"*) cat /engine/volumes ;;
"ps "*label=*) cat /engine/containers ;;
"ps "*) cat /engine/containers ;;
"rm -f"*) : >/engine/containers; rm -rf /world/var/lib/docker/containers/c1 ;;
*) exit 9 ;;
esac`,
    systemctl: 'case "$*" in disable*) rm -f /engine/runs ;; esac',
    "apt-get": "rm -f /engine/installed /harness/bin/docker",
    "dpkg-query": "[ ! -e /engine/installed ] || echo 'docker-ce installed'",
    ip: "",
    mountpoint: "exit 1",
});

export const removeDocker: Scenario[] = [
    {
        does: "takes Docker away with all that is the stack's own",
        form: "stdin",
        args: ["berth.project=berth", "berth.stack=dev"],
        setUp: removal,
        before,
        fakes: removalFakes("data"),
        env: { BERTH_ROOT: "/world" },
        ignored: [/berth-install\.lock$/],
    },
    {
        does: "leaves a Docker with another's volume as it is",
        form: "stdin",
        args: ["berth.project=berth", "berth.stack=dev"],
        setUp: removal,
        before,
        fakes: removalFakes(""),
        env: { BERTH_ROOT: "/world" },
        ignored: [/berth-install\.lock$/],
        intact: "[ -s /world/var/lib/docker/volumes/data/file ] && [ -s /engine/containers ]",
    },
];

/**
 * These containers may mount nothing, so that the disk never shows up here. What a run with a disk goes through, killed at
 * each command, is test/faults/dataDisk.test.ts.
 */
export const mountDataDisk: Scenario[] = [
    {
        does: "leaves Docker's data where it is when the disk does not show up",
        form: "stdin",
        args: ["vol-0123abcd"],
        setUp: `
mkdir -p /world/root /var/lib/docker/volumes/data /var/lib/containerd /etc/systemd/system
echo data >/var/lib/docker/volumes/data/file
touch /engine/runs`,
        links: [
            "/var/lib/docker",
            "/var/lib/containerd",
            "/var/lib/berth",
            "/etc/systemd/system",
            "/usr/local/lib/berth",
            "/run/lock",
        ],
        fakes: {
            docker: 'case "$1" in ps) echo "c1 running" ;; *) ;; esac',
            systemctl: `
case "$*" in
"stop "*docker*) rm -f /engine/runs ;;
"start "*docker*) touch /engine/runs ;;
*is-enabled*) echo disabled; exit 1 ;;
*is-active*) [ -e /engine/runs ] ;;
esac`,
        },
        constants: ["wait_seconds=1"],
        ignored: [/berth-data-disk\.lock$/],
        code: 1,
        intact: `[ -s /var/lib/docker/volumes/data/file ]`,
        settle: "[ -e /engine/runs ]",
        withoutDocker: "it fails either way",
        mostKills: 6,
    },
];
