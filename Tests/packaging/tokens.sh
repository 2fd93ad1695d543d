#!/usr/bin/env bash
# Tokens across languages: a job that each language submits is attached and fetched by each other.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=Tests/packaging/programs.sh
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"

programs "$work" >"$work/languages" 2>"$work/missing"
while IFS= read -r line; do
    case $line in
        *": there is no "*) skip "tokens of ${line%%:*}" "${line#*: }" ;;
        *) ok "the program of ${line%%:*} builds" bash -c 'echo "$1"; exit 1' said "${line#*: }" ;;
    esac
done <"$work/missing"
"$python" "$root/Tests/packaging/tokens.py" "$work/images" "$work/languages" || failed=1
exit "$failed"
