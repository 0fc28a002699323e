#!/usr/bin/env bash
# Reads a named volume's content, or puts another in its place. Runs on the host as root:
#
#   bash --norc -c SCRIPT volume-data save VOLUME pause|stop > ARCHIVE
#   bash --norc -c SCRIPT volume-data restore VOLUME new|replace < ARCHIVE
#
# ARCHIVE is a gzipped tar with owners, modes, ACLs and extended attributes. save holds what runs and may write there, and
# lets it go on at the end, whatever that is. restore unpacks beside the volume, stops what uses it, and exchanges the
# two: an archive that breaks off changes nothing. "new" refuses a volume with content.
set -euo pipefail
export LC_ALL=C

readonly action=${1:?save or restore} volume=${2:?the volume is missing} how=${3:?how is missing}
readonly TAR=(tar --numeric-owner --acls --xattrs --xattrs-include='*' --warning=no-file-ignored)
held=()

say() { echo "berth: $*" >&2; }
fail() {
    say "$*"
    exit 1
}

find_data() {
    local driver options
    docker version >/dev/null || exit 1
    driver=$(docker volume inspect --format '{{.Driver}}' -- "$volume" 2>/dev/null) || fail "there is no volume $volume on this host"
    options=$(docker volume inspect --format '{{len .Options}}' -- "$volume")
    if [ "$driver" != local ] || [ "$options" != 0 ]; then
        fail "the volume $volume is kept elsewhere (driver $driver, with options): save it there"
    fi
    data=$(docker volume inspect --format '{{.Mountpoint}}' -- "$volume")
    readonly data new=$data.berth-new old=$data.berth-old
    # A run that was killed in the midst of an exchange.
    if [ ! -e "$data" ] && [ -e "$old" ]; then mv -- "$old" "$data"; fi
    rm -rf -- "$new"
}

# users writers|all: running containers with the volume, the oldest first, since others wait for those; "writers" leaves out
# those that only read it.
users() {
    local container
    docker ps --quiet --no-trunc --filter status=running --filter "volume=$volume" | while read -r container; do
        docker container inspect --format "{{.Created}} {{.Id}}{{range .Mounts}}{{if eq .Name \"$volume\"}} {{.RW}}{{end}}{{end}}" -- "$container"
    done | sort | case $1 in
        writers) sed -n 's/^[^ ]* \([0-9a-f]*\) .*true.*/\1/p' ;;
        all) sed 's/^[^ ]* \([0-9a-f]*\) .*/\1/' ;;
    esac
}

name_of() { docker container inspect --format '{{.Name}}' -- "$1" | sed 's,^/,,'; }

# go_on COMMAND PAST: what was held, in its order; the first failure does not keep the others from it.
go_on() {
    local container status=0
    trap '' PIPE # nobody may be there any more to be told
    for container in ${held[@]+"${held[@]}"}; do
        docker "$1" -- "$container" >/dev/null || status=1
    done
    if [ ${#held[@]} -gt 0 ]; then say "$2" || true; fi
    held=()
    return "$status"
}

save() {
    local container containers names=() command past begin
    find_data
    case $how in
    pause) command=pause begin=unpause past="they go on" ;;
    stop) command=stop begin=start past="they are started again" ;;
    *) fail "pause or stop, not $how" ;;
    esac
    mapfile -t containers < <(users writers | tac) # the newest first: it may wait for the others
    # shellcheck disable=SC2064 # as it is now
    trap "go_on $begin '$past'" EXIT
    trap 'exit 129' HUP
    for container in ${containers[@]+"${containers[@]}"}; do
        names+=("$(name_of "$container")")
        docker "$command" -- "$container" >/dev/null
        held=("$container" ${held[@]+"${held[@]}"})
    done
    if [ ${#names[@]} -gt 0 ]; then say "$command: ${names[*]}"; else say "nothing that runs writes there"; fi
    "${TAR[@]}" --sparse --create --gzip --file=- --directory="$data" .
}

restore() {
    local container containers names=()
    find_data
    case $how in
    new) [ -z "$(ls -A -- "$data")" ] || fail "the volume $volume has content: --replace puts the archive in its place" ;;
    replace) ;;
    *) fail "new or replace, not $how" ;;
    esac
    mkdir -- "$new"
    trap 'rm -rf -- "$new"' EXIT
    "${TAR[@]}" --extract --same-owner --same-permissions --gzip --file=- --directory="$new" ||
        fail "the archive cannot be unpacked: the volume is as it was"
    sync -f "$new"
    mapfile -t containers < <(users all)
    trap 'go_on start "they are started again"; rm -rf -- "$new"' EXIT
    trap 'exit 129' HUP
    for container in ${containers[@]+"${containers[@]}"}; do
        names+=("$(name_of "$container")")
        held+=("$container")
    done
    if [ ${#names[@]} -gt 0 ]; then
        say "stop: ${names[*]}"
        # The newest first: it may wait for the others.
        printf '%s\n' "${held[@]}" | tac | xargs docker stop -- >/dev/null
    fi
    # Asked again, now that nothing writes: a container may have filled a new volume meanwhile.
    if [ "$how" = new ] && [ -n "$(ls -A -- "$data")" ]; then
        fail "the volume $volume has content by now: --replace puts the archive in its place"
    fi
    mv -T -- "$data" "$old"
    mv -T -- "$new" "$data"
    rm -rf -- "$old"
}

case $action in
save) save ;;
restore) restore ;;
*)
    echo "save or restore, not $action" >&2
    exit 2
    ;;
esac
