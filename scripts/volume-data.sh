#!/usr/bin/env bash
# Reads a named volume's content, puts another in its place, and takes that back. Runs on the host as root:
#
#   bash --norc -c SCRIPT volume-data save VOLUME pause|stop > ARCHIVE
#   bash --norc -c SCRIPT volume-data restore VOLUME new|replace BYTES < ARCHIVE
#   bash --norc -c SCRIPT volume-data undo|remove-old VOLUME
#
# ARCHIVE is a gzipped tar with owners, modes, ACLs and extended attributes; BYTES is its size unzipped. save holds what
# runs and may write there, and lets it go on at the end, whatever that is. restore unpacks beside the volume, stops what
# uses it, and exchanges the two: an archive that breaks off changes nothing. "new" refuses a volume with content. The old
# content stays beside the new; undo exchanges them, as often as it is asked to, remove-old removes what lies beside. A restore that replaces content whose
# services never got healthy keeps the one before it.
#
# Exit code 3: the content is exchanged, and a service that uses it does not get healthy.
# Each run begins with what one that was killed has left half done: what was held then and does not run yet, because it did
# not start or Docker did not answer, stays noted until it does. BERTH_ROOT (tests only) is put before the paths of notes.
set -euo pipefail
export LC_ALL=C

readonly action=${1:?save, restore, undo or remove-old} volume=${2:?the volume is missing} how=${3:-} bytes=${4:-0}
readonly TAR=(tar --numeric-owner --acls --xattrs --xattrs-include='*' --warning=no-file-ignored)
readonly HEALTHY_SECONDS=120 STEADY_SECONDS=3 MAX_RESTARTS=3 NOT_HEALTHY=3
# Docker's own bound for stop is what each container allows itself.
readonly ANSWER_SECONDS=60 STOP_SECONDS=600
# The folder of the volume whose run is under way, then a line `STATE ID` for each container that it holds.
readonly NOTE=${BERTH_ROOT:-}/var/lib/berth/volume-data LOCK=${BERTH_ROOT:-}/run/lock/berth-volume-data.lock

say() { echo "berth: $*" >&2 || true; } # nobody may be there any more to be told
fail() {
    say "$*"
    exit 1
}

# ask_docker WORD…: its answer, or the script's end: nothing is concluded from silence.
ask_docker() { timeout "$ANSWER_SECONDS" docker "$@" || fail "Docker does not answer (\`docker $1\`): see \`systemctl status docker\`"; }

# One run on a host at a time: they hold the same containers. What a killed one has started ends first.
take_turn() {
    mkdir -p "${LOCK%/*}" "${NOTE%/*}"
    exec 9<>"$LOCK"
    if flock -n 9; then return; fi
    say "waiting for another save or restore on this host"
    flock -w 600 9 || fail "another save or restore is under way on this host: try again when it has ended"
}

find_data() {
    local driver options
    ask_docker version >/dev/null
    if ! driver=$(timeout "$ANSWER_SECONDS" docker volume inspect --format '{{.Driver}}' -- "$volume" 2>/dev/null); then
        ask_docker version >/dev/null
        fail "there is no volume $volume on this host"
    fi
    options=$(ask_docker volume inspect --format '{{len .Options}}' -- "$volume")
    if [ "$driver" != local ] || [ "$options" != 0 ]; then
        fail "the volume $volume is kept elsewhere (driver $driver, with options): save it there"
    fi
    data=$(ask_docker volume inspect --format '{{.Mountpoint}}' -- "$volume")
}

# name_places DATA: what lies beside a volume's content. `older` and `gone` are about to be removed: the old content that
# another takes the place of, and content that is exchanged for the old. `unproven` is a file with the inodes of contents,
# a line each, with which no service was healthy yet: renames leave them as they are.
name_places() {
    new=$1.berth-new old=$1.berth-old older=$1.berth-older gone=$1.berth-gone unproven=$1.berth-unproven
}

