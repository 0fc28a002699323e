#!/usr/bin/env bash
# Looks at a server before anything is installed, and refuses one that will not do. Changes nothing. Runs on the host:
#
#   bash -s < survey-host.sh
#
# stdout: one line of JSON, {"machineId":"…","firewall":"…"}; the firewall is ufw, firewalld, or empty.
# stderr: what is in the way and what to do, all of it. Exit code 1 then.
# BERTH_ROOT (tests only) is put before every path.
set -euo pipefail
export LC_ALL=C
root=${BERTH_ROOT:-}
PATH=$PATH:$root/usr/sbin:$root/sbin
problems=()
user=$(id -un)
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

check_system() {
    local id="" pretty=""
    # shellcheck source=/dev/null
    if [ -r "$root/etc/os-release" ]; then
        read -r id pretty < <(. "$root/etc/os-release" && echo "${ID:-unknown} ${PRETTY_NAME:-}")
    fi
    case $id in
        ubuntu | debian) ;;
        *) problems+=("the server runs ${pretty:-an unknown system}: Berth needs Ubuntu or Debian") ;;
    esac
    if [ ! -d "$root/run/systemd/system" ]; then
        problems+=("the server does not run systemd, which starts Docker at boot: use a whole machine, not a bare container")
    fi
    if [ ! -s "$root/etc/machine-id" ]; then
        problems+=("/etc/machine-id is empty; as root: systemd-machine-id-setup")
    fi
}

# What is tried is what the install will do. Without a password from a terminal sudo cannot tell us more than no.
check_rights() {
    if as_root bash -c : 2>/dev/null; then return; fi
    local docker="" why remedy
    if [[ " $(id -nG) " == *" docker "* ]]; then
        docker="; its group docker is enough to run containers, not to install and look after Docker"
    fi
    if command -v sudo >/dev/null; then
        why="may not use sudo without a password, and nobody is there to type one"
        remedy="as root: echo '$user ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/berth"
    else
        why="is not root, and the server has no sudo"
        remedy="set berth:host.user to root, or as root: apt-get install sudo && echo '$user ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/berth"
    fi
    problems+=("$user $why$docker; $remedy")
}

firewall() {
    if command -v ufw >/dev/null && as_root ufw status 2>/dev/null | grep -q '^Status: active'; then
        echo ufw
    elif command -v firewall-cmd >/dev/null && as_root firewall-cmd --state 2>/dev/null | grep -q '^running'; then
        echo firewalld
    fi
}

check_system
check_rights
if [ "${#problems[@]}" -gt 0 ]; then
    printf 'berth: %s\n' "${problems[@]}" >&2
    exit 1
fi
printf '{"machineId":"%s","firewall":"%s"}\n' "$(cat "$root/etc/machine-id")" "$(firewall)"
