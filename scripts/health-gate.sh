#!/usr/bin/env bash
# Waits until a container is healthy, and says why when it never will be. Runs on the host, as a user of Docker:
#
#   bash -s -- CONTAINER TIMEOUT_SECONDS service|job [PROBE …|tcp://ADDRESS:PORT] < health-gate.sh
#
# A service: ends at once, with 0, when the container is healthy or has exited with 0 and is not to be started again.
# Where it has no health check: when PROBE, a command in the container, succeeds, or the port of that address takes a
# connection, or, without either, when it has run for STEADY_SECONDS without a restart. A job: ends with 0 when the container has exited with 0.
#
# A container that an earlier update made and could not start is started: what was in its way may be gone.
#
# Ends at once, with 1, when the container cannot be started, is unhealthy, keeps restarting or has exited otherwise, and prints the
# failure report: exit code, out-of-memory flag, the health probe's last output, and the last lines of its log.
set -euo pipefail

readonly STEADY_SECONDS=3
readonly POLL_SECONDS=0.2
readonly PROBE_SECONDS=10
readonly LOG_LINES=30
readonly MAX_RESTARTS=3
# What a shell and Docker say of a command that the image does not have.
readonly CANNOT_RUN=126 NOT_FOUND=127

container=${1:?the container is missing}
timeout=${2:?the timeout in seconds is missing}
mode=${3:?the mode is missing: service or job}
probe=("${@:4}")

# Docker, for a minute: one that hangs is one that does not answer.
docker() { timeout --foreground -k 5 60 docker "$@"; }

inspect() { docker container inspect --format "$1" -- "$container"; }

# One line: STATUS HEALTH RESTARTS EXIT_CODE SECONDS_SINCE_START. The health is "none" without a health check.
state() {
    local status health restarts code started answer
    answer=$(inspect '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.RestartCount}} {{.State.ExitCode}} {{.State.StartedAt}}') ||
        return 1
    read -r status health restarts code started <<<"$answer" || return 1
    printf '%s %s %s %s %s\n' "$status" "$health" "$restarts" "$code" "$(($(date +%s) - $(date -d "$started" +%s)))"
}

# The tags of its image, but for those that keep it for a rollback, or the image's ID where it has none.
image_name() {
    local id tags
    id=$(inspect '{{.Image}}')
    tags=$(docker image inspect --format '{{range .RepoTags}}{{println .}}{{end}}' -- "$id" 2>/dev/null |
        sed '/^berth\/release:/d; /^$/d' | paste -sd ' ' -) || tags=
    printf '%s' "${tags:-$id}"
}

failure_report() {
    local reason=$1
    printf '%s: %s\n' "$(inspect '{{.Name}}' | sed 's,^/,,')" "$reason"
    printf '  image:         %s\n' "$(image_name)"
    printf '  status:        %s, restarted %s times\n' "$status" "$restarts"
    inspect "  exit code:     $code"'{{if .State.Error}} ({{.State.Error}}){{end}}
  out of memory: {{.State.OOMKilled}}'
    # Not every kernel tells Docker that it was for the memory.
    if [ "$code" = 137 ]; then
        inspect '  killed:        by SIGKILL, as is what wants more memory than it may have{{if .HostConfig.Memory}} ({{.HostConfig.Memory}} bytes){{end}}'
    fi
    inspect '{{if .State.Health}}{{range .State.Health.Log}}{{.ExitCode}} {{printf "%q" .Output}}
{{end}}{{end}}' | sed '/^$/d' | tail -n 1 | sed 's/^/  health probe:  exit code /'
    if [ -n "$probe_output" ]; then printf '  probe:         %s\n' "$probe_output"; fi
    printf '  last %s lines of its log:\n' "$LOG_LINES"
    docker logs --tail "$LOG_LINES" -- "$container" 2>&1 | sed 's/^/    /'
}

# Whether the probe succeeds. An image that does not have the command is watched as if there were no probe.
probed() {
    local code=0 address
    if [[ ${probe[0]} == tcp://* ]]; then
        address=${probe[0]#tcp://}
        probe_output="nothing answers at port ${address##*:}"
        timeout "$PROBE_SECONDS" bash --norc -c "exec 3<>/dev/tcp/\$1/\$2" bash "${address%:*}" "${address##*:}" 2>/dev/null
        return
    fi
    probe_output=$(timeout "$PROBE_SECONDS" docker exec -- "$container" "${probe[@]}" 2>&1) || code=$?
    case $code in
    "$CANNOT_RUN" | "$NOT_FOUND") probe=() ;;
    esac
    [ "$code" = 0 ]
}

fail() {
    failure_report "$1" >&2
    exit 1
}

probe_output=
late="it is neither healthy nor unhealthy"
if [ "$mode" = job ]; then
    late="it has not ended"
elif [ "${#probe[@]}" -gt 0 ]; then
    late="it does not answer"
fi
deadline=$((SECONDS + timeout))
while true; do
    current=$(state) || {
        if ! docker version >/dev/null; then
            # It may be restarting.
            if [ "$SECONDS" -lt "$deadline" ]; then sleep "$POLL_SECONDS" && continue; fi
            echo "berth: Docker does not answer on this host, so that nobody can say how $container is: systemctl status docker" >&2
            exit 1
        fi
        echo "the container $container does not exist any more" >&2
        exit 1
    }
    read -r status health restarts code seconds <<<"$current"
    case $mode/$status/$health in
    service/running/healthy)
        echo healthy
        exit 0
        ;;
    service/running/unhealthy) fail "it is unhealthy" ;;
    service/running/none)
        if [ "${#probe[@]}" -gt 0 ]; then
            if probed; then
                echo "answers"
                exit 0
            fi
        elif [ "$seconds" -ge "$STEADY_SECONDS" ]; then
            echo "running"
            exit 0
        fi
        ;;
    */created/*)
        # Docker's own words are the container's error, which the failure report has.
        docker start -- "$container" >/dev/null 2>&1 || fail "it cannot be started"
        ;;
    */exited/* | */dead/*)
        if [ "$code" = 0 ]; then
            echo "exited with 0"
            exit 0
        fi
        fail "it exited with $code"
        ;;
    esac
    # The exit code of one that runs again is that of nothing.
    [ "$restarts" -lt "$MAX_RESTARTS" ] || [ "$status" = running ] || fail "it keeps restarting"
    [ "$SECONDS" -lt "$deadline" ] || fail "$late after $timeout s"
    sleep "$POLL_SECONDS"
done
