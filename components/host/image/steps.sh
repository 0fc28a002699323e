# shellcheck shell=bash
# Sourced by the scripts that build images: quiet steps, one run at a time, content hashes. Works with bash 3.2.
#
#   step NAME COMMAND...    run quietly, print "  NAME 1.2s" on stderr; on failure show the end of the log and exit
#   one_at_a_time NAME      wait until no other run holds NAME, and hold it until this script ends
#   content_hash FILE...    one hash over the files' contents, in the order given
#   image_label IMAGE LABEL the label's value, or nothing where there is no such image

log=$(mktemp "${TMPDIR:-/tmp}/berth-build.XXXXXX")
at_exit=("rm -f '$log'")
run_at_exit() {
    local command
    for command in "${at_exit[@]}"; do eval "$command"; done
}
trap run_at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

seconds_now() { LC_ALL=C printf '%s' "${EPOCHREALTIME:-$SECONDS}" | tr , .; }

# The command runs in a subshell of its own, so that errexit holds inside a function too. Call step itself as a plain
# command: in the condition of `if` or before `||` bash turns errexit off all the way down.
step() {
    local name=$1 began status=0
    shift
    began=$(seconds_now)
    set +e
    (
        set -e
        "$@"
    ) >"$log" 2>&1
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        {
            echo "  $name failed; the end of what it printed:"
            tail -n 25 "$log" | sed 's/^/    /'
        } >&2
        exit "$status"
    fi
    awk -v name="$name" -v from="$began" -v to="$(seconds_now)" 'BEGIN { printf "  %s %.1fs\n", name, to - from }' >&2
}

# flock where there is one, else a folder, which mkdir makes for one run only.
one_at_a_time() {
    local lock
    lock=${TMPDIR:-/tmp}/berth-$(id -u)-$1.lock
    if command -v flock >/dev/null; then
        exec 9>"$lock"
        flock 9
        return
    fi
    local waited=0
    until mkdir "$lock.d" 2>/dev/null; do
        waited=$((waited + 1))
        if [ "$waited" -gt 1200 ]; then
            echo "Another run holds $lock.d for 20 minutes. Where none runs, remove that folder." >&2
            exit 1
        fi
        sleep 1
    done
    at_exit+=("rmdir '$lock.d'")
}

content_hash() {
    if command -v sha256sum >/dev/null; then cat "$@" | sha256sum | cut -c 1-16; else cat "$@" | shasum -a 256 | cut -c 1-16; fi
}

image_label() {
    docker image inspect --format "{{ index .Config.Labels \"$2\" }}" "$1" 2>/dev/null || true
}
