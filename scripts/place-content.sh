#!/usr/bin/env bash
# Puts a file or folder of the project where containers mount it, and takes it away. Runs on the host as root:
#
#   bash -s -- place  pinned|kept file|folder BASE PATH HASH ARCHIVE < place-content.sh
#   bash -s -- remove pinned|kept file|folder BASE PATH HASH < place-content.sh
#
# PATH is relative to BASE, which only root may enter; HASH names the content. ARCHIVE is a tar archive, which is removed when
# all of it is in its place: a folder's entries, or a file called `content`.
#
# pinned: appears at once as a whole, and nothing changes it. It is removed when no container mounts it.
# kept: containers write there too. Files of an earlier content that is gone from the project go, where they are still
# as they were placed; the new ones are overwritten in place; what else is there stays. Removed are the files that are
# still as they were placed.
set -euo pipefail
export LC_ALL=C
umask 022

verb=${1:?the verb is missing: place or remove}
place=${2:?the place is missing: pinned or kept}
kind=${3:?the kind is missing: file or folder}
base=${4:?the base is missing}
path=${5:?the path is missing}
hash=${6:?the hash is missing}
archive=${7:-}

target=$base/$path
name=${target##*/}

fail() {
    printf 'berth: %s\n' "$1" >&2
    exit 1
}

missing_upload() {
    echo "berth: what was uploaded is gone; upload it again: ./scripts/up --target-replace '**-upload' --target-dependents" >&2
    exit 1
}

# The upload that is done with, and those of runs long ago that failed.
remove_uploads() {
    rm -f -- "$1"
    find . -maxdepth 1 -type f -name "${1%-*}-????????????????.tar" -mtime +30 -delete
}

make_base() { install -d -m 0700 -- "$base"; }

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

# extract FOLDER [OPTION …]: a folder's entries into it, or the file under its own name, which is free of signs that sed
# knows. Their time is now: a web server's ETag is made of time and size, and the archive has no times.
extract() {
    local options=(--extract --file "$archive" --directory "$1" --same-permissions --no-same-owner --touch)
    if [ "$kind" = file ]; then options+=(--transform "s,^\./content$,./$name,"); fi
    tar "${options[@]}" "${@:2}"
}

# Removes the folders above, as long as they are empty.
remove_empty() {
    local folder=$1
    while [[ $folder == "$base"/* ]] && { [ ! -e "$folder" ] || rmdir -- "$folder" 2>/dev/null; }; do folder=${folder%/*}; done
    rmdir -- "$base" "${base%/*}" 2>/dev/null || true
}

place_pinned() {
    if [ ! -e "$target" ]; then
        make_draft
        chmod 0755 "$draft"
        if [ "$kind" = folder ]; then
            mkdir -- "$draft/$name"
            extract "$draft/$name"
        else
            extract "$draft"
        fi
        mkdir -p -- "$(dirname -- "${target%/*}")"
        # Or a power cut leaves a folder whose files are empty, and which is taken for whole.
        sync -f "$draft"
        # Where another run was faster, its content is the same.
        mv -T -- "$draft" "${target%/*}" 2>/dev/null || [ -e "$target" ]
        sync -f "$base"
    fi
}

# Where Docker is there and does not say, the script ends: what may be mounted is not removed.
is_mounted() {
    local containers
    command -v docker >/dev/null || return 1 # gone, with all containers
    containers=$(timeout 60 docker ps --all --quiet --filter "volume=$target") ||
        fail "Docker does not say whether a container mounts $target, so it stays: see \`systemctl status docker\`, and run it again"
    [ -n "$containers" ]
}

remove_pinned() {
    [ -e "$target" ] || return 0
    if is_mounted; then
        echo "berth: a container mounts $target: it stays" >&2
        return
    fi
    discard "${target%/*}"
    remove_empty "$(dirname -- "${target%/*}")"
}

# Where kept content stands, and what is known of it: a first record with its hash, then a record for each entry,
# `KIND HASH PATH`; kinds are f, l and d. Each record ends with a NUL, as a path may hold anything else.
kept_folder() { if [ "$kind" = folder ]; then printf '%s' "$target"; else dirname -- "$target"; fi; }
manifest() { printf '%s/placed/%s' "$base" "$(printf '%s' "$path" | sha256sum | cut -c1-32)"; }
manifest_hash() { if [ -e "$(manifest)" ]; then head -z -n 1 -- "$(manifest)" | tr -d '\0'; fi; }
manifest_of() { if [ -e "$(manifest)" ]; then { tail -z -n +2 -- "$(manifest)" | grep -z "^$1 " || true; } | sort -z; fi; }
paths_of() { cut -z -b 68- | sort -z; }

# records FOLDER: those of the files and links below it whose paths are on stdin. No link is followed on the way.
records() {
    local link
    sort -z >"$draft/wanted"
    (
        cd -- "$1"
        find . -type f -print0 | sort -z | comm -z -12 - "$draft/wanted" | xargs -0 -r sha256sum -z -- |
            sed -z 's/^\(.\{64\}\)  /f \1 /'
        find . -type l -print0 | sort -z | comm -z -12 - "$draft/wanted" | while IFS= read -r -d '' link; do
            printf 'l %s %s\0' "$(readlink -n -- "$link" | sha256sum | cut -c1-64)" "$link"
        done
    ) | sort -z
}

# Paths of what is still as it was placed.
unchanged() { manifest_of '[fl]' | paths_of | records "$1" | comm -z -12 - <(manifest_of '[fl]') | paths_of; }

remove_in() { (cd -- "$1" && xargs -0 -r rm -f --); }

make_folders() {
    local sub
    paths_of | while IFS= read -r -d '' sub; do
        if [ -L "$1/$sub" ]; then fail "$1/$sub is a symbolic link that a container made: remove it on the host"; fi
        [ -d "$1/$sub" ] || mkdir -- "$1/$sub"
    done
}

place_kept() {
    local folder
    if [ "$(realpath -m -- "$target")" != "$(realpath -- "$base")/$path" ]; then
        fail "a symbolic link that a container made leads away from $target: remove it on the host"
    fi
    folder=$(kept_folder)
    make_draft
    mkdir -- "$draft/content"
    extract "$draft/content"
    (cd -- "$draft/content" && find . ! -type d -print0) | records "$draft/content" >"$draft/new"
    (cd -- "$draft/content" && find . -mindepth 1 -type d -printf "d $(printf '%064d' 0) %p\0") >"$draft/folders"
    mkdir -p -- "$folder" "$base/placed"
    comm -z -23 <(unchanged "$folder") <(paths_of <"$draft/new") | remove_in "$folder"
    make_folders "$folder" <"$draft/folders"
    # Named one by one, without the folders: those may have got another owner and mode.
    local files=()
    if [ "$kind" = folder ]; then files=(--no-recursion --null --no-unquote --files-from "$draft/files"); fi
    paths_of <"$draft/new" >"$draft/files"
    if [ -s "$draft/files" ]; then extract "$folder" --overwrite "${files[@]}"; fi
    {
        printf '%s\0' "$hash"
        cat -- "$draft/new" "$draft/folders"
    } >"$draft/manifest"
    sync -f "$folder" # before the manifest says that it is there
    mv -- "$draft/manifest" "$(manifest)"
    sync -f "$base"
}

remove_kept() {
    local folder
    # Newer content has taken its place.
    [ "$(manifest_hash)" = "$hash" ] || return 0
    folder=$(kept_folder)
    if [ -d "$folder" ]; then
        make_draft
        unchanged "$folder" | remove_in "$folder"
        manifest_of d | paths_of | sort -z -r | (cd -- "$folder" && xargs -0 -r rmdir -- 2>/dev/null) ||
            true # what is in use by others stays
        rm -rf -- "$draft"
    fi
    rm -- "$(manifest)"
    rmdir -- "$base/placed" 2>/dev/null || true
    remove_empty "$folder"
}

case $verb in
place)
    make_base
    [ -e "$archive" ] || missing_upload
    "place_$place"
    remove_uploads "$archive"
    ;;
remove)
    sweep
    "remove_$place"
    [ -e "$target" ] || remove_empty "$target" # also what a run has left that was killed
    ;;
*) fail "unknown verb: $verb" ;;
esac
