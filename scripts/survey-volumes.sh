#!/usr/bin/env bash
# Lists what holds data on a host, for ./scripts/down. Runs on the host as root, and changes nothing:
#
#   bash -s < survey-volumes.sh
#
# Prints lines of words between tabs: "volume" or "folder", its name, its bytes ("?" where they cannot be counted), and
# "full" or "empty". The last line is "end": without it the list is not whole. It reads Docker's folder, so that a Docker
# that does not answer hides nothing. A host without Docker's data has none.
# BERTH_ROOT (tests only) is put before every path.
set -euo pipefail
export LC_ALL=C
root=${BERTH_ROOT:-}
COUNT_SECONDS=20 # for each volume; a count that takes longer is not known

# What Docker says; what its settings say, where it does not answer. Fails where they do not say it plainly.
docker_root() {
    local folder settings=$root/etc/docker/daemon.json
    if ! folder=$(timeout 10 docker info --format '{{.DockerRootDir}}' 2>/dev/null); then
        folder=$(sed -nE 's/.*"data-root"[[:space:]]*:[[:space:]]*"([^"]+)".*/\1/p' "$settings" 2>/dev/null) || folder=
        if [ -z "$folder" ] && grep -qs '"data-root"' "$settings"; then
            echo "berth: Docker does not answer, and $settings does not say plainly where its data is" >&2
            return 1
        fi
    fi
    echo "$root${folder:-/var/lib/docker}"
}

# An error of du is a file that went meanwhile: what it counted all the same is near enough.
bytes_in() {
    local counted
    counted=$(timeout "$COUNT_SECONDS" du -s --bytes -- "$1" 2>/dev/null) || [ $? -eq 1 ] || counted=
    counted=${counted%%$'\t'*}
    echo "${counted:-?}"
}

# A folder that cannot be read to its end counts as full.
fullness() {
    local found
    if [ ! -d "$1" ]; then
        echo full
    elif found=$(timeout "$COUNT_SECONDS" find "$1" -mindepth 1 ! -type d -print -quit 2>/dev/null) && [ -z "$found" ]; then
        echo empty
    else
        echo full
    fi
}

line() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$(bytes_in "$3")" "$(fullness "$3")"
}

main() {
    local data folder name
    data=$(docker_root) || exit 1
    for folder in "$data"/volumes/*/; do
        if [ ! -d "$folder" ]; then continue; fi
        name=${folder%/}
        name=${name##*/}
        if [ -d "${folder}_data" ]; then line volume "$name" "${folder}_data"; fi
    done
    # What containers write into a folder of the project stays here (place-content.sh).
    for folder in "$data"/berth/*/kept/*; do
        if [ -e "$folder" ]; then line folder "${folder#"$root"}" "$folder"; fi
    done
    echo end
}

main "$@" </dev/null # whole before it starts: nothing it runs can eat the rest of the stream
