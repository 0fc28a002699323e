#!/usr/bin/env bash
# Has this host get certificates from an ACME service, and renew them. Runs on the host as root:
#
#   bash --norc -c SCRIPT renew-certificates install STACK FOLDER < settings
#   bash --norc -c SCRIPT renew-certificates remove STACK FOLDER
#
# FOLDER is mounted in nginx's container: FOLDER/acme/NAME.crt and NAME.key are read when a client comes, and
# FOLDER/acme/challenges is served to the service, which asks for it over HTTP. settings, a line each:
#
#   image IMAGE                 of lego, the client
#   server URL                  of the service's directory
#   email ADDRESS               of the account there
#   certificate NAME HOST…      to be had; NAME is that of its files
#   ==> ca.pem                  optional, and last: the certificate that vouches for the server itself
#
# install gets what is missing, and has systemd renew daily what ends within RENEW_DAYS.
set -euo pipefail
export LC_ALL=C
umask 022

readonly root=${BERTH_ROOT:-} # for tests
readonly action=${1:?install or remove} stack=${2:?the stack is missing} folder=$root${3:?the folder is missing}/acme
readonly program=$root/usr/local/lib/berth/renew-certificates
readonly units=$root/etc/systemd/system
readonly unit=berth-certificates-$stack

write_settings() {
    local line file=$folder/settings
    install -d -m 755 "$folder" "$folder/challenges"
    install -d -m 700 "$folder/lego"
    rm -f -- "$folder/settings.new" "$folder/ca.pem.new"
    while IFS= read -r line || [ -n "$line" ]; do
        if [[ $line == '==> '* ]]; then
            file=$folder/${line#'==> '}
        else
            printf '%s\n' "$line" >>"$file.new"
        fi
    done
    sync -f "$folder"
    if [ -e "$folder/ca.pem.new" ]; then mv -- "$folder/ca.pem.new" "$folder/ca.pem"; else rm -f -- "$folder/ca.pem"; fi
    mv -- "$folder/settings.new" "$folder/settings"
}

write_program() {
    install -d "${program%/*}"
    cat >"$program.new" <<'PROGRAM'
#!/usr/bin/env bash
# usage: renew-certificates FOLDER [--force]     (written by Berth; see `systemctl status 'berth-certificates-*'`)
#
# Gets each certificate of FOLDER/settings that is missing or ends soon; --force: every one. What cannot be had leaves the
# one that is there.
set -euo pipefail
export LC_ALL=C
umask 022

readonly folder=$1 force=${2:-}
readonly RENEW_DAYS=30 TIMEOUT_SECONDS=180 LINES=12
# Longer than any certificate is valid: all of them end "soon".
readonly ALL_DAYS=9999
image='' server='' email=''
names=()
failed=()

# The client, with what is kept and shown to it, and nothing else. It reaches what the host reaches.
lego() {
    local words=(--accept-tos --path /lego --server "$server" --email "$email" --http --http.webroot /challenges)
    local mounts=(--volume "$folder/lego:/lego" --volume "$folder/challenges:/challenges")
    if [ -e "$folder/ca.pem" ]; then
        mounts+=(--volume "$folder/ca.pem:/ca.pem:ro" --env LEGO_CA_CERTIFICATES=/ca.pem)
    fi
    timeout --kill-after 10 "$TIMEOUT_SECONDS" docker run --rm --network host "${mounts[@]}" "$image" "${words[@]}" "$@"
}

# The certificate's key stays the same when it is renewed: whoever reads both at that moment has a pair.
get() {
    local name=$1 host hosts=() have=$folder/lego/$1.names made=$folder/lego/certificates/${2//\*/_} verb=() said
    shift
    for host in "$@"; do hosts+=(--domains "$host"); done
    if [ -e "$made.crt" ] && [ "$(cat -- "$have" 2>/dev/null)" = "$server $*" ]; then
        verb=(renew --reuse-key --no-random-sleep --days "$([ "$force" = --force ] && echo "$ALL_DAYS" || echo "$RENEW_DAYS")")
    else
        verb=(run)
    fi
    said=$(lego "${hosts[@]}" "${verb[@]}" 2>&1) || {
        printf '%s: no certificate from %s\n' "$*" "$server" >&2
        tail -n "$LINES" <<<"${said:-no answer within $TIMEOUT_SECONDS s}" | sed 's/^/    /' >&2
        return 1
    }
    printf '%s %s\n' "$server" "$*" >"$have" &&
        if [ ! -L "$folder/$name.pair" ] && [ -e "$folder/$name.crt" ] && [ -e "$folder/$name.key" ]; then
            put "$folder/$name.crt" "$folder/$name.key" "$name" # of an older Berth
        fi &&
        put "$made.crt" "$made.key" "$name" || {
        echo "$*: there is a certificate, but it cannot be put where nginx reads it (by the line above)" >&2
        return 1
    }
}

# put CERTIFICATE KEY NAME: NAME.crt and NAME.key lead through one link, which is exchanged in one step: nobody ever
# reads a certificate with another's key. nginx's processes, which are not root, read them; nobody else enters the folder.
put() {
    local pair kind file=$folder/$3
    sweep_pairs "$file"
    if cmp -s -- "$1" "$file.pair/crt" && cmp -s -- "$2" "$file.pair/key" && [ -L "$file.crt" ] && [ -L "$file.key" ]; then return; fi
    pair=$(mktemp -d "$file.pair-XXXXXX") &&
        chmod 755 "$pair" &&
        install -m 444 -- "$1" "$pair/crt" &&
        install -m 444 -- "$2" "$pair/key" &&
        sync "$pair/crt" "$pair/key" &&
        ln -sfn -- "${pair##*/}" "$file.pair.new" &&
        mv -T -- "$file.pair.new" "$file.pair" || return 1
    for kind in crt key; do
        ln -sfn -- "$3.pair/$kind" "$file.$kind.new" && mv -T -- "$file.$kind.new" "$file.$kind" || return 1
    done
    sweep_pairs "$file"
}

sweep_pairs() {
    local pair
    for pair in "$1".pair-*; do [ "$pair" -ef "$1.pair" ] || rm -rf -- "$pair"; done
}

exec 9>"$folder/lock"
flock 9
certificates=()
while read -r word rest; do
    case $word in
    image) image=$rest ;;
    server) server=$rest ;;
    email) email=$rest ;;
    certificate) certificates+=("$rest") ;;
    esac
