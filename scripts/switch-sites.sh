#!/usr/bin/env bash
# Has a running nginx serve other sites, without losing a request. Runs on the host as root:
#
#   bash --norc -c SCRIPT switch-sites switch|remove FOLDER < sites
#
# FOLDER is mounted in nginx's container at /etc/nginx/berth; its nginx.conf includes current/*.conf there. stdin:
#
#   static FOLDER NAME    a folder that is served: static/NAME of the release
#   secret FILE PATH      a file that only the host knows: PATH, secret/NAME, of the release
#   container NAME        of nginx
#   drain SECONDS         how long requests that are being answered may go on
#   ==> PATH              a file of the release, up to the next such line; @release in *.conf is the release's folder
#
# A release is a folder of its own. nginx checks it (`nginx -t`); then the link `current` is moved, nginx reloads, and
# this ends when the processes with the old sites are gone: what they lead to is not needed any more. What nginx rejects
# changes nothing.
set -euo pipefail
export LC_ALL=C
umask 022

readonly INSIDE=/etc/nginx/berth
# The versions that brought what an older nginx does not know.
readonly KEEPS_CONNECTIONS=1.27.4 HAS_HTTP2_DIRECTIVE=1.25.1
readonly POLL_SECONDS=0.1
readonly RELOAD_SECONDS=15

action=${1:?the action is missing: switch or remove}
folder=${2:?the folder is missing}
container='' drain=60 release='' draft='' old='' now=''

# Docker, for a minute: one that hangs is one that does not answer.
docker() { timeout --foreground -k 5 60 docker "$@"; }

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

read_release() {
    local line file='' word rest
    while IFS= read -r line || [ -n "$line" ]; do
        if [[ $line == '==> '* ]]; then
            file=$draft/${line#'==> '}
            mkdir -p -- "${file%/*}"
            : >"$file"
        elif [ -n "$file" ]; then
            printf '%s\n' "$line" >>"$file"
        else
            read -r word rest <<<"$line"
            case $word in
            static)
                mkdir -p -- "$draft/static"
                cp -al -- "${rest% *}" "$draft/static/${rest##* }"
                ;;
            secret)
                mkdir -p -- "$draft/secret"
                cp --preserve=mode -- "${rest% *}" "$draft/${rest##* }"
                ;;
            container) container=$rest ;;
            drain) drain=$rest ;;
            esac
        fi
    done
    [ -n "$container" ] || fail "the input names no container"
}

