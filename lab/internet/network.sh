# shellcheck shell=bash
# Sourced by lab/internet/start.sh and lab/ec2/start.sh, either of which may be the first: the network that both are in.

: "${network:?}"

# Docker hands out addresses of the lower half only: the upper half is for lab/ec2's machines and elastic addresses.
# Docker finds the subnet, since it knows best which are free; but only where it is told the subnet may a container have
# an address of its choice, so the network is made twice. A third party may take the subnet in between: then once more.
ensure_network() {
    local tries=0 subnet gateway
    if docker network inspect "$network" >/dev/null 2>&1; then return; fi
    while [ "$tries" -lt 5 ]; do
        tries=$((tries + 1))
        docker network create --driver bridge --label berth.lab=1 "$network"
        subnet=$(docker network inspect --format '{{ (index .IPAM.Config 0).Subnet }}' "$network")
        gateway=$(docker network inspect --format '{{ (index .IPAM.Config 0).Gateway }}' "$network")
        docker network rm "$network"
        if docker network create --driver bridge --label berth.lab=1 --subnet "$subnet" --gateway "$gateway" \
            --ip-range "${subnet%/*}/$((${subnet#*/} + 1))" "$network"; then return; fi
    done
    echo "no free subnet was found for the network $network"
    return 1
}
