#!/usr/bin/env bash
# Carries the anonymous volumes of a service from one container to the next. Runs on the host as root:
#
#   bash -s -- prepare PROJECT STACK SERVICE SLOT CONTAINER IMAGE ORDER [--volume PATH|--mounted PATH|--from CONTAINER]…
#   bash -s -- settle  PROJECT STACK FOLDER [SERVICE…]
#   bash -s -- leave   PROJECT STACK FOLDER SERVICE SLOT
#   bash -s -- forget  PROJECT STACK FOLDER
#
# prepare: before CONTAINER is made from IMAGE. stdout: one line, a JSON object { PATH: VOLUME } of the paths that IMAGE
# declares (VOLUME) or the service does (--volume), without those that it mounts otherwise (--mounted, or by the volumes
# of another container, --from). SLOT is the place of the container among those of the service, whatever its version:
# PREFIX-SERVICE[-N]. A volume has a name made of slot and path, and labels that say both; where a container of the slot
# has an anonymous volume there already, it stays that very volume, and the named one only says which (berth.holds). Such a
# container would take its volume along when it is removed, so another one, which never starts, holds the volume too.
# ORDER is start-first or stop-first: then what else of the slot writes to a volume is stopped.
#
# settle: when all containers run. Writes down which services there are, and removes what held volumes meanwhile.
# leave: when a container has gone for good. Removes the volumes of SERVICE if settle has written a list without it, and
# none of its containers is there; one line on stderr for each. Without a list the stack itself goes: its volumes stay, as named ones do.
# forget: when the stack goes. Removes the list, and what held volumes of containers that are gone.
set -euo pipefail
export LC_ALL=C
umask 077

readonly verb=${1:?prepare, settle, leave or forget} project=${2:?the project is missing} stack=${3:?the stack is missing}
shift 3
readonly labels=("berth.project=$project" "berth.stack=$stack")
readonly mine=(--filter "label=${labels[0]}" --filter "label=${labels[1]}")

say() { printf 'berth: %s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}
# Each call has a bound. Docker's own for stop is what a container allows itself.
docker() {
    case $1 in
    stop | create) timeout 600 docker "$@" ;;
    *) timeout 60 docker "$@" ;;
    esac
}
unanswered() { fail "Docker does not answer: the anonymous volumes stay as they are, and the next run asks again"; }

has_volume() {
    local found
    found=$(docker volume ls --quiet --filter "name=$1") || unanswered
    grep -qxF -- "$1" <<<"$found"
}

# What the labels of volumes say, a line each: NAME SLOT PATH HOLDS, with tabs between. Of others only the name is there.
readonly RECORD='{{.Name}}	{{.Label "berth.slot"}}	{{.Label "berth.path"}}	{{.Label "berth.holds"}}'

# What a container itself says of its mounts, in which an anonymous volume has no name; then "VOLUME PATH" a line.
readonly MOUNTS='{{json .HostConfig.Mounts}} {{json .HostConfig.Binds}}
{{range .Mounts}}{{if eq .Type "volume"}}{{printf "%s %s\n" .Name .Destination}}{{end}}{{end}}'

# find_containers: ids of those of the slot, the oldest first, into `running` and `resting`; what they mount into `mounts`.
find_containers() {
    local all id state name
    running=() resting=()
    declare -gA mounts=()
    all=$(docker ps --all --no-trunc "${mine[@]}" --filter "label=berth.service=$service" \
        --format '{{.ID}} {{.State}} {{.Names}}') || unanswered
    while read -r id state name; do
        if [ "$name" != "$container" ] && [ "$name" != "$slot" ] && [[ ! $name =~ ^"$slot"-[0-9a-f]{8}$ ]]; then continue; fi
        if [ "$state" = running ]; then running=("$id" "${running[@]}"); else resting=("$id" "${resting[@]}"); fi
        mounts[$id]=$(docker container inspect --format "$MOUNTS" -- "$id") || unanswered
    done <<<"$all"
}

