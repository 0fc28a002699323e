#!/usr/bin/env bash
# Waits until a container is healthy, and says why when it never will be. Runs on the host, as a user of Docker:
#
#   bash -s -- CONTAINER TIMEOUT_SECONDS < health-gate.sh
#
# Ends at once, with 0, when the container is healthy or has exited with 0 and is not to be started again; where it
# has no health check, when it has run for STEADY_SECONDS without a restart. Ends at once, with 1, when it is
# unhealthy, keeps restarting or has exited otherwise, and prints the dossier: exit code, out-of-memory flag, the health
# probe's last output, and the last lines of its log.
set -euo pipefail

readonly STEADY_SECONDS=3
readonly POLL_SECONDS=0.2
readonly LOG_LINES=30
readonly MAX_RESTARTS=3

container=${1:?the container is missing}
timeout=${2:?the timeout in seconds is missing}

inspect() { docker container inspect --format "$1" -- "$container"; }

# One line: STATUS HEALTH RESTARTS EXIT_CODE SECONDS_SINCE_START. The health is "none" without a health check.
state() {
    local status health restarts code started
    read -r status health restarts code started < <(inspect \
        '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.RestartCount}} {{.State.ExitCode}} {{.State.StartedAt}}')
    printf '%s %s %s %s %s\n' "$status" "$health" "$restarts" "$code" "$(($(date +%s) - $(date -d "$started" +%s)))"
}

dossier() {
    local reason=$1
    printf '%s: %s\n' "$(inspect '{{.Name}}' | sed 's,^/,,')" "$reason"
    inspect '  image:         {{.Config.Image}}
  status:        {{.State.Status}}, restarted {{.RestartCount}} times
  exit code:     {{.State.ExitCode}}{{if .State.Error}} ({{.State.Error}}){{end}}
  out of memory: {{.State.OOMKilled}}'
    inspect '{{if .State.Health}}{{range .State.Health.Log}}{{.ExitCode}} {{printf "%q" .Output}}
{{end}}{{end}}' | sed '/^$/d' | tail -n 1 | sed 's/^/  health probe:  exit code /'
    printf '  last %s lines of its log:\n' "$LOG_LINES"
    docker logs --tail "$LOG_LINES" -- "$container" 2>&1 | sed 's/^/    /'
}

fail() {
    dossier "$1" >&2
    exit 1
}

deadline=$((SECONDS + timeout))
while true; do
    current=$(state) || {
        echo "the container $container does not exist any more" >&2
        exit 1
    }
    read -r status health restarts code seconds <<<"$current"
    case $status/$health in
    running/healthy)
        echo healthy
        exit 0
        ;;
    running/unhealthy) fail "it is unhealthy" ;;
    running/none)
        if [ "$seconds" -ge "$STEADY_SECONDS" ]; then
            echo "running"
            exit 0
        fi
        ;;
    exited/* | dead/*)
        if [ "$code" = 0 ]; then
            echo "exited with 0"
            exit 0
        fi
        fail "it exited with $code"
        ;;
    esac
    [ "$restarts" -lt "$MAX_RESTARTS" ] || fail "it keeps restarting"
    [ "$SECONDS" -lt "$deadline" ] || fail "it is neither healthy nor unhealthy after $timeout s"
    sleep "$POLL_SECONDS"
done
