#!/usr/bin/env bash
# A machine with a Docker that is made of files and processes, and a real disk beside it: what mount-data-disk.sh is
# tried on. Runs in a container of its own, as root, and is sourced:
#
#   fresh            a new machine with an empty disk; Docker runs, with data of every kind
#   run [N]          runs mount-data-disk.sh; with N, it is killed before its N-th command
#   reboot           processes and mounts are gone; what the machine does at boot is done
#   check            what must be true in the end; names what is not
#
# Docker's data root holds `containers/ID/state` and `log`, to which it writes a line each time it starts.
# shellcheck disable=SC2012,SC2119,SC2120 # names are our own; arguments come from the test
set -uo pipefail

export PATH=/fake/bin:$PATH
readonly VOLUME=vol-0123
readonly DISK_FILE=/disk-$HOSTNAME.img # losetup looks for it by its name, on the whole computer
readonly DEVICE=/dev/sdf MOUNTED=/var/lib/berth/data

loop_of() { losetup --noheadings --output NAME --associated "$DISK_FILE" | sed 's/ .*//'; }

# Other machines take loop devices at the same time: asked again until one is ours.
attach() {
    local name number
    until [ -n "$(loop_of)" ]; do
        name=$(losetup -f | sed 's/ .*//')
        number=${name#/dev/loop}
        [ -b "$name" ] || mknod "$name" b 7 "$number"
        losetup "$name" "$DISK_FILE" 2>/dev/null
    done
    rm -f "$DEVICE"
    mknod "$DEVICE" b 7 "$(loop_of | sed 's,/dev/loop,,')"
}

detach() {
    local mounted
    for mounted in $(awk '$5 ~ "^/var/lib/" { print $5 }' /proc/self/mountinfo | tac); do umount -l "$mounted"; done
    [ -z "$(loop_of)" ] || losetup -d "$(loop_of)"
}

write_fakes() {
    mkdir -p /fake/bin /fake/shims
    cp /bin/sleep /fake/bin/dockerd
    cp /bin/sleep /fake/bin/containerd-shim
    cat >/fake/bin/systemctl <<'FAKE'
#!/bin/sh
# Words: [-q] VERB UNIT...
[ "$1" != -q ] || shift
verb=$1; shift
program=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/berth-data-disk.service 2>/dev/null)
for unit; do
    case $verb/$unit in
    is-enabled/*) if [ -e /fake/enabled ]; then echo enabled; else echo disabled; exit 1; fi ;;
    is-active/docker*) [ -e /fake/docker-up ] || exit 3 ;;
    enable/*) touch /fake/enabled ;;
    disable/*) rm -f /fake/enabled ;;
    restart/berth-data-disk.service | start/berth-data-disk.service) $program 9>&- || exit 1 ;;
    start/docker.service)
        [ ! -e /fake/docker-up ] || exit 0
        [ ! -e /fake/enabled ] || $program 9>&- || exit 1
        mkdir -p /var/lib/docker/containers
        echo "$(cat /proc/sys/kernel/random/uuid)" | tee -a /fake/written >>/var/lib/docker/log
        setsid /fake/bin/dockerd infinity </dev/null >/dev/null 2>&1 8>&- 9>&- &
        echo $! >/fake/docker-up ;;
    stop/docker.service) if [ -e /fake/docker-up ]; then pid=$(cat /fake/docker-up); kill "$pid"; while [ -e /proc/$pid ]; do sleep 0.01; done; rm /fake/docker-up; fi ;;
    esac
done
FAKE
    cat >/fake/bin/docker <<'FAKE'
#!/bin/sh
[ -e /fake/docker-up ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
cd /var/lib/docker/containers || exit 1
begin() { setsid /fake/bin/containerd-shim infinity </dev/null >/dev/null 2>&1 8>&- 9>&- & echo $! >/fake/shims/$1; }
end() { if [ -e /fake/shims/$1 ]; then pid=$(cat /fake/shims/$1); kill "$pid"; while [ -e /proc/$pid ]; do sleep 0.01; done; rm -f /fake/shims/$1; fi; }
case "$1 $2" in
"container inspect")
    for id; do case $id in container | inspect | --format | "{{.Id}}") ;; *) if [ -e $id/state ]; then echo $id; else status=1; fi ;; esac; done
    exit ${status:-0} ;;
"ps --all")
    case "$*" in *id=*) ls | grep -x "${*##*id=}" || true; exit ;; esac
    for id in $(ls -r); do
        case $(cat $id/state) in running | paused | restarting) echo "$id $(cat $id/state)" ;; esac
    done ;;
"stop "*) shift; for id; do end $id; echo exited >$id/state; done ;;
"start "*) if [ "$(cat $2/state)" = exited ]; then begin $2; echo running >$2/state; fi ;;
"pause "*) echo paused >$2/state ;;
esac
FAKE
    # What a process of ours does before each of its commands, by BASH_ENV.
    cat >/fake/killer.sh <<'FAKE'
# COUNT: a file that gets a line for each. KILL_AT "NUMBER/PROGRAM": before that one all dies that the run has started.
if [ -n "${KILL_AT:-}${COUNT:-}" ]; then
    count=0
    before() {
        [ "$BASHPID" = $$ ] || return 0
        count=$((count + 1))
        [ -z "${COUNT:-}" ] || echo "$count/${0##*/} $1" >>"$COUNT"
        [ "$count/${0##*/}" != "${KILL_AT:-}" ] || kill -9 0
    }
    set -T
    trap '[ "${FUNCNAME[0]:-}" = before ] || before "${FUNCNAME[0]:-}:$LINENO"' DEBUG
