#!/usr/bin/env bash
# Removes images that no container uses and no kept release needs, and build cache as old. Runs on the host as root:
#
#   bash -s -- PREFIX FOLDER KEEP all|own remove|show < prune-images.sh
#
# FOLDER has the ledger of releases: the newest KEEP of each service keep their images. "all" takes every other image of
# the engine, "own" only those that the stack PREFIX built. "show" removes nothing. stdout: "ID SIZE NAME" a line; then
# what the build cache gave back.
set -euo pipefail
export LC_ALL=C

readonly prefix=${1:?} folder=${2:?} keep=${3:?} which=${4:?} how=${5:?}
readonly ledger=$folder/releases.jsonl

# kept_lines: the ledger's lines that stay.
kept_lines() {
    local service
    [ -e "$ledger" ] || return 0
    sed -n 's/^{"release":[0-9]*,"time":"[^"]*","restore":"[^"]*","image":"[^"]*","service":"\([^"]*\)".*/\1/p' "$ledger" |
        sort -u | while IFS= read -r service; do grep -F ",\"service\":\"$service\"," "$ledger" | tail -n "$keep"; done
}

# Releases of other stacks on this host stay, all of them.
lines_of_others() {
    local other
    for other in "${folder%/*}"/*/releases.jsonl; do
        if [ -e "$other" ] && [ "$other" != "$ledger" ]; then cat -- "$other"; fi
    done
}

field() { sed -n "s/^{\"release\":.*,\"$1\":\"\([^\"]*\)\".*\"service\":.*/\1/p"; }

used() { docker ps --all --quiet --no-trunc | xargs -r docker container inspect --format '{{.Image}}'; }

# Whether the stack built it: only the tags of its builds and releases begin so.
is_own() {
    local name
    for name in $1; do
        if [[ $name == "$prefix"-*:* || $name == "berth/release:$prefix"-* ]]; then return; fi
    done
    return 1
}

prune_images() {
    local stays image tags size
    stays=$({ kept_lines && lines_of_others; } | field image && used)
    docker image ls --all --quiet --no-trunc | sort -u | while IFS= read -r image; do
        if grep -qxF -- "$image" <<<"$stays"; then continue; fi
        tags=$(docker image inspect --format '{{join .RepoTags " "}}' -- "$image" 2>/dev/null) || continue # gone with another
        if [ "$which" = own ] && ! is_own "$tags"; then continue; fi
        size=$(docker image inspect --format '{{.Size}}' -- "$image")
        # Not by force: one that another image is made of stays. References have no spaces.
        # shellcheck disable=SC2086
        if [ "$how" = remove ] && ! docker image rm -- ${tags:-$image} >/dev/null 2>&1; then continue; fi
        echo "$image $size ${tags%% *}"
    done
}

# The cache of builds that no kept release comes from: what was not used since the oldest of them went live.
prune_cache() {
    local since
    since=$(kept_lines | field time | sort | head -n 1)
    if [ -z "$since" ]; then return; fi
    docker builder prune --all --force --filter "until=$(($(date +%s) - $(date -d "$since" +%s)))s" | tail -n 1
}

prune_images
if [ "$how" = remove ]; then prune_cache; fi
