#!/usr/bin/env bash
# Puts Docker's data on an EBS volume of its own, now and at every boot. Runs on the host as root:
#
#   sudo bash -s -- vol-0a1b2c3d < mount-data-disk.sh
#
# An empty volume gets an ext4 file system and what the host's Docker has so far; a volume with one is taken as it is.
# Anything else on it is left alone, with an error. A second run changes nothing.
set -euo pipefail
export LC_ALL=C

readonly volume=${1:?the id of the volume is missing}
readonly program=/usr/local/lib/berth/mount-data-disk
readonly unit=/etc/systemd/system/berth-data-disk.service
readonly units=(docker.socket docker.service containerd.service)

say() { printf 'berth: %s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

[[ $volume =~ ^vol-[0-9a-f]+$ ]] || fail "$volume is not the id of a volume"

# What mounts the disk at boot. It stands by itself on the host, before Docker.
write_program() {
    mkdir -p "${program%/*}"
    cat >"$program.new" <<'PROGRAM'
#!/bin/bash
# Mounts Docker's data disk. Written by Berth's mount-data-disk.sh.
#
# usage: mount-data-disk VOLUME_ID [--format]
set -euo pipefail
export LC_ALL=C

readonly volume=$1
readonly disk=/var/lib/berth/data
readonly wait_seconds=120

# Nitro instances show a volume's id in the device's serial number; older ones only the name that was asked for.
find_device() {
    local id=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${volume/-/} candidate
    for candidate in "$id" /dev/sdf /dev/xvdf; do
        if [ -b "$candidate" ]; then readlink -f "$candidate" && return; fi
    done
    return 1
}

wait_for_device() {
    local deadline=$((SECONDS + wait_seconds))
    until find_device >/dev/null; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "volume $volume does not show up: is it attached to this instance?" >&2
            return 1
        fi
        sleep 0.2
    done
}

# ext4, empty, or what else there is.
content_of() {
    local status=0 found
    found=$(blkid -p -o value -s TYPE -s PTTYPE "$1") || status=$?
    case $status in
        0) echo "${found:-something unknown}" ;;
        2) echo empty ;; # blkid: nothing was recognized
        *) echo unreadable ;;
    esac
}

mount_disk() {
    local device=$1
    mkdir -p "$disk"
    mountpoint -q "$disk" || mount -t ext4 -o noatime "$device" "$disk"
    resize2fs "$device" >/dev/null 2>&1 || echo "the file system on $device was not grown" >&2
    mkdir -p "$disk"/docker "$disk"/containerd
}

# A mark on the disk tells a bind mount of it from what lay there before.
bind() {
    mkdir -p "/var/lib/$1"
    touch "$disk/$1/.berth-data-disk"
    [ -e "/var/lib/$1/.berth-data-disk" ] || mount --bind "$disk/$1" "/var/lib/$1"
}

wait_for_device
device=$(find_device)
if ! mountpoint -q "$disk"; then
    content=$(content_of "$device")
    if [ "$content" = empty ] && [ "${2:-}" = --format ]; then
        mkfs.ext4 -q -L berth-data "$device"
    elif [ "$content" != ext4 ]; then
        echo "volume $volume holds $content, not ext4: it is left as it is" >&2
        exit 1
    fi
fi
mount_disk "$device"
if [ "${2:-}" != --format ]; then
    bind docker
    bind containerd
fi
PROGRAM
    chmod 755 "$program.new"
    mv "$program.new" "$program"
}

write_unit() {
    cat >"$unit.new" <<UNIT
[Unit]
Description=Docker's data disk $volume
Before=docker.service containerd.service
After=local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$program $volume
TimeoutStartSec=180

[Install]
WantedBy=multi-user.target
RequiredBy=docker.service containerd.service
UNIT
    mv "$unit.new" "$unit"
    systemctl daemon-reload
    systemctl -q enable "${unit##*/}"
}

is_bound() { [ -e /var/lib/docker/.berth-data-disk ]; }

has_files() { [ -d "$1" ] && [ -n "$(ls -A "$1")" ]; }

# What Docker wrote before the disk came goes onto an empty disk; beside data of another Docker it stays where it is.
move_data() {
    local name
    systemctl stop "${units[@]}" 2>/dev/null || true # not installed yet
    for name in docker containerd; do
        if ! has_files "/var/lib/$name"; then continue; fi
        if has_files "/var/lib/berth/data/$name"; then
            if has_files "/var/lib/$name/volumes"; then
                say "the disk has Docker data already: what lies in /var/lib/$name is hidden by it, not lost"
            fi
            continue
        fi
        say "moving /var/lib/$name to the disk"
        cp -a "/var/lib/$name/." "/var/lib/berth/data/$name/"
    done
}

write_program
write_unit
if ! is_bound; then
    "$program" "$volume" --format
    move_data
    systemctl restart "${unit##*/}"
    is_bound || fail "the disk is not in place; see: journalctl -u ${unit##*/}"
    systemctl start docker.service 2>/dev/null || true # not installed yet
else
    "$program" "$volume"
fi
say "Docker's data is on $volume"
