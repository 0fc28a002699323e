#!/usr/bin/env bash
# Puts Docker's data on an EBS volume of its own, now and at every boot. Runs on the host as root:
#
#   sudo bash -s -- vol-0a1b2c3d < mount-data-disk.sh
#
# An empty volume gets an ext4 file system and what the host's Docker has so far; a volume with one is taken as it is.
# Anything else on it is left alone, with an error. A second run changes nothing.
#
# Containers, then Docker, are stopped while the data is copied, and started again, whatever the outcome. The copy is
# made beside its place, synced, compared and marked as whole; only then the unit is enabled that mounts it. Until that
# moment Docker's data is what lies on the host's own disk: a run that fails or is killed changes nothing about it, and
# the next one begins again. The old data stays; the last lines say where.
set -euo pipefail
export LC_ALL=C

readonly volume=${1:?the id of the volume is missing}
readonly program=/usr/local/lib/berth/mount-data-disk
readonly unit=/etc/systemd/system/berth-data-disk.service
readonly units=(docker.socket docker.service containerd.service)
readonly names=(docker containerd)
readonly disk=/var/lib/berth/data mark=.berth-data-disk
# On the host's own disk. `move`: a move has begun, and the copy with this word in its mark is not Docker's data yet.
# `containers`: those that were stopped for it, a line `ID STATE` each, the oldest first.
readonly move=/var/lib/berth/data-disk.move containers=/var/lib/berth/data-disk.containers

say() { printf 'berth: %s\n' "$*" >&2 || true; } # nobody may be there any more to be told

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
#
# With --format only the disk: an empty one gets a file system, and nothing is put over Docker's data.
set -euo pipefail
export LC_ALL=C

readonly volume=$1
readonly disk=/var/lib/berth/data mark=.berth-data-disk
readonly formatting=/var/lib/berth/data-disk.formatting # the volume whose file system is being made
readonly wait_seconds=120 probed_bytes=4194304

fail() {
    echo "$*" >&2
    exit 1
}

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
        [ "$SECONDS" -lt "$deadline" ] || fail "volume $volume does not show up: is it attached to this instance?"
        sleep 0.2
    done
}

# ext4, empty, or what else there is. blkid also ends with 2 where it cannot read: a disk is empty when zeros were read.
content_of() {
    local status=0 found rest
    if [ "$(cat "$formatting" 2>/dev/null)" = "$volume" ]; then
        echo empty # a run was cut short while it made the file system: nothing is in it
        return
    fi
    found=$(blkid -p -o value -s TYPE -s PTTYPE "$1") || status=$?
    if [ "$status" = 0 ]; then
        echo "${found:-something unknown}"
    elif [ "$status" != 2 ] || ! rest=$(head -c "$probed_bytes" "$1" | tr -d '\0' | head -c 1 | wc -c); then
        echo "something unreadable"
    elif [ "$rest" = 0 ]; then
        echo empty
    else
        echo "something unknown"
    fi
}

format() {
    mkdir -p "${formatting%/*}"
    echo "$volume" >"$formatting"
    sync "$formatting"
    mkfs.ext4 -q -F -L berth-data "$1"
    rm -f "$formatting"
}

# Nothing, or the device that is mounted there, as MAJOR:MINOR.
mounted_device() { awk -v at="$disk" '$5 == at { device = $3 } END { print device }' /proc/self/mountinfo; }

