#!/usr/bin/env bash
# Lists what a stack has left on this host. Changes nothing. Runs on the host as root:
#
#   bash -s -- PROJECT STACK < survey-leftovers.sh
#
# stdout: "KIND NAME" a line. A Docker that is there and does not answer is an error, not an empty list.
# BERTH_ROOT (tests only) is put before every path.
set -euo pipefail
export LC_ALL=C

readonly project=${1:?the project is missing} stack=${2:?the stack is missing} root=${BERTH_ROOT:-}
readonly prefix=$project-$stack
filters=(--filter "label=berth.project=$project" --filter "label=berth.stack=$stack")

# Docker, for a minute: one that hangs is one that does not answer.
docker() { timeout --foreground -k 5 60 docker "$@"; }

# Tags that keep images of releases: those of a stack whose name goes on after this one's begin in the same way.
release_tags() {
    local tag other built_for tags
    tags=$(docker image ls --format '{{.Repository}}:{{.Tag}}' --filter "reference=berth/release:$prefix-*") || return 1
    while IFS= read -r tag; do
        if [ -z "$tag" ]; then continue; fi
        built_for=$(docker image inspect --format '{{with .Config}}{{index .Labels "berth.built-for"}}{{end}}' -- "$tag" 2>/dev/null) || continue
        if [ -n "$built_for" ] && [ "$built_for" != "$prefix" ]; then continue; fi
        for other in "$root/var/lib/docker/berth/$prefix-"*/; do
            other=${other%/}
            if [[ -z $built_for && $tag == "berth/release:${other##*/}-"* ]]; then continue 2; fi
        done
        echo "image $tag"
    done <<<"$tags"
}

if type -P docker >/dev/null; then
    if ! answer=$(docker version 2>&1); then
        # shellcheck disable=SC2016 # The last line is what a person sees; it is no command of ours.
        printf '%s\nberth: Docker does not answer, so nobody can say what is left: see `systemctl status docker`\n' "$answer" >&2
        exit 1
    fi
    docker ps --all "${filters[@]}" --format 'container {{.Names}}'
    docker network ls "${filters[@]}" --format 'network {{.Name}}'
    docker volume ls "${filters[@]}" --format 'volume {{.Name}}'
    # Anonymous volumes, which have no labels: a volume of the stack says that it stands for one.
    docker volume ls "${filters[@]}" --filter label=berth.holds --format 'volume {{.Label "berth.holds"}}'
    release_tags
fi
for path in "$root/var/lib/docker/berth/$prefix" "$root/etc/systemd/system/berth-"{certificates,start-order}"-$prefix".*; do
    if [ -e "$path" ]; then echo "file ${path#"$root"}"; fi
done
