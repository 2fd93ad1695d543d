#!/usr/bin/env bash
# Builds the library in release mode and lays out what is shipped in .build/dist/. Installs nothing on the system.
#
#   .build/dist/include/aigc.h aigc.hpp
#   .build/dist/lib/libaigc.so -> libaigc.so.1 -> libaigc.so.1.0.0     stripped
#   .build/dist/lib/debug/.build-id/xx/yyyy.debug                      debug symbols, found by debuggers by build-id
#
# usage: build.sh [--from LIBRARY] [--to FOLDER]
#   --from LIBRARY  lay out this .so instead of building one
#   --to FOLDER     where to (default: .build/dist of the project)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
to=$root/.build/dist
from=

while [ $# -gt 0 ]; do
    case $1 in
        --from) from=${2:?--from needs a file}; shift 2 ;;
        --to) to=${2:?--to needs a folder}; shift 2 ;;
        -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "build.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done

part() { sed -n "s/^#define AIGC_VERSION_$1 \([0-9][0-9]*\)$/\1/p" "$root/include/aigc.h"; }
major=$(part MAJOR)
version=$major.$(part MINOR).$(part PATCH)

if [ -z "$from" ]; then
    # shellcheck source=bindings/c/prepare.sh
    . "$root/bindings/c/prepare.sh"
    need_swift || exit 1
    need_place "$root" || exit 1
    missing=()
    for package in binutils pkg-config libcurl4-openssl-dev libssl-dev libjansson-dev; do
        have "$package" || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] || { echo "build.sh: install these first, by their Debian names: ${missing[*]}" >&2; exit 1; }
    (cd "$root" && swift build -c release --product aigc) # the linker is given paths relative to the root
    from=$root/.build/release/libaigc.so
fi
[ -f "$from" ] || { echo "build.sh: there is no library at $from" >&2; exit 1; }

mkdir -p "$to/lib" "$to/include"
work=$(mktemp -d "$to/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT

cp "$from" "$work/full.so"
build_id=$(readelf -n "$work/full.so" | sed -n 's/^ *Build ID: *\([0-9a-f]*\).*/\1/p')
if [ -n "$build_id" ]; then
    debug=$to/lib/debug/.build-id/${build_id:0:2}
    rm -rf "$to/lib/debug"
    mkdir -p "$debug"
    objcopy --only-keep-debug "$work/full.so" "$debug/${build_id:2}.debug"
    chmod 0644 "$debug/${build_id:2}.debug"
fi
strip --strip-unneeded -o "$work/stripped.so" "$work/full.so"
chmod 0755 "$work/stripped.so"

# A rename replaces the file at once: a program that has the old one loaded keeps it.
mv -f "$work/stripped.so" "$to/lib/libaigc.so.$version"
ln -sfn "libaigc.so.$version" "$to/lib/libaigc.so.$major"
ln -sfn "libaigc.so.$major" "$to/lib/libaigc.so"
install -m 0644 "$root/include/aigc.h" "$root/bindings/cpp/aigc.hpp" "$to/include/"
echo "$to/lib/libaigc.so.$version"