# The page of what is deployed says since when: the host knows it.
fill_in_dates() {
    local page=$draft/pages/deployed.html mark name created
    [ -e "$page" ] || return 0
    { grep -o '@since([^)]*)' "$page" || true; } | sort -u | while IFS= read -r mark; do
        name=${mark#'@since('} name=${name%')'}
        created=$(docker container inspect --format '{{.Created}}' -- "$name" 2>/dev/null) || created=
        if [ -n "$created" ]; then created=$(date -u -d "$created" '+%Y-%m-%d %H:%M UTC'); fi
        sed -i "s/@since($name)/${created:-not there}/" "$page"
    done
}

is_older() { [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# An older nginx closes idle connections at a switch, or speaks HTTP/1.1 only.
fit_version() {
    local version
    version=$(docker exec "$container" nginx -v 2>&1) || fail "nginx does not run:" "$(nginx_log)"
    version=${version##*/} version=${version%% *}
    if is_older "$version" "$KEEPS_CONNECTIONS"; then sed -i '/^ *keepalive_min_timeout /d' "$draft"/*.conf; fi
    if is_older "$version" "$HAS_HTTP2_DIRECTIVE"; then sed -i '/^ *http2 on;$/d' "$draft"/*.conf; fi
}

check() {
    local said line
    sed -i "s,@release,$INSIDE/$release,g" "$draft"/*.conf
    docker exec "$container" cat /etc/nginx/nginx.conf | sed "s,$INSIDE/current/,$INSIDE/$release/,g" >"$draft/check"
    mv -T -- "$draft" "$folder/$release"
    draft=
    said=$(docker exec "$container" nginx -t -q -c "$INSIDE/$release/check" 2>&1) && return
    mv -- "$folder/$release/http.conf" "$folder/rejected.conf"
    rm -rf -- "${folder:?}/$release"
    line=$(grep -o 'http\.conf:[0-9]*' <<<"$said" | head -n 1) || line=
    if [ -n "$line" ]; then line=$(sed -n "${line##*:}{s/^ */    /;p}" "$folder/rejected.conf"); fi
    fail "nginx rejects the sites, and serves the old ones on:" "${said//"$INSIDE/$release/"/}" "$line" \
        "All of it is $folder/rejected.conf on the host."
}

nginx_log() {
    docker logs --tail 10 "$container" 2>&1 | sed 's/^/    /' || docker version >/dev/null 2>&1 ||
        echo "    Docker does not answer on this host: systemctl status docker"
}

# Process ids of nginx's workers, with the old sites or the new ones.
workers() { docker top "$container" -eo pid,args | awk '/nginx: worker process/ { print $1 }' | sort; }
look() {
    now=$(workers) || now=
    [ -n "$now" ] || fail "nginx does not run:" "$(nginx_log)"
}
has_new() { [ -n "$(comm -13 <(printf '%s\n' "$old") <(printf '%s\n' "$now"))" ]; }
has_no_old() { [ -z "$(comm -12 <(printf '%s\n' "$old") <(printf '%s\n' "$now"))" ]; }

await() {
    local deadline=$((SECONDS + $2))
    while look && ! "$1"; do
        if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
        sleep "$POLL_SECONDS"
    done
}

# Moves the link in one step, to what is on the disk as a whole.
serve() {
    sync -f "$folder/$1"
    ln -sfn -- "$1" "$folder/current.new"
    mv -T -- "$folder/current.new" "$folder/current"
}

reload() {
    local before loaded=yes
    look
    old=$now
    before=$(readlink -- "$folder/current") || before=
    serve "$release"
    docker exec "$container" nginx -s reload >/dev/null 2>&1 || loaded=no
    if [ "$loaded" = no ] || ! await has_new "$RELOAD_SECONDS"; then
        if [ -n "$before" ]; then serve "$before"; else rm -f -- "$folder/current"; fi
        if [ "$loaded" = no ]; then fail "nginx cannot be told to reload, and serves the old ones on:" "$(nginx_log)"; fi
        fail "nginx has not taken the new sites within $RELOAD_SECONDS s, and serves the old ones on:" "$(nginx_log)"
    fi
    # nginx itself ends them after the time that is given.
    await has_no_old "$((drain + RELOAD_SECONDS))" || fail "nginx still answers with the old sites after $drain s"
}

remove_old_releases() {
    local one
    for one in "$folder"/release-* "$folder"/draft.*; do
        if [ "${one##*/}" != "$release" ]; then rm -rf -- "$one"; fi
    done
    rm -f -- "$folder/rejected.conf"
}

switch() {
    mkdir -p -- "$folder"
    exec 9>"$folder/lock"
    flock 9
    draft=$(mktemp -d "$folder/draft.XXXXXX")
    trap '[ -z "$draft" ] || rm -rf -- "$draft"' EXIT
    chmod 755 "$draft"
    release=release-$(date -u +%Y%m%dT%H%M%SZ)-$$
    read_release
    fill_in_dates
    fit_version
    check
    reload
    remove_old_releases
    echo "the new sites are served"
}

remove() {
    local above=${folder%/*}
    rm -rf -- "$folder"
    rmdir -- "$above" "${above%/*}" 2>/dev/null || true # others are in it
}

case $action in
switch) switch ;;
remove) remove ;;
*) fail "switch or remove, not $action" ;;
esac
