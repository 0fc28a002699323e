#!/usr/bin/env bash
# Takes Docker off a server with all that is in it, and what install-docker.sh wrote. Runs on the host as root:
#
#   bash -s -- [LABEL=VALUE...] < remove-docker.sh
#
# What carries all of the labels is the stack's own and goes along. Where there is a container or a volume of anybody
# else, a Swarm, another user of containerd, or data in another folder, all stays, and a line on stderr names it. Where Docker does not answer, all stays and the script fails, unless an
# earlier run had looked already and was cut short. A second run does nothing.
# BERTH_ROOT (tests only) is put before every path.
set -euo pipefail
export LC_ALL=C
root=${BERTH_ROOT:-}
PATH=$PATH:$root/usr/sbin:$root/sbin
state=$root/var/lib/berth # where install-docker.sh remembers what it wrote
data=("$root/var/lib/docker" "$root/var/lib/containerd")
# Written when all that is there has been found to be the stack's own: the names of its volumes, one a line.
proof=$state/removal
packages=(docker-ce docker-ce-cli docker-ce-rootless-extras containerd.io docker-buildx-plugin docker-compose-plugin)

own=()
for label in "$@"; do own+=(--filter "label=$label"); done

say() { printf 'berth: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# Its answer, or the script's end: nothing is concluded from silence.
ask_docker() {
    timeout 60 docker "$@" || fail "Docker does not answer (\`docker $1\`), so nobody can say whose data is here: Docker stays." \
        "Start it (\`systemctl restart docker\`) and run this again, or keep it: berth:host.removeOnDestroy: false"
}

# foreign LIST-COMMAND ... : what the command lists beyond what carries the stack's labels, as one line.
foreign() {
    local all ours=
    all=$(ask_docker "$@") || exit 1
    if [ ${#own[@]} -gt 0 ]; then ours=$(ask_docker "$@" "${own[@]}") || exit 1; fi
    awk 'NR == FNR { ours[$0]; next } !($0 in ours)' <(printf '%s\n' "$ours") <(printf '%s\n' "$all") | paste -sd ' ' -
}

ask_containerd() {
    timeout 60 ctr "$@" || fail "containerd does not answer (\`ctr $*\`), so nobody can say whose data is here: Docker stays." \
        "Start it (\`systemctl restart containerd\`) and run this again, or keep it: berth:host.removeOnDestroy: false"
}

# Namespaces of containerd with containers or images that are not Docker's, such as those of Kubernetes, as one line.
foreign_namespaces() {
    local all namespace kind found names=
    command -v ctr >/dev/null || return 0
    all=$(ask_containerd namespaces list --quiet) || exit 1
    for namespace in $all; do
        case $namespace in moby | plugins.moby) continue ;; esac
        for kind in containers images; do
            found=$(ask_containerd --namespace "$namespace" "$kind" list --quiet) || exit 1
            if [ -n "$found" ]; then
                names+=${names:+ }$namespace
                break
            fi
        done
    done
    echo "$names"
}

# They outlive the daemon (live-restore), and would hold what is removed below.
remove_containers() {
    local containers
    containers=$(ask_docker ps -aq)
    # shellcheck disable=SC2086
    [ -z "$containers" ] || timeout 300 docker rm -f $containers >/dev/null ||
        fail "Docker does not remove its containers: it stays. See \`systemctl status docker\`, and run this again"
}

# Fails where something is not the stack's. What it has found lies on the disk before anything is removed. Its caller
# asks for the outcome, so that nothing in it ends the script by itself.
prove() {
    local what
    rm -f "$proof" || exit 1
    what=$(ask_docker info --format '{{.DockerRootDir}}') || exit 1
    if [ "$(readlink -m -- "$root$what")" != "$(readlink -m -- "${data[0]}")" ]; then
        say "Docker stays: its data is in $what, and nobody can say whose the data in /var/lib/docker is"
        return 1
    fi
    what=$(ask_docker info --format '{{.Swarm.LocalNodeState}}') || exit 1
    if [ "$what" != inactive ]; then
        say "Docker stays: it is part of a Swarm ($what). Where it is not needed: docker swarm leave"
        return 1
    fi
    what=$(foreign_namespaces) || exit 1
    if [ -n "$what" ]; then
        say "Docker stays: its containerd has what is not Docker's, in namespaces: $what"
        return 1
    fi
    what=$(foreign ps -a --format '{{.Names}}') || exit 1
    if [ -n "$what" ]; then
        say "Docker stays: other containers are here than this stack's: $what"
        return 1
    fi
    what=$(foreign volume ls --format '{{.Name}}') || exit 1
    if [ -n "$what" ]; then
        say "Docker stays: other volumes are here than this stack's: $what"
        return 1
    fi
    if ! { mkdir -p "$state" && ask_docker volume ls --format '{{.Name}}' >"$proof.new" && sync "$proof.new" && mv "$proof.new" "$proof"; }; then
        fail "$proof cannot be written: Docker stays"
    fi
}

# Without Docker: no container's folder is on the disk, and no volume's but those that were proven to be the stack's own.
is_still_proven() {
    local containers volumes left
    containers=$(find "${data[0]}/containers" -mindepth 1 -maxdepth 1 2>/dev/null) || [ ! -e "${data[0]}/containers" ] || return 1
    volumes=$(find "${data[0]}/volumes" -mindepth 1 -maxdepth 1 -type d 2>/dev/null) || [ ! -e "${data[0]}/volumes" ] || return 1
    [ -z "$containers" ] || return 1
    if [ -z "$volumes" ]; then return 0; fi
    [ -f "$proof" ] || return 1
    left=$(printf '%s\n' "${volumes//"${data[0]}/volumes/"/}" | { grep -vxFf "$proof" || [ $? = 1 ]; }) && [ -z "$left" ]
}

# refuse_mounts FOLDER: nothing of what is mounted below it is Docker's own, now that nothing runs.
refuse_mounts() {
    local mounts
    mounts=$(awk -v folder="$1/" '{ gsub(/\\040/, " ", $5) } index($5, folder) == 1 { print $5 }' "$root/proc/self/mountinfo" | paste -sd ' ' -)
    [ -z "$mounts" ] || fail "something is mounted below $1, which is removed with Docker: $mounts. Unmount it, and run this again"
}

is_mount_point() { awk -v folder="$1" '$5 == folder { found = 1 } END { exit !found }' "$root/proc/self/mountinfo"; }

remove_packages() {
    local present
    mapfile -t present < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
        sed -nE 's/ (installed|config-files|half-\w+|unpacked)$//p')
    if [ "${#present[@]}" -eq 0 ]; then return; fi
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 --allow-change-held-packages purge "${present[@]}"
}

# A mount point stays, empty, and so does what a link leads to: both are the server's.
remove_data() {
    local folder
    for folder in "${data[@]}"; do
        if [ -L "$folder" ]; then
            say "$folder led to $(readlink "$folder"), which stays"
            rm -f "$folder"
        elif is_mount_point "$folder"; then
            find "$folder" -xdev -mindepth 1 -delete
        else
            rm -rf --one-file-system "$folder"
        fi
    done
}

remove_files() {
    # Where the server's owner has keys of their own in it, the file is theirs.
    if cmp -s "$root/etc/docker/daemon.json" "$state/daemon.json"; then rm -f "$root/etc/docker/daemon.json"; fi
    if grep -qs 'Written by Berth' "$root/usr/local/bin/docker-compose"; then rm -f "$root/usr/local/bin/docker-compose"; fi
    rm -f "$root/etc/apt/sources.list.d/docker.list" "$root/etc/apt/keyrings/docker.asc" "$root/var/log/berth-install.log"
    rmdir "$root/etc/docker" 2>/dev/null || true
    rm -rf --one-file-system "$state"
}

refuse_data_mounts() {
    local folder
    for folder in "${data[@]}"; do refuse_mounts "$folder"; done
}

main() {
    local keeps_data=
    mkdir -p "$root/run/lock"
    exec 9<>"$root/run/lock/berth-install.lock" # that of install-docker.sh
    flock -w 300 9 || fail "an installation of Docker is under way here: run this again when it has ended"
    if command -v docker >/dev/null; then
        if timeout 60 docker version >/dev/null 2>&1; then
            prove || return 0
            remove_containers
        elif ! [ -f "$proof" ] || ! is_still_proven; then
            ask_docker version >/dev/null
            fail "Docker answers again: run this again"
        fi
    elif ! is_still_proven; then
        keeps_data=yes
        say "Docker is gone from here already, and nobody can say whose the data is that it left: it stays in ${data[0]}." \
            "Where nobody needs it: rm -rf --one-file-system ${data[*]}"
    fi
    refuse_mounts "$state"
    [ -n "$keeps_data" ] || refuse_data_mounts
    systemctl disable --now docker.socket docker containerd 2>/dev/null || true # gone already
    remove_packages
    if [ -z "$keeps_data" ]; then
        refuse_data_mounts
        remove_data
    fi
    remove_files
    ip link delete docker0 2>/dev/null || true # gone already
}

main "$@" </dev/null # whole before it starts: nothing it runs can eat the rest of the stream
