#!/usr/bin/env bash
# Lists what a stack has left on this host. Changes nothing. Runs on the host as root:
#
#   bash -s -- PROJECT STACK < survey-leftovers.sh
#
# stdout: "KIND NAME" a line. BERTH_ROOT (tests only) is put before every path.
set -euo pipefail
export LC_ALL=C

readonly project=${1:?the project is missing} stack=${2:?the stack is missing} root=${BERTH_ROOT:-}
readonly prefix=$project-$stack
filters=(--filter "label=berth.project=$project" --filter "label=berth.stack=$stack")

if command -v docker >/dev/null && docker version >/dev/null 2>&1; then
    docker ps --all "${filters[@]}" --format 'container {{.Names}}'
    docker network ls "${filters[@]}" --format 'network {{.Name}}'
    docker volume ls "${filters[@]}" --format 'volume {{.Name}}'
    # Anonymous volumes, which have no labels: a volume of the stack says that it stands for one.
    docker volume ls "${filters[@]}" --filter label=berth.holds --format 'volume {{.Label "berth.holds"}}'
    docker image ls --format '{{.Repository}}:{{.Tag}}' --filter "reference=berth/release:$prefix-*" | sed 's/^/image /'
fi
for path in "$root/var/lib/docker/berth/$prefix" "$root/etc/systemd/system/berth-"*"-$prefix".*; do
    if [ -e "$path" ]; then echo "file ${path#"$root"}"; fi
done
