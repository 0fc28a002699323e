#!/usr/bin/env bash
# Stops the EC2 endpoint and removes what it left: volumes' files, and machines where no endpoint runs to which they
# belong. While there are instances, or where BERTH_LAB_STAYS is `all`, all stays: tests that run at once share it.
#
# usage: lab/ec2/stop.sh
#
# Run it before lab/internet/stop.sh, which keeps the network while anything else is in it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lab/ec2/names.sh
source "$here/names.sh"

exists() { docker container inspect "$container" >/dev/null 2>&1 || docker volume inspect "$storage" >/dev/null 2>&1 || [ -n "$(machines)" ]; }

# The image that made the storage knows how to free the loop devices; without it the machines at least go.
remove_endpoint() {
    local made_by
    made_by=$(docker inspect --format '{{ .Config.Image }}' "$container" 2>/dev/null || echo "$image")
    docker rm -f "$container" >/dev/null 2>&1 || true
    set_endpoint_flags
    if docker image inspect "$made_by" >/dev/null 2>&1; then
        docker run --rm "${endpoint_flags[@]}" --network none --env "BERTH_EC2_NETWORK=$network" "$made_by" cleanup
    else
        machines | cut -d ' ' -f 1 | xargs -r docker rm -f -v
    fi
    docker volume rm -f "$storage"
}

if [ "${BERTH_LAB_STAYS:-}" = all ]; then exit 0; fi
one_at_a_time lab-ec2
if ! exists; then exit 0; fi
left=$(machines | tr '\n' ' ')
if running && [ -n "$left" ]; then
    echo "The EC2 endpoint stays: there are instances, ${left% }." >&2
    exit 0
fi
step "EC2 endpoint stopped" remove_endpoint
