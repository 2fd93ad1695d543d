#!/usr/bin/env bash
# The header is C99 to C17 and C++98 to C++20, with gcc and clang, without a warning, also when it is included twice.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '#include <aigc.h>\n#include <aigc.h>\nint main(void) { return (int)AIGC_OK; }\n' >"$work/twice.c"
cp "$work/twice.c" "$work/twice.cc"
flags=(-Wall -Wextra -Wstrict-prototypes -Wundef -pedantic -Werror -fsyntax-only "-I$root/include")
failed=0

# check COMPILER STANDARD FILE
check() {
    if ! command -v "$1" >/dev/null; then
        echo "ok - header with $1 as $2 # SKIP there is no $1"
    elif said=$("$1" "-std=$2" "${flags[@]}" "$work/$3" 2>&1); then
        echo "ok - header with $1 as $2"
    else
        echo "not ok - header with $1 as $2: $(head -n 1 <<<"$said")"
        failed=1
    fi
}

for compiler in gcc clang; do
    for standard in c99 c11 c17; do check "$compiler" "$standard" twice.c; done
done
flags=("${flags[@]/-Wstrict-prototypes/-Wall}") # a warning that C++ has no use for
for compiler in g++ clang++; do
    for standard in c++98 c++11 c++14 c++17 c++20; do check "$compiler" "$standard" twice.cc; done
done
exit "$failed"
