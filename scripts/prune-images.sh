#!/usr/bin/env bash
# Removes images that no container uses and no kept release needs, and build cache as old. Runs on the host as root:
#
#   bash -s -- PREFIX FOLDER KEEP all|own remove|show < prune-images.sh
#
# FOLDER has the ledger of releases: the newest KEEP of each service keep their images. "all" takes every other image of
# the engine, "own" only those that the stack PREFIX built: by their label, or, of an older Berth, by exactly their names;
# one that has another tag too stays.
# "show" removes nothing. stdout: "ID SIZE NAME" a line; then what the build cache gave back.
set -euo pipefail
export LC_ALL=C

readonly prefix=${1:?} folder=${2:?} keep=${3:?} which=${4:?} how=${5:?}
readonly ledger=$folder/releases.jsonl

fail() {
    echo "berth: $1" >&2
    exit 1
}

# Docker, for ten minutes, which a large image may take: one that hangs is one that does not answer.
docker() { timeout --foreground -k 5 600 docker "$@"; }

# The quotes of a line divide it: {"release":7,"time":"$6","restore":"$10","image":"$14","service":"$18",…
kept_lines() { if [ -e "$ledger" ]; then tac -- "$ledger" | awk -F '"' -v keep="$keep" '$16 == "service" && seen[$18]++ < keep'; fi; }

# Releases of other stacks on this host stay, all of them.
lines_of_others() {
    local other
    for other in "${folder%/*}"/*/releases.jsonl; do
        if [ -e "$other" ] && [ "$other" != "$ledger" ]; then cat -- "$other" || return 1; fi
    done
}

# What containers run. One that goes between the two questions is asked for again.
used() {
    local containers try
    for try in 1 2 3; do
        containers=$(docker ps --all --quiet --no-trunc) || return 1
        if [ -z "$containers" ]; then return; fi
        # shellcheck disable=SC2086
        docker container inspect --format '{{.Image}}' $containers && return
    done
    echo "berth: after $try times the containers cannot be told" >&2
    return 1
}

# repositories < LINES: what builds of their services are called, `PREFIX-SERVICE` as a repository's name.
repositories() {
    awk -F '"' -v prefix="$1" '$16 == "service" { print prefix "-" $18 }' | tr '[:upper:]' '[:lower:]' |
        sed -E 's/[^a-z0-9._-]/-/g; s/[._-]*([._-])[._-]*/\1/g; s/^[._-]+|[._-]+$//g' | sort -u
}

repositories_of_others() {
    local other
    for other in "${folder%/*}"/*/releases.jsonl; do
        if [ -e "$other" ] && [ "$other" != "$ledger" ]; then
            other=${other%/*}
            repositories "${other##*/}" <"$other/releases.jsonl" || return 1
        fi
    done
}

# is_own BUILT_FOR TAG…: an image without a label is the stack's by a name that no other stack's service has.
is_own() {
    local name built_for=$1
    if [ -n "$built_for" ]; then
        [ "$built_for" = "$prefix" ]
        return
    fi
    for name in "${@:2}"; do
        if grep -qxF -- "${name%:*}" <<<"$own_repositories" || grep -qxF -- "$name" <<<"$own_tags"; then return; fi
    done
    return 1
}

# has_tag_of_others TAG…: one that neither builds of the stack nor its releases have, such as a person's own.
has_tag_of_others() {
    local name
    for name in "$@"; do
        if [[ $name == berth/release:* ]] || grep -qxF -- "${name%:*}" <<<"$own_repositories" || grep -qxF -- "$name" <<<"$own_tags"; then continue; fi
        return 0
    done
    return 1
}

prune_images() {
    local kept others images image about tags size own_repositories='' own_tags=''
    local -A stays=()
    images=$(used) || fail "Docker does not say what containers use: no image is removed"
    kept=$(kept_lines) || fail "$ledger cannot be read: no image is removed"
    others=$(lines_of_others) || fail "a ledger in ${folder%/*} cannot be read: no image is removed"
    images+=$'\n'$(awk -F '"' '$12 == "image" { print $14 }' <<<"$kept"$'\n'"$others")
    while IFS= read -r image; do stays[_$image]=1; done <<<"$images"
    if [ -e "$ledger" ]; then
        others=$(repositories_of_others)
        own_repositories=$(repositories "$prefix" <"$ledger" | { grep -vxF -- "${others:- }" || [ $? = 1 ]; })
        own_tags=$(awk -F '"' '$8 == "restore" { print $10 }' "$ledger")
    fi
    images=$(docker image ls --all --quiet --no-trunc | sort -u) || fail "Docker does not list its images: no image is removed"
    while IFS= read -r image; do
        if [ -z "$image" ] || [ -n "${stays[_$image]:-}" ]; then continue; fi
        about=$(docker image inspect --format '{{.Size}} {{with .Config}}{{index .Labels "berth.built-for"}}{{end}}|{{join .RepoTags " "}}' \
            -- "$image" 2>/dev/null) || continue # gone with another
        size=${about%% *} tags=${about#*|} about=${about%%|*}
        # References have no spaces.
        # shellcheck disable=SC2086
        if [ "$which" = own ] && { ! is_own "${about#* }" $tags || has_tag_of_others $tags; }; then continue; fi
        # Not by force: one that another image is made of stays.
        # shellcheck disable=SC2086
        if [ "$how" = remove ] && ! docker image rm -- ${tags:-$image} >/dev/null 2>&1; then continue; fi
        echo "$image $size ${tags%% *}"
    done <<<"$images"
    docker version >/dev/null || fail "Docker does not answer any more: systemctl status docker"
}

# The cache of builds that no kept release comes from: what was not used since the oldest of them went live.
prune_cache() {
    local since
    since=$(kept_lines | awk -F '"' '$4 == "time" { print $6 }' | sort | sed -n 1p)
    if [ -z "$since" ]; then return; fi
    docker builder prune --all --force --filter "until=$(($(date +%s) - $(date -d "$since" +%s)))s" | tail -n 1
}

prune_images
if [ "$how" = remove ]; then prune_cache; fi
