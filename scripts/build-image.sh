#!/usr/bin/env bash
# Builds an image by BuildKit, and removes its tag. Runs on the host as root:
#
#   bash -s -- build BASE TAG ARCHIVE PRIVATE WORD... < build-image.sh
#   bash -s -- remove BASE TAG < build-image.sh
#
# BASE is a folder that only root may enter. ARCHIVE is a tar archive with the local parts of the build, and goes when it
# is built; empty: none. PRIVATE is a file with a line `secret NAME BASE64` for each secret of the build, and one
# `registries BASE64` with a Docker config.json that has credentials; it goes at once; empty: none. The WORDs are
# given to `docker buildx build`, which runs in the folder of the archive's content; its input is the Dockerfile there.
#
# stderr: the progress. stdout: the image's id.
set -euo pipefail
export LC_ALL=C
umask 077

# Lines of the progress that are shown and kept in full. After them, only the steps' names and ends are.
readonly FULL_LINES=200
# Of what was left out, so many lines are shown on failure.
readonly LAST_LINES=40

verb=${1:?the verb is missing: build or remove}
base=${2:?the base is missing}
tag=${3:?the tag is missing}

clean_up() { rm -rf -- "${draft:-}" "${hidden:-}"; }

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
    hidden=$(mktemp -d /dev/shm/berth.XXXXXX)
    mv -- "$1" "$hidden/private"
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

show() {
    local line count=0
    while IFS= read -r line; do
        count=$((count + 1))
        printf '%s\n' "$line" >>"$draft/log"
        if [ "$count" -le "$FULL_LINES" ] || [[ $line =~ ^\#[0-9]+\ (\[|DONE|CACHED|ERROR) ]]; then
            printf '%s\n' "$line" >&2
        fi
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
    local archive=$1 private=$2 secrets=() dockerfile=/dev/null
    install -d -m 0700 -- "$base"
    trap clean_up EXIT
    draft=$(mktemp -d "$base/.draft.XXXXXX")
    : >"$draft/log"
    if [ -n "$private" ]; then take_private "$private"; fi
    mkdir -- "$draft/build"
    if [ -n "$archive" ]; then
        [ -e "$archive" ] || missing_upload
        tar --extract --file "$archive" --directory "$draft/build" --same-permissions --no-same-owner --touch
    fi
    if [ -e "$draft/build/Dockerfile" ]; then dockerfile=$draft/build/Dockerfile; fi
    (
        cd -- "$draft/build"
        docker buildx build --builder default --load --progress plain --tag "$tag" "${secrets[@]}" "${@:3}" \
            <"$dockerfile" 2>&1
    ) | show || failed
    docker image inspect --format '{{.Id}}' "$tag"
    if [ -n "$archive" ]; then remove_uploads "$archive"; fi
}

# An image that a container runs keeps its tag.
remove() {
    docker image rm "$tag" >/dev/null 2>&1 || true
    rmdir -- "$base" "${base%/*}" 2>/dev/null || true
}

"$verb" "${@:4}"
