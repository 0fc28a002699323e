#!/usr/bin/env bash
# Looks at a server before anything is installed, and refuses one that will not do. Changes nothing. Runs on the host:
#
#   bash -s < survey-host.sh
#
# stdout: one line of JSON, {"machineId":"…","firewall":"…"}; the firewall in words, or nothing.
# stderr: what is in the way and what to do, all of it. Exit code 1 then.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

problems=()

user=$(id -un)
as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

check_system() {
    local id="" pretty=""
    # shellcheck source=/dev/null
    if [ -r /etc/os-release ]; then read -r id pretty < <(. /etc/os-release && echo "$ID $PRETTY_NAME"); fi
    case $id in
        ubuntu | debian) ;;
        *) problems+=("the server runs ${pretty:-an unknown system}: Berth needs Ubuntu or Debian") ;;
    esac
    if [ ! -d /run/systemd/system ]; then problems+=("the server does not run systemd, which starts Docker at boot"); fi
}

check_rights() {
    if [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; then return; fi
    local groups
    groups=" $(id -nG) "
    if ! command -v sudo >/dev/null; then
        problems+=("$user is not root, and there is no sudo: set berth:host.user to root, or install sudo")
    elif [[ $groups == *" docker "* ]]; then
        problems+=("$user is in the group docker but may not use sudo without a password: that is enough to run containers, not to install and look after Docker; as root: echo '$user ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/berth")
    else
        problems+=("$user may not use sudo without a password, and nobody is there to type one; as root: echo '$user ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/berth")
    fi
}

# Docker's own rules come before these firewalls' for a published port: they only decide about the server's own ports.
firewall() {
    if command -v ufw >/dev/null && as_root ufw status 2>/dev/null | grep -q '^Status: active'; then
        echo "ufw is active, but Docker publishes past it"
    elif command -v firewall-cmd >/dev/null && as_root firewall-cmd --state 2>/dev/null | grep -q '^running'; then
        echo "firewalld is active, but Docker publishes past it"
    fi
}

check_system
check_rights
if [ "${#problems[@]}" -gt 0 ]; then
    printf 'berth: %s\n' "${problems[@]}" >&2
    exit 1
fi
if [ ! -s /etc/machine-id ]; then
    echo "berth: /etc/machine-id is empty; as root: systemd-machine-id-setup" >&2
    exit 1
fi
printf '{"machineId":"%s","firewall":"%s"}\n' "$(cat /etc/machine-id)" "$(firewall)"