fi
FAKE
    chmod +x /fake/bin/*
}

# Docker's data of every kind: whiteouts, opaque folders, holes, hard links, odd names, owners, modes, attributes.
write_data() {
    python3 - <<'PYTHON'
import os, stat
os.umask(0)
root = "/var/lib/docker/"
def put(name, content=b"x", mode=0o644, owner=(0, 0)):
    os.makedirs(os.path.dirname(root + name), exist_ok=True)
    with open(root + name, "wb") as file: file.write(content)
    os.chown(root + name, *owner)
    os.chmod(root + name, mode)
put("overlay2/a/diff/bin/su", b"su", 0o4755)
put("overlay2/a/diff/etc/secret", b"s", 0o400, (123, 456))
put("overlay2/b/diff/new\nline ' \"", b"odd")
put("volumes/db/_data/table", os.urandom(3_000_000), 0o600, (999, 999))
put("volumes/.berth-hidden", b"h")
os.mknod(root + "overlay2/b/diff/whiteout", stat.S_IFCHR, os.makedev(0, 0))
os.mkfifo(root + "overlay2/b/diff/pipe")
os.symlink("/nowhere", root + "overlay2/b/diff/link")
os.link(root + "overlay2/a/diff/bin/su", root + "overlay2/a/diff/bin/sudo")
os.makedirs(root + "overlay2/b/diff/opaque", mode=0o1777)
os.setxattr(root + "overlay2/b/diff/opaque", "trusted.overlay.opaque", b"y")
os.setxattr(root + "overlay2/a/diff/bin/su", "user.note", b"kept")
with open(root + "volumes/db/_data/sparse", "wb") as file: file.truncate(50 << 20); file.write(b"end")
os.makedirs("/var/lib/containerd/io.containerd.metadata.v1.bolt")
with open("/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db", "wb") as file: file.write(os.urandom(100_000))
os.utime(root + "volumes/db", ns=(1, 1_600_000_000_123_456_789))
PYTHON
    local id
    for id in 1running 2paused 3restarting 4exited; do
        mkdir -p "/var/lib/docker/containers/$id"
        echo "${id#?}" >"/var/lib/docker/containers/$id/state"
    done
}

# manifest ROOT: a line for all that is in it but what Docker writes while the test runs.
manifest() {
    python3 - "$1" <<'PYTHON'
import hashlib, os, stat, sys
root = sys.argv[1]
lines, inodes = [], {}
for folder, folders, files in os.walk(root):
    folders.sort()
    for name in sorted(folders + files):
        path = os.path.join(folder, name)
        short = os.path.relpath(path, root)
        if short in ("log", ".berth-data-disk") or short.startswith("containers"): continue
        s = os.lstat(path)
        line = [repr(short), oct(s.st_mode), s.st_uid, s.st_gid, s.st_mtime_ns]
        if not stat.S_ISDIR(s.st_mode): line += [s.st_nlink, s.st_rdev, s.st_size]
        if s.st_nlink > 1 and not stat.S_ISDIR(s.st_mode): line.append(inodes.setdefault(s.st_ino, short))
        if stat.S_ISLNK(s.st_mode): line.append(os.readlink(path))
        if stat.S_ISREG(s.st_mode):
            line += [hashlib.sha256(open(path, "rb").read()).hexdigest(), "sparse" if s.st_blocks * 512 < s.st_size / 2 else "full"]
        line += [(key, os.getxattr(path, key, follow_symlinks=False)) for key in sorted(os.listxattr(path, follow_symlinks=False))]
        lines.append(str(line))
print("\n".join(sorted(lines)))
PYTHON
}

processes() { grep -lxE 'dockerd|containerd-shim' /proc/[0-9]*/comm 2>/dev/null | cut -d / -f 3; }

