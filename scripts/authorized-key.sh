#!/usr/bin/env bash
# Lets a key in, or no more. Runs on the host as the login whose key it is:
#
#   bash -s -- add|remove 'ssh-ed25519 AAAA…' < authorized-key.sh
#
# The file is exchanged in one step: a key that is cut in half would let nobody in. The last key is never removed.
set -euo pipefail
export LC_ALL=C
umask 077

readonly action=${1:?add or remove} key=${2:?the key is missing} file=$HOME/.ssh/authorized_keys
readonly draft=$file.berth-new

touch "$file"
case $action in
add)
    cp -p -- "$file" "$draft"
    if ! grep -qF -- "$key" "$file"; then
        # A last line without an end would swallow it.
        if [ -s "$draft" ] && [ -n "$(tail -c 1 "$draft")" ]; then echo >>"$draft"; fi
        echo "$key berth" >>"$draft"
    fi
    ;;
remove)
    cp -p -- "$file" "$draft"
    grep -vF -- "$key" "$file" >"$draft" || true
    if ! grep -q '^[a-z]' "$draft"; then
        echo "berth: it is the only key in $file: it stays" >&2
        rm -f -- "$draft"
        exit 1
    fi
    ;;
*)
    echo "add or remove, not $action" >&2
    exit 2
    ;;
esac
sync "$draft"
mv -- "$draft" "$file"
