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
#
# The ledger is exchanged as a whole: a run that is killed, or has no space left, leaves the one from before. Tags that
# have no line yet, or no more, are in FOLDER/releases.pending until they are removed: the next run does what is left.
set -euo pipefail
export LC_ALL=C
umask 077

action=${1:?record, forget or remove}
stack=${2:?the stack is missing}
folder=${3:?the folder is missing}
ledger=$folder/releases.jsonl
draft=$ledger.new
pending=$folder/releases.pending

fail() {
    echo "berth: $1" >&2
    exit 1
}

# Docker, for a minute: one that hangs is one that does not answer.
docker() { timeout --foreground -k 5 60 docker "$@"; }
await_docker() { docker version >/dev/null || fail "Docker does not answer on this host: systemctl status docker. The releases are as they were"; }

fail_later() { fail "Docker does not answer on this host: systemctl status docker. Tags of old releases stay until the next run"; }

# The part of a line that says what was released; and that of the newest line of the same service.
said() { sed 's/^{"release":[0-9]*,"time":"[^"]*","restore":"[^"]*",/{/'; }
service_of() { sed -n 's/^{"service":"\([^"]*\)".*/\1/p' <<<"$1"; }
# The quotes of a line divide it: {"release":7,"time":"…","restore":"$10","image":"$14","service":"$18",…
of_service() { awk -F '"' -v service="$1" '$16 == "service" && $18 == service' "$draft"; }
tags_in() { awk -F '"' '$8 == "restore" && $10 ~ /^berth\/release:/ { print $10 }' "$1"; }

# A tag takes what a repository's name does not: capitals, and any signs in a row.
tag_of() { printf 'berth/release:%s-%s-%s' "${stack:0:60}" "${1:0:40}" "$2"; }

# Where the image comes from a registry, its digest there; else it gets a tag of its own.
restore() {
    local image=$1 service=$2 release=$3 digest tag
    digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' -- "$image" | sed -n 1p) || return 1
    if [ -z "$digest" ]; then
        tag=$(tag_of "$service" "$release")
        await_removal <<<"$tag" && docker image tag "$image" "$tag" || return 1
        digest=$tag
    fi
    printf '%s' "$digest"
}

# Notes tags, by stdin, that go unless the ledger has them at the end.
await_removal() {
    touch "$pending" && cat -- "$pending" - >"$pending.new" && sync "$pending.new" && mv -- "$pending.new" "$pending"
}

# Removes the tags that are noted and in no line. Those that Docker does not let go are tried again by the next run.
remove_tags() {
    local tag noted present kept='' left=''
    [ -e "$pending" ] || return 0
    if [ -n "$(type -P docker)" ]; then
        present=$(docker image ls --format '{{.Repository}}:{{.Tag}}' --filter 'reference=berth/release') ||
            fail_later
        noted=$(sort -u -- "$pending")
        if [ -e "$ledger" ]; then kept=$(tags_in "$ledger"); fi
        while IFS= read -r tag; do
            if [[ $'\n'$present$'\n' != *$'\n'"$tag"$'\n'* ]]; then continue; fi
            if [[ $'\n'$kept$'\n' == *$'\n'"$tag"$'\n'* ]]; then continue; fi
            docker image rm "$tag" >/dev/null 2>&1 || left+=$tag$'\n'
        done <<<"$noted"
    fi
    if [ -z "$left" ]; then
        rm -f -- "$pending"
    else
        printf '%s' "$left" >"$pending.new"
        sync "$pending.new"
        mv -- "$pending.new" "$pending"
        docker version >/dev/null || fail_later
    fi
}

lock() {
    mkdir -p -- "$folder"
    exec 9>"$folder/releases.lock"
    flock 9
}

# A line that a power cut has torn says nothing.
begin_draft() {
    if [ -e "$ledger" ]; then sed -n '/^{"release":.*}$/p' "$ledger" >"$draft"; else : >"$draft"; fi
}

# end_draft KEEP: it becomes the ledger, with the newest KEEP of each service.
end_draft() {
    tac -- "$draft" | awk -F '"' -v keep="$1" '$16 != "service" || seen[$18]++ < keep' | tac >"$draft.kept"
    mv -- "$draft.kept" "$draft"
    if [ -e "$ledger" ]; then
        if cmp -s -- "$draft" "$ledger"; then
            rm -- "$draft"
            return
        fi
        tags_in "$ledger" | await_removal
    fi
    sync "$draft"
    mv -- "$draft" "$ledger"
    sync "$folder"
}

forget() {
    [ -e "$ledger" ] || [ -e "$pending" ] || return 0
    lock
    begin_draft
    end_draft "$1"
    remove_tags
}

record() {
    local keep=$1 container what service newest release image kept_by
    lock
    await_docker
    begin_draft
    while IFS= read -r container && IFS= read -r what; do
        service=$(service_of "$what")
        image=$(docker container inspect --format '{{.Image}}' -- "$container") || {
            await_docker
            fail "$container is not there: nothing is recorded for $service"
        }
        newest=$(of_service "$service" | tail -n 1)
        if [ "$(said <<<"$newest")" = "{\"image\":\"$image\",${what#\{}" ]; then continue; fi
        release=$(sed -n 's/^{"release":\([0-9]*\),.*/\1/p' "$draft" | sort -n | tail -n 1)
        release=$((${release:-0} + 1))
        kept_by=$(restore "$image" "$service" "$release") || fail "the image of $service cannot be kept: nothing is recorded"
        printf '{"release":%s,"time":"%s","restore":"%s","image":"%s",%s\n' "$release" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
            "$kept_by" "$image" "${what#\{}" >>"$draft"
    done
    end_draft "$keep"
    remove_tags
}

remove() {
    if [ -d "$folder" ]; then
        lock
        if [ -e "$ledger" ]; then
            tags_in "$ledger" | await_removal
            rm -- "$ledger"
        fi
        remove_tags
        rm -f -- "$draft" "$draft.kept" "$pending.new" "$folder/releases.lock"
    fi
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
