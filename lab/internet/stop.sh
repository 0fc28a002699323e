#!/usr/bin/env bash
# Stops the lab and removes its network, unless a container other than the lab's is still in that network, or
# BERTH_LAB_STAYS is set: tests that run at once share the lab, and whoever runs them stops it.
#
# usage: lab/internet/stop.sh
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lab/internet/names.sh
source "$here/names.sh"

# Stopped containers count: they could not be started again without their network.
others() { docker ps -a --filter "network=$network" --format '{{ .Names }}' | grep -vx "$container" | tr '\n' ' ' || true; }

remove_lab() {
    docker rm -f "$container" >/dev/null 2>&1 || true
    if docker network inspect "$network" >/dev/null 2>&1; then docker network rm "$network"; fi
}

if [ -n "${BERTH_LAB_STAYS:-}" ]; then exit 0; fi
one_at_a_time lab
in_use=$(others)
if [ -n "$in_use" ]; then
    echo "The lab stays: its network $network is in use by ${in_use% }." >&2
    exit 0
fi
step "lab stopped" remove_lab