# settle DATA: an exchange that was cut short is undone, or is finished where the content is in its place.
settle() {
    name_places "$1"
    if [ ! -e "$1" ]; then
        if [ ! -e "$new" ] && [ -e "$old" ]; then
            mv -T -- "$old" "$1" # of an undo
        elif [ -e "$gone" ]; then
            mv -T -- "$gone" "$1"
        elif [ -e "$old" ]; then
            mv -T -- "$old" "$1"
            rm -f -- "$unproven"
        fi
    fi
    if [ -e "$new" ] && [ -e "$older" ] && [ ! -e "$old" ]; then
        mv -T -- "$older" "$old" # of an exchange that had not begun: it was proven, or the old would not have gone
        rm -f -- "$unproven"
    fi
    if [ -e "$gone" ] && [ ! -e "$old" ]; then mv -T -- "$gone" "$old"; fi # of an undo
    [ -e "$old" ] || rm -f -- "$unproven"
    [ -e "$1" ] || fail "the content of $volume is not at $1: nothing is changed"
    rm -rf -- "$new" "$older" "$gone"
    sync -f "$1"
}

is_unproven() { [ -e "$unproven" ] && grep -qxF -- "$(stat -c %i -- "$1")" "$unproven"; }

# What a run that was killed has left: its exchange first, then its containers.
recover() {
    local folder state container lost=()
    [ -e "$NOTE" ] || return 0
    say "an earlier run was cut short: it is put in order first"
    {
        read -r folder
        while read -r state container; do lost+=("$state $container"); done
    } <"$NOTE"
    if [ -n "$folder" ] && [ -d "${folder%/*}" ]; then settle "$folder"; fi
    held=(${lost[@]+"${lost[@]}"})
    go_on || true # it has said so
    owed=(${held[@]+"${held[@]}"})
    held=()
}

# keep_note: what this run is about to hold, on the disk before it does, and what earlier ones still owe.
keep_note() {
    printf '%s\n' "$data" ${owed[@]+"${owed[@]}"} ${held[@]+"${held[@]}"} >"$NOTE.new" &&
        sync "$NOTE.new" && mv -- "$NOTE.new" "$NOTE" && sync "${NOTE%/*}"
}