mount_disk() {
    local device content there wanted
    device=$(find_device)
    wanted=$((16#$(stat -c %t "$device"))):$((16#$(stat -c %T "$device")))
    there=$(mounted_device)
    if [ -z "$there" ]; then
        content=$(content_of "$device")
        if [ "$content" = empty ] && [ "${1:-}" = --format ]; then
            format "$device"
        elif [ "$content" != ext4 ]; then
            fail "volume $volume holds $content, not ext4: it is left as it is"
        fi
        mkdir -p "$disk"
        mount -t ext4 -o noatime "$device" "$disk"
    elif [ "$there" != "$wanted" ]; then
        fail "$disk is the mount point of another device ($there) than volume $volume ($wanted)"
    fi
    resize2fs "$device" >/dev/null 2>&1 || echo "the file system on $device was not grown" >&2
}

# bind NAME: the disk's folder over the host's own, whose data stays in sight beside it.
bind() {
    local place=/var/lib/$1 old=/var/lib/berth/before-data-disk/$1
    mkdir -p "$place"
    if [ "$place" -ef "$disk/$1" ]; then return; fi
    if [ -n "$(ls -A "$place")" ] && mkdir -p "$old" && ! [ "$place" -ef "$old" ]; then
        mount --bind "$place" "$old" || echo "what $place had so far cannot be shown at $old" >&2
    fi
    mount --bind "$disk/$1" "$place"
}

mkdir -p /run/lock
exec 8<>/run/lock/berth-data-disk.lock # its boot and a run of Berth's may meet
flock -w 300 8
wait_for_device
mount_disk "${2:-}"
if [ "${2:-}" != --format ]; then
    # Both, or neither: they belong together.
    for name in docker containerd; do
        [ -e "$disk/$name/$mark" ] || fail "$disk/$name is not marked as whole: it does not take the place of /var/lib/$name"
    done
    bind docker
    bind containerd
fi
PROGRAM
    chmod 755 "$program.new"
    sync "$program.new"
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
    sync "$unit.new"
    mv "$unit.new" "$unit"
    systemctl daemon-reload
}

# Whether the disk's folders are in their places: the very folders, not something that looks like them.
is_bound() { [ /var/lib/docker -ef "$disk/docker" ] && [ /var/lib/containerd -ef "$disk/containerd" ]; }

# Whether the next boot would put them there. An answer that is neither ends the script.
is_enabled() {
    local answer
    answer=$(systemctl is-enabled "${unit##*/}" 2>&1) || true # its exit code says no as well as "I do not know"
    case $answer in
    enabled | enabled-runtime) return 0 ;;
    disabled | static | indirect | not-found | *"No such file"* | *"not found"* | *"does not exist"*) return 1 ;;
    *) fail "systemd does not say whether ${unit##*/} is enabled: $answer" ;;
    esac
}

has_files() { [ -d "$1" ] && [ -n "$(ls -A "$1")" ]; }

# keep FILE: what is on stdin becomes the file's content, or the file stays as it was.
keep() {
    cat >"$1.new" && sync "$1.new" && mv "$1.new" "$1" && sync "${1%/*}"
}

# What writes into Docker's folders, by the names of processes: daemons, and what holds containers without them.
writers() {
    local file name found=""
    for file in /proc/[0-9]*/comm; do
        { read -r name <"$file"; } 2>/dev/null || continue # ended meanwhile
        case $name in dockerd | containerd | containerd-shim*) found+=" $name" ;; esac
    done
    echo "${found# }"
}

# Notes what runs, before anything is stopped. What an earlier run has noted and not started again stays on the list.
note_containers() {
    local running
    [ -z "$(writers)" ] && ! systemctl -q is-active docker.service && return
    running=$(timeout 60 docker ps --all --no-trunc --filter status=running --filter status=paused --filter status=restarting \
        --format '{{.ID}} {{.State}}') || fail "Docker does not say what runs, so nothing is moved: see \`systemctl status docker\`"
    { cat "$containers" 2>/dev/null || true; tac <<<"$running"; } | awk 'NF == 2 && !seen[$1]++' | keep "$containers"
}

stopped="" # yes: Docker is, or was to be
stop_docker() {
    local ids="" name left tries
    note_containers
    stopped=yes
    if [ -e "$containers" ]; then ids=$(awk '{ print $1 }' "$containers" | tac); fi # the newest first: it may wait for the others
    if [ -n "$ids" ] && [ -n "$(writers)" ]; then
        say "stopping $(wc -w <<<"$ids") containers for the move"
        # shellcheck disable=SC2086
        timeout 60 docker container inspect --format '{{.Id}}' $ids 2>/dev/null | xargs -r timeout 600 docker stop >/dev/null || true # looked at below
    fi
    for name in "${units[@]}"; do
        if systemctl cat "$name" >/dev/null 2>&1; then systemctl stop "$name"; fi
    done
    # The last of a container's processes ends a moment after Docker.
    for ((tries = 0; tries < 50; tries++)); do
        left=$(writers)
        [ -n "$left" ] || break
        sleep 0.2
    done
    [ -z "$left" ] || fail "these run on and may write into Docker's data: $left"
}

# resume ID STATE: a container that was stopped for the move. One that does not start is said, and Docker knows more about
# it. Fails where Docker does not answer.
resume() {
    local there
    if ! timeout 60 docker container inspect "$1" >/dev/null 2>&1; then
        there=$(timeout 60 docker ps --all --quiet --no-trunc --filter "id=$1") || return 1
        [ -z "$there" ] # removed, or hidden with the old data
        return
    fi
    if ! timeout 120 docker start "$1" >/dev/null; then
        timeout 60 docker version >/dev/null || return 1
        say "the container $1 does not start: \`docker logs $1\`"
    elif [ "$2" = paused ] && ! timeout 60 docker pause "$1" >/dev/null; then
        timeout 60 docker version >/dev/null || return 1
        say "the container $1 runs, and was paused"
    fi
}

