#!/usr/bin/env bash
# Has this host start a stack's containers in their order when it boots; Docker alone starts all at once. Runs as root:
#
#   bash -s -- install STACK STEP… < start-order.sh     bash -s -- remove STACK < start-order.sh
#
# A STEP is "CONTAINER OTHER:CONDITION …", with Compose's conditions; each comes after those that it waits for. At boot
# the containers of the steps that run are stopped, and each is started when those that it waits for are as asked, or
# after WAIT_SECONDS, since a part is better than nothing. What was not running stays as it was.
set -euo pipefail

readonly action=${1:?install or remove} stack=${2:?the stack is missing}
readonly root=${BERTH_ROOT:-} # for tests
readonly folder=$root/var/lib/docker/berth/$stack
readonly steps=$folder/start-order
readonly program=$root/usr/local/lib/berth/start-order
readonly units=$root/etc/systemd/system
readonly unit=berth-start-order-$stack.service

write_program() {
    install -d "${program%/*}"
    cat >"$program.new" <<'PROGRAM'
#!/usr/bin/env bash
# usage: start-order FILE     (written by Berth; see `systemctl status 'berth-start-order-*'`)
set -euo pipefail

readonly steps=$1
# Names of what was stopped here and must run again, also where a power cut comes between.
readonly pending=$steps.pending
readonly WAIT_SECONDS=300
readonly POLL_SECONDS=0.5

state() { docker container inspect --format '{{.State.Status}}/{{if .State.Health}}{{.State.Health.Status}}{{end}}' -- "$1" 2>/dev/null; }

is_running() { [[ $(state "$1") == @(running|restarting)/* ]]; }

holds() {
    case $2 in
    service_healthy) [[ $(state "$1") == running/@(healthy|) ]] ;;
    service_started) is_running "$1" ;;
    *) true ;; # a job has run already
    esac
}

await_condition() {
    local deadline=$((SECONDS + WAIT_SECONDS))
    until holds "$1" "$2"; do
        # Docker has started all that comes back by itself before it answers, and restarts what fails.
        if [[ $(state "$1") != @(running|restarting|paused)/* ]]; then
            echo "$1, for which $3 waits ($2), does not run; $3 is started anyway" >&2
            return 0
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "$1 is not as $3 waits for ($2) after $WAIT_SECONDS s; $3 is started anyway" >&2
            return 0
        fi
        sleep "$POLL_SECONDS"
    done
}

touch "$pending"
while read -r container _; do
    if is_running "$container"; then echo "$container" >>"$pending"; fi
done <"$steps"
sync "$pending"
tac "$pending" | xargs -r docker stop -- >/dev/null || true # one of them may be gone

while read -r container conditions; do
    grep -qxF -- "$container" "$pending" || continue
    for condition in $conditions; do await_condition "${condition%:*}" "${condition##*:}" "$container"; done
    docker start -- "$container" >/dev/null || echo "$container did not start; see: docker logs $container" >&2
done <"$steps"
rm -f "$pending"
PROGRAM
    chmod 755 "$program.new"
    sync "$program.new"
    mv "$program.new" "$program"
}

write_unit() {
    cat >"$units/$unit.new" <<UNIT
[Unit]
Description=Order in which the containers of $stack start
Requires=docker.service
After=docker.service

[Service]
Type=oneshot
ExecStart=$program $steps
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
UNIT
    sync "$units/$unit.new"
    mv "$units/$unit.new" "$units/$unit"
    systemctl daemon-reload
    systemctl -q enable "$unit"
}

case $action in
install)
    install -d -m 700 "$folder"
    printf '%s\n' "${@:3}" >"$steps.new"
    sync "$steps.new"
    mv "$steps.new" "$steps"
    write_program
    write_unit
    ;;
remove)
    systemctl -q disable "$unit" 2>/dev/null || true # gone already
    rm -f "$units/$unit" "$units/$unit.new" "$steps" "$steps.new" "$steps.pending"
    systemctl daemon-reload
    rmdir -- "$folder" "${folder%/*}" 2>/dev/null || true # others are in it
    ;;
*)
    echo "install or remove, not $action" >&2
    exit 2
    ;;
esac
