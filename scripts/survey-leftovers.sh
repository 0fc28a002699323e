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

if command -v docker >/dev/null; then
    if ! answer=$(timeout 60 docker version 2>&1); then
        # shellcheck disable=SC2016 # The last line is what a person sees; it is no command of ours.
        printf '%s\nberth: Docker does not answer, so nobody can say what is left: see `systemctl status docker`\n' "$answer" >&2
        exit 1
    fi
    docker ps --all "${filters[@]}" --format 'container {{.Names}}'
    docker network ls "${filters[@]}" --format 'network {{.Name}}'
    docker volume ls "${filters[@]}" --format 'volume {{.Name}}'
    docker image ls --format '{{.Repository}}:{{.Tag}}' --filter "reference=berth/release:$prefix-*" | sed 's/^/image /'
fi
for path in "$root/var/lib/docker/berth/$prefix" "$root/etc/systemd/system/berth-"*"-$prefix".*; do
    if [ -e "$path" ]; then echo "file ${path#"$root"}"; fi
done