# Docker and what was running; fails where one of them does not run and stays on the list.
start_docker() {
    local id state left=""
    if ! systemctl cat docker.service >/dev/null 2>&1; then return; fi # not installed yet
    systemctl start docker.service || return 1
    [ -e "$containers" ] || return 0
    while read -r id state; do
        resume "$id" "$state" || left+="$id $state"$'\n'
    done <"$containers"
    if [ -n "$left" ]; then
        say "Docker does not answer: these ran before and do not yet, and the next run starts them: ${left//$'\n'/ }"
        printf '%s' "$left" | keep "$containers" || true # the longer list says nothing wrong
        return 1
    fi
    rm -f "$containers"
}

# In any case but success: Docker runs on as before, from the host's own disk.
go_back() {
    local status=$? name
    trap - EXIT
    set +e
    [ "$status" != 0 ] || status=1
    if [ -n "$stopped" ]; then
        systemctl -q disable "${unit##*/}" 2>/dev/null
        systemctl stop "${units[@]}" "${unit##*/}" 2>/dev/null # some may not be there
        for name in "${names[@]}"; do
            if [ "/var/lib/$name" -ef "$disk/$name" ]; then umount "/var/lib/$name"; fi
        done
    fi
    set_aside
    if [ /var/lib/docker -ef "$disk/docker" ] || { [ -n "$stopped" ] && ! start_docker; }; then
        say "Docker's data was not moved, and Docker does not run: see \`systemctl status docker\`; the containers that ran are in $containers"
    else
        say "Docker's data was not moved: Docker runs on from /var/lib/docker as before"
    fi
    exit "$status"
}

# Takes the names from what was copied by the move that has begun: no server shall take it for Docker's data.
set_aside() {
    local name
    for name in "${names[@]}"; do
        if [ -s "$move" ] && cmp -s "$move" "$disk/$name/$mark"; then mv -T "$disk/$name" "$disk/$name.berth-new-$$"; fi
    done
}

# refuse_mounts FOLDER: a mount below it would be copied in part, and hidden. Docker's own are gone when it is stopped.
refuse_mounts() {
    local mounts
    mounts=$(awk -v at="$1/" 'index($5, at) == 1 { print $5 }' /proc/self/mountinfo | paste -sd ' ' -)
    [ -z "$mounts" ] || fail "something is mounted below $1, and would be hidden by the disk: $mounts. Unmount it, then run this again"
}

# The names that are to be copied: what is on the host's own disk. None, where the disk has data of a Docker already: half
# of one and half of another is neither.
names_to_copy() {
    local name
    for name in "${names[@]}"; do
        if [ -e "$disk/$name/$mark" ]; then return; fi
    done
    for name in "${names[@]}"; do
        if has_files "/var/lib/$name"; then echo "$name"; fi
    done
}

