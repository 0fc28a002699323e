#!/usr/bin/env bash
# Starts the lab (builds it first where needed) and prints where it is, as one line of JSON:
#   {"aptUrl":…,"aptFingerprint":…,"registryMirror":…,"network":…,"nginx":["1.26","1.30"]}
#
# usage: lab/internet/start.sh
#
# The names in the URLs are known to containers in the network berth-lab. Its registries, the second of which asks for a
# password, are also published on the engine's loopback, for pushes: `docker port berth-lab 5000` (and 5001).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lab/internet/names.sh
source "$here/names.sh"
# shellcheck source=lab/internet/network.sh
source "$here/network.sh"

running() { [ "$(docker inspect --format '{{ .State.Running }} {{ .Config.Image }}' "$container" 2>/dev/null)" = "true $image" ]; }

start_container() {
    ensure_network
    docker rm -f "$container" >/dev/null 2>&1 || true
    docker run -d --name "$container" --label berth.lab=1 --network "$network" --network-alias berth-lab -p 127.0.0.1::5000 -p 127.0.0.1::5001 "$image"
    wait_until_answering
}

# Prints the signing key's fingerprint once all servers answer.
fingerprint() {
    docker exec "$container" curl --fail-early -fsS --max-time 5 -o /dev/null http://127.0.0.1:5000/v2/ \
        --next -fsS --max-time 5 -o /dev/null --user "$private_user:$private_password" http://127.0.0.1:5001/v2/ \
        --next -fsS --max-time 5 http://127.0.0.1:8081/fingerprint 2>/dev/null
}

wait_until_answering() {
    local tries=0
    until key=$(fingerprint); do
        tries=$((tries + 1))
        if [ "$tries" -ge 100 ] || ! running; then
            echo "The lab's servers do not answer. What they said:"
            docker logs --tail 20 "$container"
            return 1
        fi
        sleep 0.1
    done
}

print_answer() {
    printf '{"aptUrl":"http://berth-lab:8081","aptFingerprint":"%s","registryMirror":"http://berth-lab:5000","registryHere":"http://%s","network":"%s","nginx":["%s"]}\n' \
        "$key" "$(docker port "$container" 5000/tcp | head -n 1)" "$network" "$(image_label "$image" berth.nginx | sed 's/ /","/g')"
}

one_at_a_time lab
if ! running; then
    "$here/build.sh"
    step "lab" start_container
fi
wait_until_answering >&2
print_answer