done <"$folder/settings"
for line in "${certificates[@]}"; do
    read -ra words <<<"$line"
    names+=("${words[0]}")
    get "${words[@]}" || failed+=("${words[1]}")
done
for file in "$folder"/*.crt "$folder"/*.key "$folder"/*.pair "$folder"/*.pair-*; do
    name=${file##*/}
    if [[ -e $file || -L $file ]] && [[ " ${names[*]} " != *" ${name%.*} "* ]]; then rm -rf -- "$file"; fi
done
if [ "${#failed[@]}" -gt 0 ]; then
    echo "no certificate for: ${failed[*]}" >&2
    exit 1
fi
echo "certificates: ${#names[@]}"
PROGRAM
    chmod 755 "$program.new"
    sync "$program.new"
    mv "$program.new" "$program"
}

write_units() {
    cat >"$units/$unit.service.new" <<UNIT
[Unit]
Description=Certificates of $stack
Requires=docker.service
After=docker.service network-online.target
Wants=network-online.target

[Service]
Type=oneshot
ExecStart=$program $folder
UNIT
    cat >"$units/$unit.timer.new" <<UNIT
[Unit]
Description=Renews the certificates of $stack

[Timer]
OnCalendar=daily
RandomizedDelaySec=12h
Persistent=true

[Install]
WantedBy=timers.target
UNIT
    sync "$units/$unit.service.new" "$units/$unit.timer.new"
    mv "$units/$unit.service.new" "$units/$unit.service"
    mv "$units/$unit.timer.new" "$units/$unit.timer"
    systemctl daemon-reload
    systemctl -q enable --now "$unit.timer"
}

case $action in
install)
    write_settings
    write_program
    write_units
    "$program" "$folder"
    ;;
remove)
    systemctl -q disable --now "$unit.timer" 2>/dev/null || true # gone already
    rm -f -- "$units/$unit.service" "$units/$unit.timer" "$units/$unit.service.new" "$units/$unit.timer.new"
    systemctl daemon-reload
    systemctl stop "$unit.service" 2>/dev/null || true # a renewal that is under way would write into it again
    rm -rf -- "$folder"
    ;;
*)
    echo "install or remove, not $action" >&2
    exit 2
    ;;
esac