# What runs again needs no note. Where a shorter one finds no room, the longer one stays: it says nothing wrong.
shorten_note() {
    if [ $((${#held[@]} + ${#owed[@]})) -eq 0 ]; then
        rm -f -- "$NOTE" "$NOTE.new"
    elif [ -e "$NOTE" ]; then
        keep_note || rm -f -- "$NOTE.new"
    fi
}

# users [writers]: `STATE ID` of each container that has the volume and runs, is paused, or starts again by itself, the
# oldest first, since others wait for those; "writers" leaves out those that only read it.
users() {
    local all container lines="" line
    all=$(ask_docker ps --all --quiet --no-trunc --filter "volume=$volume" \
        --filter status=running --filter status=paused --filter status=restarting) || exit 1
    for container in $all; do
        line=$(ask_docker container inspect --format \
            "{{.Created}} {{.State.Status}} {{.Id}}{{range .Mounts}}{{if eq .Name \"$volume\"}} {{.RW}}{{end}}{{end}}" -- "$container") || exit 1
        lines+=$line$'\n'
    done
    sort <<<"$lines" | case ${1:-all} in
        writers) sed -n 's/^[^ ]* \([a-z]* [0-9a-f]*\) .*true.*/\1/p' ;;
        all) sed -n 's/^[^ ]* \([a-z]* [0-9a-f]*\) .*/\1/p' ;;
    esac
}

# Its id, where Docker does not say.
name_of() { timeout "$ANSWER_SECONDS" docker container inspect --format '{{.Name}}' -- "$1" 2>/dev/null | sed 's,^/,,' || echo "$1"; }
names_of_held() {
    local entry names=()
    for entry in "${held[@]}"; do names+=("$(name_of "${entry#* }")"); done
    echo "${names[*]}"
}

# What this run holds, and what earlier runs held that does not run yet.
held=() owed=()

# state_of CONTAINER: its state, or "gone"; fails where Docker does not say.
state_of() {
    local answer
    if answer=$(timeout "$ANSWER_SECONDS" docker container inspect --format '{{.State.Status}}' -- "$1" 2>/dev/null); then
        echo "$answer"
    else
        answer=$(timeout "$ANSWER_SECONDS" docker ps --all --quiet --no-trunc --filter "id=$1") && [ -z "$answer" ] && echo gone
    fi
}

# resume `STATE ID`: the container is as it was, or gone; fails where it is not, or nobody says so.
resume() {
    local was=${1%% *} container=${1#* } now
    now=$(state_of "$container") || return 1
    case $was/$now in
    running/paused | restarting/paused) tell_docker unpause "$container" || return 1 ;;
    */gone | paused/paused | */running | restarting/restarting) ;;
    *) tell_docker start "$container" || return 1 ;;
    esac
    case $was/$now in
    paused/paused | paused/gone) ;;
    paused/*) tell_docker pause "$container" || return 1 ;;
    esac
}
tell_docker() { timeout "$ANSWER_SECONDS" docker "$1" -- "$2" >/dev/null; }

# What was held goes on, in its order: the first failure does not keep the others from it. `held` is what does not.
go_on() {
    local entry left=()
    trap '' PIPE HUP
    for entry in ${held[@]+"${held[@]}"}; do resume "$entry" || left+=("$entry"); done
    held=(${left[@]+"${left[@]}"})
    shorten_note
    if [ ${#held[@]} -eq 0 ]; then return; fi
    say "not all that ran runs again: see \`docker ps -a\`. The next save or restore on this host tries again: ${held[*]#* }"
    return 1
}

# end WORDS: on any way out, what is held goes on.
end() {
    local status=$?
    trap - EXIT
    [ -z "${new:-}" ] || rm -rf -- "$new"
    if [ ${#held[@]} -eq 0 ]; then
        shorten_note
    elif go_on; then
        say "$1"
    elif [ "$status" = 0 ]; then
        status=1
    fi
    exit "$status"
}

pause() { ask_docker pause -- "$1" >/dev/null; }
stop() {
    timeout "$STOP_SECONDS" docker stop -- "$@" >/dev/null ||
        fail "Docker does not stop what uses the volume: see \`systemctl status docker\`"
}

save() {
    local entry list command past order
    case $how in
    pause) command=pause past="they go on" ;;
    stop) command=stop past="they are started again" ;;
    *) fail "pause or stop, not $how" ;;
    esac
    list=$(users writers)
    while read -r entry; do
        # What is paused writes nothing, and stays so.
        if [ -n "$entry" ] && [ "${entry%% *}" != paused ]; then held+=("$entry"); fi
    done <<<"$list"
    # shellcheck disable=SC2064 # as it is now
    trap "end '$past'" EXIT
    trap 'exit 129' HUP
    if [ ${#held[@]} -gt 0 ]; then
        keep_note
        say "$command: $(names_of_held)"
        order=$(printf '%s\n' "${held[@]}" | tac) # the newest first: it may wait for the others
        while read -r entry; do
            # One that is between two starts cannot be paused.
            case $entry in
            restarting*) stop "${entry#* }" ;;
            *) "$command" "${entry#* }" ;;
            esac
        done <<<"$order"
    else
        say "nothing that runs writes there"
    fi
    "${TAR[@]}" --sparse --create --gzip --file=- --directory="$data" .
}

# Stops what uses the volume; it is noted first.
hold_users() {
    local list entry still ids
    list=$(users)
    while read -r entry; do if [ -n "$entry" ]; then held+=("$entry"); fi; done <<<"$list"
    keep_note
    if [ ${#held[@]} -gt 0 ]; then
        say "stop: $(names_of_held)"
        # The newest first: it may wait for the others.
        mapfile -t ids < <(printf '%s\n' "${held[@]#* }" | tac)
        stop "${ids[@]}"
    fi
    still=$(users)
    [ -z "$still" ] || fail "something has started meanwhile that uses the volume: try again"
}

# check_space: the unpacked archive has room beside the volume, and a margin.
check_space() {
    local free needed
    [[ $bytes =~ ^[0-9]+$ ]] || fail "not a number of bytes: $bytes"
    needed=$((bytes + bytes / 20 + (16 << 20)))
    free=$(df -B1 --output=avail -- "$data" | tail -n 1)
    [ "$needed" -le "$free" ] ||
        fail "the archive unpacked takes $((needed >> 20)) MiB with a margin, and $((free >> 20)) MiB are free beside the volume, which is as it was"
}

# Waits until all that ran before runs, healthy where it has a health check, as the gate of an update does.
wait_for_health() {
    local entry container state deadline=$((SECONDS + HEALTHY_SECONDS)) status health started code restarts
    for entry in "$@"; do
        [ "${entry%% *}" = running ] || continue
        container=${entry#* }
        while true; do
            state=$(timeout "$ANSWER_SECONDS" docker container inspect --format \
                '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.State.StartedAt}} {{.State.ExitCode}} {{.RestartCount}}' -- "$container") || {
                say "Docker does not say how $container is"
                return 1
            }
            read -r status health started code restarts <<<"$state"
            case $status/$health in
            running/healthy) break ;;
            running/none) [ $(($(date +%s) - $(date -d "$started" +%s))) -lt "$STEADY_SECONDS" ] || break ;;
            running/unhealthy)
                say "$(name_of "$container") is unhealthy"
                return 1
                ;;
            exited/*) # one that has done its work
                if [ "$code" = 0 ]; then break; fi
                say "$(name_of "$container") has exited with $code"
                return 1
                ;;
            esac
            if [ "$restarts" -ge "$MAX_RESTARTS" ] && [ "$status" != running ]; then
                say "$(name_of "$container") keeps restarting"
                return 1
            fi
            if [ "$SECONDS" -ge "$deadline" ]; then
                say "$(name_of "$container") is $status after $HEALTHY_SECONDS s, its health: $health"
                return 1
            fi
            sleep 0.2
        done
    done
}

# What was stopped runs again, and is healthy; the script's end where it is not.
prove() {
    local before=(${held[@]+"${held[@]}"})
    trap - EXIT
    go_on || exit "$NOT_HEALTHY"
    if [ ${#before[@]} -gt 0 ]; then say "they are started again"; fi
    wait_for_health ${before[@]+"${before[@]}"} || exit "$NOT_HEALTHY"
}

# What did not get healthy in time may be by now.
prove_late() {
    local all list
    is_unproven "$data" || return 0
    all=$(users)
    mapfile -t list <<<"$all"
    if [ -n "$all" ] && wait_for_health "${list[@]}"; then rm -f -- "$unproven"; fi
}

restore() {
    case $how in
    new) [ -z "$(ls -A -- "$data")" ] || fail "the volume $volume has content: --replace puts the archive in its place" ;;
    replace) ;;
    *) fail "new or replace, not $how" ;;
    esac
    check_space
    prove_late
    mkdir -- "$new"
    trap 'end "they are started again"' EXIT
    trap 'exit 129' HUP
    "${TAR[@]}" --extract --same-owner --same-permissions --gzip --file=- --directory="$new" ||
        fail "the archive cannot be unpacked: the volume is as it was"
    sync -f "$new"
    hold_users
    # Asked again, now that nothing writes: a container may have filled a new volume meanwhile.
    if [ "$how" = new ] && [ -n "$(ls -A -- "$data")" ]; then
        fail "the volume $volume has content by now: --replace puts the archive in its place"
    fi
    trap '' PIPE HUP # to the end
    stat -c %i -- "$new" >>"$unproven"
    sync -- "$unproven"
    if is_unproven "$data" && [ -e "$old" ]; then
        mv -T -- "$data" "$gone"
    else
        if [ -e "$old" ]; then mv -T -- "$old" "$older"; fi
        sync -f "$data"
        mv -T -- "$data" "$old"
    fi
    mv -T -- "$new" "$data"
    sync -f "$data"
    rm -rf -- "$older" "$gone"
    prove
    rm -f -- "$unproven"
    if [ -z "$(ls -A -- "$old")" ]; then
        rmdir -- "$old"
    else
        say "the content before it stays beside it ($(du -shx -- "$old" | cut -f 1)), until it is removed or put back"
    fi
}

undo() {
    [ -e "$old" ] || fail "no earlier content of $volume is there: nothing to put back"
    trap 'end "they are started again"' EXIT
    hold_users
    trap '' PIPE HUP # to the end
    mv -T -- "$data" "$gone"
    mv -T -- "$old" "$data"
    mv -T -- "$gone" "$old"
    sync -f "$data"
    prove
    if is_unproven "$data"; then rm -f -- "$unproven"; fi
    say "what it took the place of stays beside it ($(du -shx -- "$old" | cut -f 1)), until it is removed or put back"
}

remove_old() {
    [ -e "$old" ] || fail "no earlier content of $volume is there: nothing to remove"
    prove_late
    ! is_unproven "$data" || fail "what uses $volume is not healthy with the content of today: the earlier one stays"
    mv -T -- "$old" "$older"
    rm -rf -- "$older" "$unproven"
}

main() {
    take_turn
    find_data
    recover
    settle "$data"
    case $action in
    save) save ;;
    restore) restore ;;
    undo) undo ;;
    remove-old) remove_old ;;
    *)
        echo "save, restore, undo or remove-old, not $action" >&2
        exit 2
        ;;
    esac
}
main
