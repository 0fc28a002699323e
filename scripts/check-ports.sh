#!/usr/bin/env bash
# Refuses ports of the server that something else holds already, and says what. Changes nothing. Runs on the host as root:
#
#   bash -s -- [LABEL=VALUE...] -- [[ADDRESS:]PORT[/PROTOCOL]...] < check-ports.sh
#
# Containers with all of the labels are the stack's own: a port may pass from one of them to another. Without an
# address, a port is wanted on all addresses; an IPv6 address stands in brackets. PROTOCOL is tcp (default), udp or sctp.
# stderr: a line for each port that is taken. Exit code 1 then.
# BERTH_ROOT (tests only) is put before every path.
set -euo pipefail
export LC_ALL=C
PATH=$PATH:${BERTH_ROOT:-}/usr/sbin:${BERTH_ROOT:-}/sbin

# Docker, for a minute: one that hangs is one that does not answer.
docker() { timeout --foreground -k 5 60 docker "$@"; }

own_filters=()
while [ "${1:---}" != -- ]; do
    own_filters+=(--filter "label=$1")
    shift
done
shift || true

# holders: a line "ADDRESS PORT/PROTOCOL WHO" for all that listens, or would by a container's port.
holders() {
    local containers=no
    if published_ports 2>/dev/null; then
        containers=yes
    elif hides_ports; then
        echo "berth: containers run on the server, and Docker does not say which ports they have: see \`systemctl status docker\`" >&2
        return 1
    fi
    # One by one: bash ends no function at a failure whose outcome is asked for.
    listeners tcp "$containers" || return 1
    if wants udp; then listeners udp "$containers" || return 1; fi
    if wants sctp; then listeners sctp "$containers" || return 1; fi
}

wants() { [[ $wanted == *"/$1 "* ]]; }

listeners() {
    # 4th column: 0.0.0.0:80, 127.0.0.53%lo:53, [::1]:80, *:80; last: users:(("nginx",pid=7,fd=6),…)
    ss -H -l -n -p "--$1" | awk -v protocol="$1" -v containers="$2" '{
        address = port = $4
        sub(/:[0-9]+$/, "", address)
        sub(/^.*:/, "", port)
        gsub(/%.*|[][]|^\[?::ffff:/, "", address)
        who = "an unknown process"
        if (match($0, /users:\(\("[^"]*",pid=[0-9]+/)) {
            who = substr($0, RSTART + 9, RLENGTH - 9)
            if (who ~ /^docker-proxy"/ && containers == "yes") next # it stands for a container, which has a name
            proxy = who ~ /^docker-proxy"/
            sub(/",pid=/, " (pid ", who)
            who = who ")" (proxy ? ", for a container that Docker, which does not answer, cannot name" : "")
        }
        print address, port "/" protocol, who
    }'
}

# Containers run on without Docker, and nothing needs to listen for the ports that they publish.
hides_ports() { grep -qsxF containerd-shim "${BERTH_ROOT:-}"/proc/[0-9]*/comm; }

# One that ends between the questions is asked for again.
published_ports() {
    type -P docker >/dev/null || return 1
    for _ in 1 2 3; do
        ports_of_containers && return
    done
    return 1
}
ports_of_containers() {
    local own all answer
    all=$(docker ps -q --no-trunc) || return 1
    own=$(docker ps -q --no-trunc "${own_filters[@]}") || return 1
    if [ "${#own_filters[@]}" -gt 0 ]; then all=$(grep -vxF "${own:-none}" <<<"$all" || true); fi
    if [ -z "$all" ]; then return; fi
    # shellcheck disable=SC2016
    local port='{{range $to, $all := .}}{{range $all}}{{if .HostPort}}{{.HostIp}}|{{.HostPort}}|{{$to}}|{{$c.Name}}{{"\n"}}{{end}}{{end}}{{end}}'
    # shellcheck disable=SC2086
    answer=$(docker inspect --format "{{\$c := .}}{{with .HostConfig.PortBindings}}$port{{end}}{{with .NetworkSettings.Ports}}$port{{end}}" $all) || return 1
    awk -F'|' 'NF == 4 { sub(/^.*\//, "", $3); sub(/^\//, "", $4); print ($1 == "" ? "*" : $1), $2 "/" $3, "the container " $4 }' <<<"$answer"
}

is_any() { [[ $1 =~ ^(0\.0\.0\.0|::|\*)$ ]]; }

problems=()
check() {
    local address='*' port=${1##*:} held_address held_port who
    if [[ $1 == *:* ]]; then address=${1%:*}; fi
    address=${address//[][]/}
    if [[ $port != */* ]]; then port+=/tcp; fi
    while read -r held_address held_port who; do
        [ "$held_port" = "$port" ] || continue
        if is_any "$address" || is_any "$held_address" || [ "$address" = "$held_address" ]; then
            problems+=("port ${port%/tcp} of the server is taken by $who: publish another port, or stop it")
            return
        fi
    done <<<"$held"
}

if ! command -v ss >/dev/null; then
    echo "berth: the server has no ss, which tells whose a port is; as root: apt-get install iproute2" >&2
    exit 1
fi
wanted="$* "
held=$(holders)
for port in "$@"; do check "$port"; done
if [ "${#problems[@]}" -gt 0 ]; then
    printf 'berth: %s\n' "${problems[@]}" >&2
    exit 1
fi
