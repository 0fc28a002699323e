#!/usr/bin/env bash
# Takes Docker off a server with all that is in it, and what install-docker.sh wrote. Runs on the host as root:
#
#   bash -s < remove-docker.sh
#
# Where another stack of Berth has containers, all stays, and a line on stderr says so. A second run does nothing.
# BERTH_ROOT (tests only) is put before every path.
set -euo pipefail
export LC_ALL=C
root=${BERTH_ROOT:-}
PATH=$PATH:$root/usr/sbin:$root/sbin
state=$root/var/lib/berth # where install-docker.sh remembers what it wrote
packages=(docker-ce docker-ce-cli docker-ce-rootless-extras containerd.io docker-buildx-plugin docker-compose-plugin)

has_docker() { command -v docker >/dev/null && docker version >/dev/null 2>&1; }

# They outlive the daemon (live-restore), and would hold what is removed below.
remove_containers() {
    local containers
    containers=$(docker ps -aq)
    # shellcheck disable=SC2086
    if [ -n "$containers" ]; then docker rm -f $containers; fi
}

remove_packages() {
    local present
    mapfile -t present < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${packages[@]}" 2>/dev/null |
        sed -nE 's/ (installed|config-files|half-\w+|unpacked)$//p')
    if [ "${#present[@]}" -eq 0 ]; then return; fi
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 --allow-change-held-packages purge "${present[@]}"
}

# A mount point stays, empty: it is the server's.
remove_data() {
    local folder
    for folder in "$root/var/lib/docker" "$root/var/lib/containerd"; do
        if mountpoint -q "$folder" 2>/dev/null; then find "$folder" -mindepth 1 -delete; else rm -rf "$folder"; fi
    done
}

remove_files() {
    # Where the server's owner has keys of their own in it, the file is theirs.
    if cmp -s "$root/etc/docker/daemon.json" "$state/daemon.json"; then rm -f "$root/etc/docker/daemon.json"; fi
    if grep -qs 'Written by Berth' "$root/usr/local/bin/docker-compose"; then rm -f "$root/usr/local/bin/docker-compose"; fi
    rm -f "$root/etc/apt/sources.list.d/docker.list" "$root/etc/apt/keyrings/docker.asc" "$root/var/log/berth-install.log"
    rmdir "$root/etc/docker" 2>/dev/null || true
    rm -rf "$state"
}

main() {
    mkdir -p "$root/run/lock"
    exec 9<>"$root/run/lock/berth-install.lock" # that of install-docker.sh
    flock -w 300 9
    if has_docker; then
        others=$(docker ps -a --filter label=berth.stack --format '{{.Names}}' | paste -sd ' ' -)
        if [ -n "$others" ]; then
            echo "berth: Docker stays: other stacks of Berth have containers here: $others" >&2
            return
        fi
        remove_containers
    fi
    systemctl disable --now docker.socket docker containerd 2>/dev/null || true
    remove_packages
    remove_data
    remove_files
    ip link delete docker0 2>/dev/null || true
}

main "$@" </dev/null # whole before it starts: nothing it runs can eat the rest of the stream
