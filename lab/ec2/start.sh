#!/usr/bin/env bash
# Starts the EC2 endpoint (builds it first where needed) and prints where it is, as one line of JSON:
#   {"endpoint":"http://127.0.0.1:5055","region":"us-east-1","network":"berth-lab","gateway":"172.18.0.1"}
#
# usage: lab/ec2/start.sh HOST_IMAGE      the image that instances boot (components/host/image), on the engine already
#
# The network is that of lab/internet, whose servers need not run. The port goes into stacks' config, so it is the same
# each time: BERTH_EC2_PORT, or 5055; where that is taken by something else, a free one.
# The endpoint's memory is all it has: while there are instances, an endpoint of older sources or another host image is
# left running, and this says so.
set -euo pipefail

if [ $# -ne 1 ]; then
    echo "usage: lab/ec2/start.sh HOST_IMAGE" >&2
    exit 2
fi
host_image=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lab/ec2/names.sh
source "$here/names.sh"
# shellcheck source=lab/internet/network.sh
source "$here/../internet/network.sh"

port=${BERTH_EC2_PORT:-5055}

current() { [ "$(docker inspect --format '{{ .Config.Image }} {{ index .Config.Labels "berth.host-image" }}' "$container" 2>/dev/null)" = "$image $host_image" ]; }

check_parts() {
    if ! docker image inspect "$host_image" >/dev/null 2>&1; then
        echo "There is no image $host_image: build it with components/host/image/build.sh." >&2
        exit 1
    fi
}

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

run_endpoint() {
    docker run -d --name "$container" "${endpoint_flags[@]}" --label "berth.host-image=$host_image" --network "$network" \
        --publish "127.0.0.1:$1:5000" --env "BERTH_EC2_NETWORK=$network" --env "BERTH_EC2_HOST_IMAGE=$host_image" "$image"
}

# lab/internet/stop.sh may remove the network at any moment before the endpoint is in it.
start_container() {
    local tries=0
    docker rm -f "$container" >/dev/null 2>&1 || true
    if taken "$port"; then
        echo "port $port is taken: taking another"
        port=
    fi
    docker volume create --label berth.lab=1 "$storage"
    set_endpoint_flags
    ensure_network
    until run_endpoint "$port"; do
        tries=$((tries + 1))
        if [ "$tries" -ge 3 ]; then return 1; fi
        docker rm -f "$container"
        ensure_network
    done
    wait_until_answering
}

endpoint() { echo "http://$(docker port "$container" 5000/tcp | head -n 1)"; }

answers() { docker exec "$container" curl -fsS --max-time 10 -o /dev/null http://127.0.0.1:5000/moto-api/ 2>/dev/null; }

wait_until_answering() {
    local tries=0
    until answers; do
        tries=$((tries + 1))
        if [ "$tries" -ge 300 ] || ! running; then
            echo "The EC2 endpoint does not answer. What it said:"
            docker logs --tail 20 "$container"
            return 1
        fi
        sleep 0.1
    done
}

gateway() { docker network inspect --format '{{ (index .IPAM.Config 0).Gateway }}' "$network"; }

one_at_a_time lab-ec2
if ! running || ! current; then
    check_parts
    left=$(machines | tr '\n' ' ')
    if running && [ -n "$left" ]; then
        echo "The EC2 endpoint that runs is of other sources or another host image; it stays while there are instances: ${left% }." >&2
    else
        "$here/build.sh"
        step "EC2 endpoint started" start_container
    fi
fi
wait_until_answering >&2
printf '{"endpoint":"%s","region":"us-east-1","network":"%s","gateway":"%s"}\n' "$(endpoint)" "$network" "$(gateway)"
