#!/usr/bin/env bash
# Puts the configs or secrets of a service where its containers mount them, and takes them away. Runs on the host as root:
#
#   bash --norc -c SCRIPT place-files place|remove BASE PATH < files
#
# PATH is relative to BASE, which only root may enter. stdin has a line for each file: `UID GID MODE BASE64`; the file is
# named by its line's number, from 0. A PATH that ends with a slash gets a last part that tells the content apart but says
# nothing of it: a hash with a key that never leaves the host.
# stdout: the folder.
set -euo pipefail
export LC_ALL=C
umask 077

verb=${1:?the verb is missing: place or remove}
base=${2:?the base is missing}
path=${3:?the path is missing}
files=$(cat && echo .)
files=${files%.}

content_key() {
    local salt=$base/${path}.key draft
    if [ ! -s "$salt" ]; then
        [ "$verb" = place ] || return 0
        mkdir -p -- "$base/$path"
        exec 6<"$base"
        flock 6
        if [ ! -s "$salt" ]; then # by now
            draft=$(mktemp "$salt.XXXXXX")
            head -c 32 /dev/urandom >"$draft"
            sync -- "$draft"
            mv -f -- "$draft" "$salt" # also over one that a power cut has emptied
        fi
        exec 6<&-
    fi
    { cat -- "$salt" && { cat -- "$salt" && printf '%s' "$files"; } | sha256sum; } | sha256sum | cut -c1-16
}

write_files() {
    local uid gid mode content i=0
    while read -r uid gid mode content; do
        printf '%s' "$content" | base64 --decode >"$draft/$i"
        chown -- "$uid:$gid" "$draft/$i"
        chmod -- "$mode" "$draft/$i"
        i=$((i + 1))
    done < <(printf '%s' "$files")
}

# Drafts are folders below BASE that are removed when the script ends. A lock holds each: what nobody holds is of a run that
# was killed, and is removed. Who makes one or looks for them holds the lock of BASE.
lock_base() {
    local left
    exec 6<"$base"
    flock 6
    for left in "$base"/.draft.??????; do
        if [ -d "$left" ]; then flock -n "$left" rm -rf -- "$left" || true; fi
    done
}
hold_draft() {
    exec 7<"$draft"
    flock 7
    exec 6<&-
    trap 'rm -rf -- "$draft"' EXIT
}

make_draft() {
    lock_base
    draft=$(mktemp -d "$base/.draft.XXXXXX")
    hold_draft
}

# discard FOLDER: at once as a whole, so that nothing takes a half for it, whenever this is killed.
discard() {
    lock_base
    draft=$(mktemp -u "$base/.draft.XXXXXX")
    mv -T -- "$1" "$draft"
    hold_draft
    rm -rf -- "$draft"
}

# What runs that were killed have left.
sweep() {
    [ -d "$base" ] || return 0
    lock_base
    exec 6<&-
}

place() {
    mkdir -p -- "$(dirname -- "$folder")"
    if [ ! -e "$folder" ]; then
        make_draft
        write_files
        # Or a power cut leaves a folder whose files are empty, and which is taken for whole.
        sync -f "$draft"
        # Where another run was faster, its content is the same.
        mv -T -- "$draft" "$folder" 2>/dev/null || [ -e "$folder" ]
        sync -f "$base"
    fi
    printf '%s\n' "$folder"
}

# Where Docker is there and does not say, the script ends: what may be mounted is not removed.
is_mounted() {
    local file containers
    command -v docker >/dev/null || return 1 # gone, with all containers
    for file in "$folder"/*; do
        if ! containers=$(timeout 60 docker ps --all --quiet --filter "volume=$file"); then
            echo "berth: Docker does not say whether a container mounts files of $folder, so they stay:" \
                "see \`systemctl status docker\`, and run it again" >&2
            exit 1
        fi
        if [ -n "$containers" ]; then return 0; fi
    done
    return 1
}

remove() {
    [ -d "$folder" ] || return 0
    if is_mounted; then
        echo "berth: a container mounts files of $folder: they stay" >&2
        return
    fi
    discard "$folder"
}

# Removes the folders above, as long as they have nothing but a key that no content has any more.
remove_empty() {
    local above
    above=$(dirname -- "$folder")
    if [ -d "$above" ]; then
        lock_base
        rm -f -- "$above"/.key.?????? # of runs that were killed
        if [ "$(ls -A -- "$above")" = .key ]; then rm -- "$above/.key"; fi
        exec 6<&-
    fi
    while [[ $above == "$base"/* ]] && { [ ! -e "$above" ] || rmdir -- "$above" 2>/dev/null; }; do above=${above%/*}; done
    rmdir -- "$base" "${base%/*}" 2>/dev/null || true
}

folder=$base/$path
if [[ $path == */ ]]; then
    key=$(content_key)
    # Without a key there are no files.
    if [ -z "$key" ]; then
        sweep
        folder=$folder.none
        remove_empty
        exit 0
    fi
    folder=$folder$key
fi
if [ "$verb" = remove ]; then sweep; fi
"$verb"
if [ "$verb" = remove ] && [ ! -e "$folder" ]; then remove_empty; fi # also what a run has left that was killed
