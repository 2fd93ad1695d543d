#!/usr/bin/env bash
# Every rule of the project that a program can check. One line a rule: "ok - name" or "not ok - name: what and where".
#
# usage: all.sh [--quick] [LIBRARY]
#   --quick   what needs no build: within 40 seconds
#   LIBRARY   the built library (default .build/release/libaigc.so); without --quick it must be there
# Each rule is a script of its own beside this one and can be run alone.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
quick=no
library=$root/.build/release/libaigc.so
for argument in "$@"; do
    case $argument in
        --quick) quick=yes ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        -*) echo "all.sh: unknown argument: $argument (see --help)" >&2; exit 2 ;;
        *) library=$argument ;;
    esac
done
failed=0

# A check that dies without a word is not as it should be either.
run() {
    local status=0 said
    said=$("$@" 2>&1) || status=$?
    printf '%s\n' "$said"
    [ "$status" = 0 ] && return
    failed=1
    grep -q '^not ok' <<<"$said" || echo "not ok - $(basename "${*: -1}"): ended with $status"
}

built=()
if [ "$quick" = no ]; then
    if [ -f "$library" ]; then
        built=("$library")
        run python3 "$here/library.py" "$library"
    else
        echo "not ok - the library is built: there is no $library (swift build -c release --product aigc)"
        failed=1
    fi
fi
run bash "$here/header.sh"
run python3 "$here/symbols.py" "${built[@]}"
run python3 "$here/wiring.py"
run python3 "$root/Tests/packaging/bindings.py"
run python3 "$here/imports.py"
run python3 "$here/pyimports.py"
run python3 "$here/ceilings.py" "${built[@]}"
run python3 "$here/traps.py"
run python3 "$here/identity.py"
run python3 "$here/documentation.py" "${built[@]}"
run python3 "$here/guide.py" "${built[@]}"
run bash "$here/abi.sh" "${built[@]}"
run python3 "$here/tree.py"
run python3 "$here/map.py"
run python3 "$here/words.py"
run python3 "$root/Tests/mutations/promises.py" --check
run bash "$here/format.sh"
exit "$failed"
