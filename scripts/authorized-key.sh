#!/usr/bin/env bash
# Lets a stack's key in, and its other keys no more. Runs on the host as the login whose keys these are:
#
#   bash -s -- PROJECT/STACK add  'ssh-ed25519 AAAA…' ['ssh-ed25519 AAAA…' …] < authorized-key.sh
#   bash -s -- PROJECT/STACK only 'ssh-ed25519 AAAA…' ['ssh-ed25519 AAAA…' …] < authorized-key.sh
#
# A key of the stack has the comment "berth PROJECT/STACK". "add" lets the first key in, and marks the others so, which
# the stack has made too. "only" takes out every key of the stack but the first, and the others that are named; it prints
# how many. Lines of other people and of other stacks stay as they are.
#
# The file is exchanged in one step: a key that is cut in half would let nobody in.
set -euo pipefail
export LC_ALL=C
umask 077

readonly stack=${1:?the stack is missing} action=${2:?add or only} key=${3:?the key is missing}
shift 3

mkdir -p -- "$HOME/.ssh"
exec 9<"$HOME/.ssh"
flock 9 # another stack's run may be at the same file
file=$(readlink -f -- "$HOME/.ssh/authorized_keys")
readonly file draft=$file.berth-new
trap 'rm -f -- "$draft"' EXIT

# edit KEY yes|no OTHERS: prints the file, with the mark at KEY and at OTHERS, one a line; with "yes" without OTHERS, and
# without whatever else has the mark, and how many these are to descriptor 3. A key is two words, wherever they stand.
edit() {
    MARK="berth $stack" ADD=$1 DROP=$2 KEYS=$3 awk '
        BEGIN {
            mark = ENVIRON["MARK"]
            add = ENVIRON["ADD"]
            drop = ENVIRON["DROP"] == "yes"
            count = split(ENVIRON["KEYS"], list, "\n")
            for (i = 1; i <= count; i++) known[list[i]] = 1
        }
        # Of a line: its key, what stands up to the end of that, and the comment.
        function take(line,   at, n, words, i) {
            key = ""
            if (line ~ /^[ \t]*#/) return
            n = split(line, words, /[ \t\r]+/)
            for (i = 1; i < n; i++) {
                if (words[i] !~ /^(ssh|ecdsa|sk)-[a-z0-9@.-]+$/ || words[i + 1] !~ /^AAAA/) continue
                key = words[i] " " words[i + 1]
                at = index(line, words[i + 1]) + length(words[i + 1])
                head = substr(line, 1, at - 1)
                comment = substr(line, at)
                gsub(/^[ \t]+|[ \t\r]+$/, "", comment)
                return
            }
        }
        { take($0) }
        key == add && seen++ { next }
        key == add { print head " " mark; next }
        key != "" && drop && (comment == mark || key in known) { removed++; next }
        key != "" && key in known { print head " " mark; next }
        { print }
        END {
            if (!seen) print add " " mark
            if (drop) print removed + 0 > "/dev/fd/3"
        }
    ' "$file"
}

case $action in
add | only) ;;
*)
    echo "add or only, not $action" >&2
    exit 2
    ;;
esac
touch -- "$file"
cp -p -- "$file" "$draft" # its owner and mode
drop=no
if [ "$action" = only ]; then drop=yes; fi
removed=$(edit "$key" "$drop" "$(printf '%s\n' "$@")" 3>&1 >"$draft")
grep -qF -- "$key" "$draft" # a file without it would let nobody in
sync -- "$draft"
mv -- "$draft" "$file"
sync -- "$HOME/.ssh"
if [ -n "$removed" ]; then echo "$removed"; fi
