#!/usr/bin/env bash
# attach.sh docker|compose|ssh [ARG …], sourced: lib/attach.ts says which command it is, and that takes this one's place.
# So terminal, pipes, signals and exit code are the command's own.
words_file=$(mktemp)
trap 'rm -f "$words_file"' EXIT
BERTH_WORDS=$words_file "$(dirname "${BASH_SOURCE[0]}")/run.sh" attach "$@"
words=()
while IFS= read -r -d '' word; do words+=("$word"); done <"$words_file"
if [ ${#words[@]} -eq 0 ]; then exit 0; fi # it was a question for help
rm -f "$words_file"
trap - EXIT
exec "${words[@]}"
