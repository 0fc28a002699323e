#!/usr/bin/env bash
# Builds an image by BuildKit, and removes its tag. Runs on the host as root:
#
#   bash -s -- build BASE TAG ARCHIVE PRIVATE WORD... < build-image.sh
#   bash -s -- remove BASE TAG < build-image.sh
#
# BASE is a folder that only root may enter. ARCHIVE is a tar archive with the local parts of the build, and is removed
# when it is built; empty: none. PRIVATE is a file with a line `secret NAME BASE64` for each secret of the build, and one
# `registries BASE64` with a Docker config.json that has credentials; it is removed at once; empty: none. The WORDs are
# given to `docker buildx build`, which runs in the folder of the archive's content; its input is the Dockerfile there.
#
# What is secret is removed with this run however it ends: a process of its own removes it when nobody holds it any more. The
# image's label berth.built-for names the stack: images are pruned by it.
#
# stderr: the progress. stdout: the image's id.
set -euo pipefail
export LC_ALL=C
umask 077

# Lines of the progress that are shown and kept in full. After them, only the steps' names and ends are.
readonly FULL_LINES=200
# Of what was left out, so many lines are shown on failure.
readonly LAST_LINES=40
# A build that says nothing for so long is given up where Docker does not answer either.
readonly QUIET_SECONDS=60

verb=${1:?the verb is missing: build or remove}
base=${2:?the base is missing}
tag=${3:?the tag is missing}

fail() {
    echo "berth: $1" >&2
    exit 1
}

# Docker, for a minute: one that hangs is one that does not answer. A build itself may take any time.
docker() { timeout --foreground -k 5 60 docker "$@"; }
await_docker() { docker version >/dev/null || fail "Docker does not answer on this host: systemctl status docker"; }

clean_up() { rm -rf -- "${draft:-}" "${hidden:-}"; }

# The folders of this run are held by locks, which end with it and what it has started; what nobody holds any more is of
# runs that were killed, and is removed. Who makes one or looks for them holds the lock of BASE.
lock_base() {
    local left
    exec 6<"$base"
    flock 6
    for left in "$base"/.draft.build.?????? /dev/shm/berth."${base##*/}".??????; do
        if [ -d "$left" ]; then flock -n "$left" rm -rf -- "$left" || true; fi
    done
}
make_folders() {
    lock_base
    draft=$(mktemp -d "$base/.draft.build.XXXXXX")
    exec 7<"$draft"
    flock 7
    if [ -n "$1" ]; then
        hidden=$(mktemp -d "/dev/shm/berth.${base##*/}.XXXXXX")
        exec 8<"$hidden"
        flock 8
        setsid --fork flock "$hidden" rm -rf -- "$hidden" </dev/null >/dev/null 2>&1 6<&- 7<&- 8<&-
    fi
    exec 6<&-
}

missing_upload() {
    echo "berth: what was uploaded is gone; upload it again: ./scripts/up --target-replace '**-upload' --target-dependents" >&2
    exit 1
}

# The upload that is done with, and those of runs long ago that failed.
remove_uploads() {
    rm -f -- "$1"
    find . -maxdepth 1 -type f -name "${1%-*}-????????????????.tar" -mtime +30 -delete
}

# Files of secrets lie in memory only, as long as the build runs.
take_private() {
    local kind rest
    mv -- "$1" "$hidden/private"
    # Of runs that were killed before they took it. One is delivered just before its build begins.
    find . -maxdepth 1 -type f -name ".${base##*/}-????????????????.private" -mmin +60 -delete
    while read -r kind rest; do
        case $kind in
        secret)
            printf '%s' "${rest#* }" | base64 --decode >"$hidden/secret-${#secrets[@]}"
            secrets+=(--secret "id=${rest% *},src=$hidden/secret-${#secrets[@]}")
            ;;
        registries)
            mkdir -- "$hidden/docker"
            printf '%s' "$rest" | base64 --decode >"$hidden/docker/config.json"
            export DOCKER_CONFIG=$hidden/docker
            ;;
        esac
    done <"$hidden/private"
}

# show PROCESS < PROGRESS: up to the end of the build.
show() {
    local line='' part count=0 status
    while true; do
        status=0
        IFS= read -r -t "$QUIET_SECONDS" part || status=$?
        line+=$part
        if [ "$status" -gt 128 ]; then # so long nothing
            if docker version >/dev/null; then continue; fi
            kill "$1" 2>/dev/null || true
            echo "berth: Docker does not answer any more: systemctl status docker" | tee -a "$draft/log" >&2
            return 1
        elif [ "$status" -ne 0 ] && [ -z "$line" ]; then
            return
        fi
        count=$((count + 1))
        printf '%s\n' "$line" >>"$draft/log"
        if [ "$count" -le "$FULL_LINES" ] || [[ $line =~ ^\#[0-9]+\ (\[|DONE|CACHED|ERROR) ]]; then
            printf '%s\n' "$line" >&2
        fi
        line=''
    done
}

failed() {
    if [ "$(wc -l <"$draft/log")" -gt "$FULL_LINES" ]; then
        echo "berth: the last lines of the build:" >&2
        tail -n "$LAST_LINES" -- "$draft/log" >&2
    fi
    echo "berth: the image was not built" >&2
    exit 1
}

build() {
    local archive=$1 private=$2 secrets=() dockerfile=/dev/null builder
    install -d -m 0700 -- "$base"
    trap clean_up EXIT
    make_folders "$private"
    : >"$draft/log"
    if [ -n "$private" ]; then take_private "$private"; fi
    mkdir -- "$draft/build"
    if [ -n "$archive" ]; then
        [ -e "$archive" ] || missing_upload
        tar --extract --file "$archive" --directory "$draft/build" --same-permissions --no-same-owner --touch
    fi
    await_docker
    if [ -e "$draft/build/Dockerfile" ]; then dockerfile=$draft/build/Dockerfile; fi
    exec 5< <(
        cd -- "$draft/build"
        exec docker buildx build --builder default --load --progress plain --tag "$tag" \
            --label "berth.built-for=${base##*/}" "${secrets[@]}" "${@:3}" <"$dockerfile" 2>&1
    )
    builder=$!
    show "$builder" <&5 || failed
    wait "$builder" || failed
    docker image inspect --format '{{.Id}}' "$tag"
    if [ -n "$archive" ]; then remove_uploads "$archive"; fi
}

# An image that a container runs keeps its tag.
remove() {
    if [ -n "$(type -P docker)" ]; then docker image rm "$tag" >/dev/null 2>&1 || await_docker; fi
    # What was delivered for builds that were killed or never began: secrets first.
    find . -maxdepth 1 -type f -name ".${base##*/}-????????????????.private" -delete
    if [ -d "$base" ]; then
        lock_base
        exec 6<&-
    fi
    rmdir -- "$base" "${base%/*}" 2>/dev/null || true
}

"$verb" "${@:4}"
