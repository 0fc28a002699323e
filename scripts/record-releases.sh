#!/usr/bin/env bash
# Keeps a ledger of what was released on this host, to go back to. Runs on the host as root:
#
#   bash --norc -c SCRIPT record-releases record STACK FOLDER KEEP < releases
#   bash --norc -c SCRIPT record-releases forget STACK FOLDER KEEP
#   bash --norc -c SCRIPT record-releases remove STACK FOLDER
#
# stdin has two lines for each service: the name of one of its containers, and what was released, as a JSON object whose
# first key is "service". FOLDER/releases.jsonl gets a line for each that is not the newest of its service already:
#
#   {"release":7,"time":"2026-11-25T15:14:06Z","restore":"nginx@sha256:…","service":"web",…}
#
# `restore` is what the very image is asked for by: its digest in the registry, or, of an image that no registry has, a
# tag that keeps it here. The newest KEEP of each service stay.
set -euo pipefail
export LC_ALL=C
umask 077

action=${1:?record, forget or remove}
stack=${2:?the stack is missing}
folder=${3:?the folder is missing}
ledger=$folder/releases.jsonl

inspect() { docker container inspect --format "$1" -- "$2"; }

# The part of a line that says what was released; and that of the newest line of the same service.
said() { sed 's/^{"release":[0-9]*,"time":"[^"]*","restore":"[^"]*",/{/'; }
service_of() { sed -n 's/^{"service":"\([^"]*\)".*/\1/p' <<<"$1"; }
of_service() {
    grep "^{\"release\":[0-9]*,\"time\":\"[^\"]*\",\"restore\":\"[^\"]*\",\"image\":\"[^\"]*\",\"service\":\"${1//./\\.}\"," "$ledger" || true
}

# A tag takes what a repository's name does not: capitals, and any signs in a row.
tag_of() { printf 'berth/release:%s-%s-%s' "${stack:0:60}" "${1:0:40}" "$2"; }

# Where the image comes from a registry, its digest there; else it gets a tag of its own.
restore() {
    local image=$1 service=$2 release=$3 digest tag
    digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' -- "$image" | head -n 1)
    if [ -z "$digest" ]; then
        tag=$(tag_of "$service" "$release")
        docker image tag "$image" "$tag"
        digest=$tag
    fi
    printf '%s' "$digest"
}

# forget_old SERVICE KEEP: all but the newest KEEP of a service, with the tags of their images.
forget_old() {
    local service=$1 line release
    of_service "$service" | head -n "-$2" | while IFS= read -r line; do
        release=${line#'{"release":'} release=${release%%,*}
        docker image rm "$(tag_of "$service" "$release")" >/dev/null 2>&1 || true
        grep -vF "{\"release\":$release," "$ledger" >"$ledger.new" || true
        mv -- "$ledger.new" "$ledger"
    done
}

lock() {
    mkdir -p -- "$folder"
    exec 9>"$folder/releases.lock"
    flock 9
}

# forget_all KEEP: all but the newest KEEP of each service.
forget_all() {
    local service
    sed -n 's/^{"release":[0-9]*,"time":"[^"]*","restore":"[^"]*","image":"[^"]*","service":"\([^"]*\)",.*/\1/p' "$ledger" |
        sort -u | while IFS= read -r service; do forget_old "$service" "$1"; done
    sync "$ledger"
}

forget() {
    [ -e "$ledger" ] || return 0
    lock
    forget_all "$1"
}

record() {
    local keep=$1 container what service newest release image
    lock
    # A line that a power cut has torn says nothing.
    touch "$ledger"
    grep '^{"release":.*}$' "$ledger" >"$ledger.new" || true
    mv -- "$ledger.new" "$ledger"
    while IFS= read -r container && IFS= read -r what; do
        service=$(service_of "$what")
        image=$(inspect '{{.Image}}' "$container") || {
            echo "$container is not there: nothing is recorded for $service" >&2
            exit 1
        }
        newest=$(of_service "$service" | tail -n 1)
        if [ "$(said <<<"$newest")" = "{\"image\":\"$image\",${what#\{}" ]; then continue; fi
        release=$(sed -n 's/^{"release":\([0-9]*\),.*/\1/p' "$ledger" | sort -n | tail -n 1)
        release=$((${release:-0} + 1))
        printf '{"release":%s,"time":"%s","restore":"%s","image":"%s",%s\n' "$release" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
            "$(restore "$image" "$service" "$release")" "$image" "${what#\{}" >>"$ledger"
    done
    forget_all "$keep"
}

remove() {
    [ -e "$ledger" ] || return 0
    sed -n 's/^{"release":[0-9]*,"time":"[^"]*","restore":"\(berth\/release:[^"]*\)".*/\1/p' "$ledger" |
        xargs -r docker image rm >/dev/null 2>&1 || true
    rm -f -- "$ledger" "$folder/releases.lock"
    rmdir -- "$folder" "${folder%/*}" 2>/dev/null || true # others are in it
}

case $action in
record) record "${4:?how many are kept}" ;;
forget) forget "${4:?how many are kept}" ;;
remove) remove ;;
*)
    echo "record, forget or remove, not $action" >&2
    exit 2
    ;;
esac
