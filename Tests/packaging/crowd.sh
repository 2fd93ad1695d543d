#!/usr/bin/env bash
# The strings that change with each answer, in every language: another thread gets sixteen newer ones between the call and the
# copy (crowd.c), and the program prints what was given to it.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=Tests/packaging/programs.sh
. "$(dirname "${BASH_SOURCE[0]}")/programs.sh"

need cc gcc "strings that other threads replace" || exit 0
# Where the part tokens builds the same programs: what it has built need not be built again.
programs "$AIGC_PACKAGING/tokens" >"$work/languages" 2>"$work/missing"
while IFS= read -r line; do
    case $line in
        *": there is no "*) skip "the strings of ${line%%:*}" "${line#*: }" ;;
        *) ok "the program of ${line%%:*} builds" bash -c 'echo "$1"; exit 1' said "${line#*: }" ;;
    esac
done <"$work/missing"

# Two libraries with one name cannot be loaded together: the real one is renamed, in a copy.
crowd=$work/crowd
mkdir -p "$crowd"
"$python" - "$prefix/lib/libaigc.so.1" "$crowd/libaigc.so.R" <<'RENAME'
import sys
from pathlib import Path
Path(sys.argv[2]).write_bytes(Path(sys.argv[1]).read_bytes().replace(b"libaigc.so.1\0", b"libaigc.so.R\0"))
RENAME
printf 'AIGC_1 { global: aigc_*; local: *; };\n' >"$crowd/exports.map"
# shellcheck disable=SC2016 # $ORIGIN is for the loader
cc -std=gnu11 -O1 -g -Wall -Wextra -Werror -shared -fPIC -pthread -I "$root/include" "$root/Tests/packaging/crowd.c" \
    -o "$crowd/libaigc.so.1" -Wl,-soname,libaigc.so.1 -Wl,--version-script="$crowd/exports.map" \
    -L "$crowd" -l:libaigc.so.R -ldl -Wl,-rpath,'$ORIGIN'
export MALLOC_PERTURB_=90 GLIBC_TUNABLES=glibc.malloc.tcache_count=0 # what is freed is overwritten at once
AIGC_LIBRARY=$crowd/libaigc.so.1 LD_LIBRARY_PATH=$crowd "$python" "$root/Tests/packaging/crowd.py" "$work/languages" || failed=1
exit "$failed"
