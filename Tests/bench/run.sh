#!/usr/bin/env bash
# Speed, size and memory side by side: builds what is compared, runs everything on this machine, prints one table.
#
# usage: run.sh [--json FILE] [--quick] [--record] [--only MEASURE]...
#   --json FILE     the same table as a list of {name, unit, ours, theirs, ratio, median, goal, met, note}
#   --quick         fewer turns, fewer calls, no large files: a few minutes, figures that wobble
#   --record        the same table into README.md, for a whole run on a quiet machine
#   --only MEASURE  one group (again for more): status throughput python signing memory idle million files curl requests
#                   base64 polls sandbox size load import languages
#   AIGC_LIBRARY    the library to measure (default .build/release/libaigc.so, which is built)
# What it builds lies in .build/bench. The exit status says whether everything was measured, not whether goals are met.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/.build/bench
arguments=()
while [ $# -gt 0 ]; do
    case $1 in
        --json | --only) arguments+=("$1" "${2:?$1 takes a value}"); shift 2 ;;
        --quick | --record) arguments+=("$1"); shift ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "run.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done
# shellcheck source=bindings/c/prepare.sh
. "$root/bindings/c/prepare.sh"
mkdir -p "$out/bin" "$out/lib" "$out/dist"
PATH=$PATH:/usr/sbin

packages=(gcc binutils libcurl4-openssl-dev libssl-dev libjansson-dev python3 python3-venv openssl valgrind nginx curl)
need_packages "$out/setup.log" "${packages[@]}"
need_venv "$root" "$out/setup.log" -r bindings/python/tests/requirements.txt
if [ -z "${AIGC_LIBRARY:-}" ]; then
    need_swift
    AIGC_LIBRARY=$root/.build/release/libaigc.so
    (cd "$root" && swift build -c release --product aigc) >"$out/build.log" 2>&1 || { cat "$out/build.log"; exit 1; }
fi

# As it is installed; and with names for valgrind, which cannot read the toolchain's debug information.
strip --strip-unneeded -o "$out/dist/libaigc.so.1" "$AIGC_LIBRARY"
strip --strip-debug -o "$out/lib/libaigc.so.1" "$AIGC_LIBRARY"
ln -sf libaigc.so.1 "$out/lib/libaigc.so"

compile() { # NAME LIBRARIES FILES...
    local name=$1 libraries=$2 sources=()
    shift 2
    for file in "$@"; do sources+=("$here/c/$file.c"); done
    # shellcheck disable=SC2086 # the libraries are words
    gcc -std=c11 -O2 -Wall -Wextra -Werror "-I$root/include" "${sources[@]}" -o "$out/bin/$name" $libraries
}
compile plain "-lcurl -lcrypto -ljansson" plain bench tc3
compile plain_download "-lcurl" plain_download bench
compile sign "-lcrypto" sign bench tc3
compile load "-ldl" load bench
compile crc64 "" crc64
compile commits "-ldl" commits bench
for name in ours ours_download waiting many resume; do compile "$name" "-L$out/lib -laigc" "$name" client bench; done

# The parts that the C API does not show: signatures alone, and the poll schedule on a clock of its own.
mkdir -p "$out/swift"
for name in Core Codec Signing CCrypto CJSON; do ln -sfn "$root/Sources/$name" "$out/swift/$name"; done
ln -sfn "$here/swift/sign" "$out/swift/sign"
ln -sfn "$here/swift/polls" "$out/swift/polls"
cp "$here/swift/Package.swift.in" "$out/swift/Package.swift"
(cd "$out/swift" && swift build -c release) >"$out/swift.log" 2>&1 || { tail -n 30 "$out/swift.log"; exit 1; }
strip --strip-debug -o "$out/bin/swift-sign" "$out/swift/.build/release/sign"
ln -sf "$out/swift/.build/release/polls" "$out/bin/polls"

exec "$root/.venv/bin/python" "$here/bench.py" --out "$out" --library "$out/dist/libaigc.so.1" "${arguments[@]}"