# fresh [DISK_SIZE]
fresh() {
    # shellcheck disable=SC2046
    kill -9 $(processes) 2>/dev/null
    detach
    rm -rf /var/lib/docker /var/lib/containerd /var/lib/berth /usr/local/lib/berth /etc/systemd/system/berth-* /fake "$DISK_FILE" /run/lock/berth-*
    write_fakes
    truncate -s "${1:-100M}" "$DISK_FILE"
    attach
    write_data
    touch /fake/written
    systemctl start docker.service
    local id
    for id in 1running 2paused 3restarting; do
        echo exited >"/var/lib/docker/containers/$id/state"
        docker start "$id"
        case $id in 2paused | 3restarting) echo "${id#?}" >"/var/lib/docker/containers/$id/state" ;; esac
    done
    { manifest /var/lib/docker; manifest /var/lib/containerd; } >/fake/manifest
}

# run [N]: its output is in /fake/output.
run() {
    local status
    KILL_AT=${1:-} BASH_ENV=/fake/killer.sh setsid --wait bash -s -- "$VOLUME" </script.sh >/fake/output 2>&1
    status=$?
    return "$status"
}

# Only containers that nobody stopped start again with Docker.
reboot() {
    # shellcheck disable=SC2046
    kill -9 $(processes) 2>/dev/null
    rm -f /fake/docker-up /fake/shims/*
    detach
    attach
    [ ! -e /fake/enabled ] || "$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' /etc/systemd/system/berth-data-disk.service)" "$VOLUME" || return 0
    systemctl start docker.service
    local id
    for id in 1running 2paused 3restarting; do
        if [ "$(cat "/var/lib/docker/containers/$id/state")" != exited ]; then
            echo exited >"/var/lib/docker/containers/$id/state"
            docker start "$id"
        fi
    done
}

# data: Docker's data is whole, and has all that Docker has written.
data() {
    { manifest /var/lib/docker; manifest /var/lib/containerd; } | diff /fake/manifest - >/fake/diff || { echo "the data differs:"; head -5 /fake/diff; }
    [ "$(head -n "$(wc -l </fake/written)" /var/lib/docker/log)" = "$(cat /fake/written)" ] || echo "what Docker wrote is not all there"
}

states() { (cd /var/lib/docker/containers && for id in *; do echo "$id=$(cat "$id/state")"; done) | paste -sd ' '; }

# check [STATE]: prints what is wrong. STATE is as good as 2paused=paused.
check() {
    data
    [ /var/lib/docker -ef "$MOUNTED/docker" ] && [ /var/lib/containerd -ef "$MOUNTED/containerd" ] || echo "the disk is not in place"
    [ -e /fake/enabled ] || echo "the unit is not enabled"
    [ -e /fake/docker-up ] || echo "Docker does not run"
    [ "$(states | sed "s/${1:-nothing}/2paused=paused/")" = "1running=running 2paused=paused 3restarting=running 4exited=exited" ] ||
        echo "containers: $(states)"
    [ "$(ls -A "$MOUNTED")" = "$(printf '%s\n' containerd docker lost+found)" ] || echo "on the disk: $(ls -A "$MOUNTED" | paste -sd ' ')"
    [ "$(ls -A /var/lib/berth | sort | paste -sd ' ')" = "before-data-disk data" ] || echo "notes: $(ls -A /var/lib/berth)"
}

# points: at which commands a run is killed: each line of both programs, when they first come to it.
points() {
    fresh
    rm -f /fake/events
    COUNT=/fake/events run
    awk '{ line = $1 $2; sub(/^[0-9]*/, "", line) } !seen[line]++ { print $1, $2 }' /fake/events
}

# killed AT WHERE reboot|stay: a run that is killed at a command, then a boot or none, then another run.
killed() {
    local problems
    fresh
    run "$1" 2>/dev/null
    problems=$(
        if [ "$3" = reboot ]; then
            reboot
            [ -e /fake/docker-up ] || echo "Docker does not run after the boot"
        fi
        data
        run || { echo "the second run fails:"; cat /fake/output; }
        case $3 in
        reboot) check 2paused=running ;; # nothing is paused after a boot
        *) check 2paused=paused ;;
        esac
    )
    [ -z "$problems" ] || printf 'killed at %s (%s), %s:\n%s\n' "$1" "$2" "$3" "$problems"
}

# all_killed PART OF MOST: every OF-th of MOST points, which are spread evenly, half of them with a boot after it. Prints
# what is wrong.
all_killed() {
    local at where n=0 then=stay found
    points >/all-points
    found=$(wc -l </all-points)
    awk -v most="$3" -v found="$found" 'found <= most || int(NR * most / found) > int((NR - 1) * most / found)' /all-points >/points
    while read -r at where; do
        n=$((n + 1))
        if [ "$then" = stay ]; then then=reboot; else then=stay; fi
        [ $((n / 2 % $2)) != "$1" ] || killed "$at" "$where" "$then"
    done </points
    [ "$found" -gt 100 ] || echo "only $found commands were found"
}

# The end: nothing of this machine is left on the computer.
finish() {
    # shellcheck disable=SC2046
    kill -9 $(processes) 2>/dev/null
    detach
}