has_mounted() { [[ ${mounts[$1]#*$'\n'} == *"$2 "* ]]; }
has_named() { [[ ${mounts[$1]%%$'\n'*} == *"$2"* ]]; }

# anonymous_at PATH CONTAINER…: the anonymous volume that the first of them has there.
anonymous_at() {
    local path=$1 id name at
    for id in "${@:2}"; do
        while read -r name at; do
            if [ "$at" = "$path" ] && [[ $name =~ ^[0-9a-f]{64}$ ]]; then
                printf '%s' "$name"
                return
            fi
        done <<<"${mounts[$id]#*$'\n'}"
    done
}

# Readable, and another one for each path: what the path's signs lose, the hash tells.
name_for() {
    local slug
    slug=$(tr -cs 'A-Za-z0-9' '-' <<<"$1")
    slug=${slug:0:32} slug=${slug#-} slug=${slug%-}
    printf '%s_%s-%s' "$slot" "${slug:-root}" "$(printf '%s' "$1" | sha256sum | cut -c1-8)"
}

# volume_for PATH: into `volume`, made where it is not there.
volume_for() {
    local path=$1 own live earlier known name owner at
    own=$(name_for "$path")
    live=$(anonymous_at "$path" "${running[@]}")
    volume=$own
    known=$(docker volume ls --filter "name=$own" --format "$RECORD") || unanswered
    while IFS=$'\t' read -r name owner at earlier; do
        if [ "$name" != "$own" ]; then continue; fi
        if [ "$owner" != "$slot" ] || [ "$at" != "$path" ]; then
            fail "the volume $own is somebody else's: rename it, or give $service a named volume at $path"
        fi
        if [ -n "$live" ]; then
            volume=$live
        elif [ -n "$earlier" ] && has_volume "$earlier"; then
            volume=$earlier
        elif [ -n "$earlier" ]; then
            say "the volume $earlier, which $service had at $path, is gone: it begins with $own"
        fi
        return
    done <<<"$known"
    earlier=${live:-$(anonymous_at "$path" "${resting[@]}")}
    docker volume create --label "${labels[0]}" --label "${labels[1]}" --label "berth.service=$service" \
        --label "berth.slot=$slot" --label "berth.path=$path" ${earlier:+--label "berth.holds=$earlier"} "$own" >/dev/null
    volume=${earlier:-$own}
}

# hold VOLUME: where it is a container's anonymous one, which goes with that.
hold() {
    local id held path covers=()
    for id in "${running[@]}" "${resting[@]}"; do
        if ! has_mounted "$id" "$1" || has_named "$id" "$1"; then continue; fi
        held=$(docker ps --all --quiet "${mine[@]}" --filter "label=berth.holds=$1") || unanswered
        if [ -n "$held" ]; then return; fi
        for path in "${image_paths[@]}"; do covers+=(--tmpfs "$path"); done # or each is one more anonymous volume
        docker create --name "berth-holds-${1:0:12}" --label "${labels[0]}" --label "${labels[1]}" \
            --label "berth.holds=$1" --network none "${covers[@]}" \
            --mount "type=volume,source=$1,target=/berth-holds,volume-nocopy" "$image" true >/dev/null
        return
    done
}

# stop_others VOLUME…: containers of the slot under another name that have one of these.
stop_others() {
    local id name one
    for id in "${running[@]}"; do
        name=$(docker container inspect --format '{{.Name}}' -- "$id") || unanswered
        if [ "$name" = "/$container" ]; then continue; fi
        for one in "$@"; do
            if ! has_mounted "$id" "$one"; then continue; fi
            say "${name#/} stops: $container takes over its volumes"
            docker stop -- "$id" >/dev/null
            break
        done
    done
}

is_among() {
    local one
    for one in "${@:2}"; do if [ "$one" = "$1" ]; then return; fi; done
    return 1
}
clean() { realpath --canonicalize-missing --no-symlinks -- "$1"; }

prepare() {
    readonly service=$1 slot=$2 container=$3 image=$4 order=$5
    shift 5
    local declared mounted=() paths=() path text="" volumes=() volume
    image_paths=()
    declared=$(docker image inspect --format '{{range $path, $_ := .Config.Volumes}}{{println $path}}{{end}}' -- "$image") ||
        fail "the image $image is not on this host, or Docker does not answer"
    while [ $# -gt 0 ]; do
        case $1 in
        --volume) paths+=("$2") ;;
        --mounted) mounted+=("$2") ;;
        --from)
            path=$(docker container inspect --format '{{range .Mounts}}{{println .Destination}}{{end}}' -- "$2") ||
                fail "the container $2, whose volumes $service uses, is not there, or Docker does not answer"
            mapfile -t -O "${#mounted[@]}" mounted <<<"$path"
            ;;
        *) fail "unknown option: $1" ;;
        esac
        shift 2
    done
    while IFS= read -r path; do
        if [[ $path != /* || $path == *[[:cntrl:]]* ]]; then continue; fi
        path=$(clean "$path")
        image_paths+=("$path")
        is_among "$path" "${mounted[@]}" "${paths[@]}" || paths+=("$path")
    done <<<"$declared"

    find_containers
    for path in "${paths[@]}"; do
        volume_for "$path"
        hold "$volume"
        volumes+=("$volume")
        path=${path//\\/\\\\}
        text+="${text:+,}\"${path//\"/\\\"}\":\"$volume\""
    done
    if [ "$order" = stop-first ]; then
        stop_others "${volumes[@]}"
    elif [ ${#paths[@]} -gt 0 ]; then
        say "$service is exchanged start-first, and two containers write to ${paths[*]} meanwhile." \
            "Where its data does not bear that: deploy.update_config.order: stop-first"
    fi
    printf '{%s}\n' "$text"
}

settle() {
    local folder=$1 draft
    shift
    install -d -m 0700 -- "$folder"
    find "$folder" -maxdepth 1 -name '.services.??????' -delete
    draft=$(mktemp "$folder/.services.XXXXXX")
    printf '%s\n' "$@" . >"$draft" # the last line: the list is whole
    sync -- "$draft"
    mv -f -- "$draft" "$folder/services"
    release "$@"
}

# release SERVICE…: removes what holds volumes which by now a container has by their names, or which no container has and
# no service waits for that is one of these. The volumes themselves stay.
release() {
    local all holder volume users user named there waiting one awaited
    all=$(docker ps --all --no-trunc "${mine[@]}" --filter label=berth.holds --format '{{.ID}} {{.Label "berth.holds"}}') ||
        unanswered
    while read -r holder volume; do
        if [ -z "$holder" ]; then continue; fi
        users=$(docker ps --all --no-trunc --quiet --filter "volume=$volume") || unanswered
        if [ "$users" = "$holder" ]; then
            waiting=$(docker volume ls "${mine[@]}" --filter "label=berth.holds=$volume" --format '{{.Label "berth.service"}}') ||
                unanswered
            awaited=
            while IFS= read -r one; do if is_among "$one" "$@"; then awaited=yes; fi; done <<<"$waiting"
            if [ -z "$awaited" ]; then docker rm -- "$holder" >/dev/null; fi
            continue
        fi
        for user in $users; do
            named=
            if [ "$user" = "$holder" ]; then continue; fi
            if ! named=$(docker container inspect --format "${MOUNTS%%$'\n'*}" -- "$user" 2>/dev/null); then
                there=$(docker ps --all --quiet --filter "id=$user") || unanswered
                [ -z "$there" ] || unanswered
            fi
            if [[ $named != *"$volume"* ]]; then continue; fi # or it has gone meanwhile
            docker rm -- "$holder" >/dev/null
            break
        done
    done <<<"$all"
}

# Whether there is a list, and the service is not on it.
has_left() {
    local list
    [ -e "$folder/services" ] || return 1
    list=$(cat -- "$folder/services") || fail "$folder/services cannot be read: the anonymous volumes of $service stay"
    [ "${list##*$'\n'}" = . ] || return 1
    ! grep -qxF -- "$service" <<<"$list"
}

# is_free VOLUME WHOSE: whether no container has it. One of another slot sees to its own.
is_free() {
    local users
    users=$(docker ps --all --filter "volume=$1" --format '{{.Names}}') || unanswered
    if [ -n "$users" ] && [ "$2" = "$slot" ]; then say "the volume $1 stays: ${users//$'\n'/, } uses it"; fi
    [ -z "$users" ]
}

size_of() {
    local data
    data=$(docker volume inspect --format '{{.Mountpoint}}' -- "$1" 2>/dev/null) || return 0
    du --summarize --human-readable -- "$data" 2>/dev/null | cut -f1 || true
}

# Another container of the service may be as far at the same time.
discard() {
    if ! docker volume rm -- "$1" >/dev/null && has_volume "$1"; then fail "the volume $1 cannot be removed: it stays"; fi
}

leave() {
    readonly folder=$1 service=$2 slot=$3
    local left listed all own holds volume size text="" volumes=() whose path
    if ! has_left; then return 0; fi
    # A list may be an old one: what is there has not left.
    left=$(docker ps --all --quiet "${mine[@]}" --filter "label=berth.service=$service") || unanswered
    if [ -n "$left" ]; then return 0; fi
    mapfile -t listed <"$folder/services"
    release "${listed[@]}"
    all=$(docker volume ls "${mine[@]}" --filter "label=berth.service=$service" --filter label=berth.path --format "$RECORD") ||
        unanswered
    while IFS=$'\t' read -r own whose path holds; do
        if [ -z "$own" ]; then continue; fi
        volume=$own
        if [ -n "$holds" ] && has_volume "$holds"; then volume=$holds; fi
        if ! is_free "$volume" "$whose"; then continue; fi
        size=$(size_of "$volume")
        text+="${text:+, }$volume ($path, ${size:-size unknown})"
        volumes+=("$volume")
        if [ "$volume" != "$own" ]; then volumes+=("$own"); fi
    done <<<"$all"
    if [ ${#volumes[@]} -eq 0 ]; then return; fi
    say "the service $service has left the stack, and its anonymous volumes are removed: $text"
    for volume in "${volumes[@]}"; do discard "$volume"; done
}

forget() {
    rm -f -- "$1/services"
    rmdir -- "$1" "${1%/*}" 2>/dev/null || true # others are in it
    if [ -n "$(type -P docker)" ]; then release; fi
}

case $verb in
prepare | settle | leave | forget) "$verb" "$@" </dev/null ;;
*) fail "unknown verb: $verb" ;;
esac