# check_space NAME…: the disk has room for all of them, and a margin.
check_space() {
    local sources=("${@/#//var/lib/}") bytes inodes free_bytes free_inodes
    [ $# -gt 0 ] || return 0
    # While Docker runs, files come and go, and du complains.
    bytes=$(du -DsxcB1 -- "${sources[@]}" 2>/dev/null | tail -n 1 | cut -f 1) || true
    inodes=$(du -Dsxc --inodes -- "${sources[@]}" 2>/dev/null | tail -n 1 | cut -f 1) || true
    read -r free_bytes free_inodes < <(df -B1 --output=avail,iavail -- "$disk" | tail -n 1)
    [[ "$bytes $inodes $free_bytes $free_inodes" =~ ^[0-9]+\ [0-9]+\ [0-9]+\ [0-9]+$ ]] ||
        fail "nobody says how large Docker's data is and what the disk has room for: see \`df $disk\`"
    bytes=$((bytes + bytes / 20 + (32 << 20)))
    if [ "$bytes" -gt "$free_bytes" ]; then
        fail "volume $volume is too small for Docker's data: it takes $((bytes >> 20)) MiB with a margin, and" \
            "$((free_bytes >> 20)) MiB are free. Set a larger berth:host.dataDisk.size"
    fi
    [ "$((inodes + inodes / 20))" -le "$free_inodes" ] ||
        fail "volume $volume has room for $free_inodes files, and Docker's data has $inodes. Set a larger berth:host.dataDisk.size"
}

# digest FOLDER: of all that is in it: names, types, content, owners, modes, times, links, hard links, devices, ACLs and
# extended attributes. Sockets are no data. Two folders with the same have the same.
digest() {
    tar --create --sort=name --numeric-owner --acls --xattrs --xattrs-include='*' --one-file-system --format=posix \
        --pax-option='exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime' --exclude="./$mark" \
        --warning=no-file-ignored --directory="$1" --file=- . | sha256sum
}

# copy NAME: a whole copy under its name, with the mark in it, or none. What a run that was cut short left goes first.
copy() {
    local from=/var/lib/$1 to=$disk/$1 new=$disk/$1.berth-new wanted got
    if has_files "$to"; then
        # Not Berth's work of today: half a copy of an earlier version, or somebody's data.
        say "$to has files that nothing says are whole: they are in $to.unmarked-$(cat "$move") from now on"
        mv -T "$to" "$to.unmarked-$(cat "$move")"
    fi
    say "copying $from to the disk"
    mkdir "$new"
    cp -ax --sparse=auto "$from/." "$new/"
    sync -f "$new"
    wanted=$(digest "$from") || fail "$from cannot be read to its end"
    got=$(digest "$new") || fail "the copy of $from cannot be read to its end"
    [ "$wanted" = "$got" ] || fail "the copy of $from is not the same as $from"
    cat "$move" >"$new/$mark"
    sync -f "$new"
    mv -T "$new" "$to"
    sync -f "$disk"
}

# What this disk shall be taken as, where it has no mark: nothing was copied, or there is nothing to copy.
mark_rest() {
    local name
    for name in "${names[@]}"; do
        if [ -e "$disk/$name/$mark" ]; then continue; fi
        if has_files "$disk/$name"; then
            # Not of this move, which may be undone.
            say "the disk's $name is taken as it is: nothing says whether it is whole"
            touch "$disk/$name/$mark"
        else
            mkdir -p "$disk/$name"
            cat "$move" >"$disk/$name/$mark"
        fi
    done
    sync -f "$disk"
}

# Begins, or begins again: what a run that was cut short has copied is older than what Docker wrote since.
begin() {
    local name
    set_aside
    for name in "${names[@]}"; do rm -rf --one-file-system "$disk/$name.berth-new" "$disk/$name.berth-new-"*; done
    echo "$(date +%s)-$$" | keep "$move"
}

move_data() {
    local name list sizes=()
    trap go_back EXIT
    trap '' PIPE HUP # the person may be gone: to the end, or back
    if is_enabled; then systemctl -q disable "${unit##*/}"; fi
    for name in "${names[@]}"; do
        while [ "/var/lib/$name" -ef "$disk/$name" ]; do
            stop_docker
            umount "/var/lib/$name"
        done
    done
    begin
    list=$(names_to_copy)
    # shellcheck disable=SC2086
    check_space $list # before anything is stopped
    for name in "${names[@]}"; do
        if [ -e "$disk/$name/$mark" ] && has_files "/var/lib/$name/volumes"; then
            say "the disk has Docker data already: what lies in /var/lib/$name is hidden by it, not lost"
        fi
    done
    stop_docker
    # shellcheck disable=SC2086
    check_space $list
    for name in "${names[@]}"; do refuse_mounts "/var/lib/$name"; done
    for name in $list; do
        copy "$name"
        sizes+=("$(du -shx "/var/lib/$name" | cut -f 1) in /var/lib/berth/before-data-disk/$name")
    done
    mark_rest
    systemctl -q enable "${unit##*/}" # from here on the disk is where Docker's data is
    systemctl restart "${unit##*/}"
    is_bound || fail "the disk is not in place; see: journalctl -u ${unit##*/}"
    trap - EXIT
    rm -f "$move"
    if [ ${#sizes[@]} -gt 0 ]; then
        say "the old data stays: $(printf '%s, ' "${sizes[@]}" | sed 's/, $//'). When all is well:" \
            "sudo find /var/lib/berth/before-data-disk -mindepth 2 -delete"
    fi
}

main() {
    mkdir -p /run/lock /var/lib/berth
    exec 9<>/run/lock/berth-install.lock # that of install-docker.sh
    flock -w 300 9 || fail "an installation of Docker is under way here: run this again when it has ended"
    write_program
    write_unit
    "$program" "$volume" --format
    if is_bound; then
        systemctl -q enable "${unit##*/}"
    elif [ -e "$move" ] && is_enabled; then
        # Cut short when all but this was done; what Docker wrote since, if anything, is on the disk.
        systemctl restart "${unit##*/}"
        is_bound || fail "the disk is not in place; see: journalctl -u ${unit##*/}"
    else
        move_data
    fi
    rm -f "$move"
    start_docker || fail "Docker does not start: see \`systemctl status docker\`"
    say "Docker's data is on $volume"
}

main "$@" </dev/null # whole before it starts: nothing it runs can eat the rest of the stream
