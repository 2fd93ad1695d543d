#!/usr/bin/env bash
# Installs into an empty prefix, builds a program against it with pkg-config and with CMake, and removes it again.
#
# usage: install.sh [LIBRARY]   (default .build/release/libaigc.so)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dist=$work/dist
bash "$root/bindings/c/build.sh" --from "${1:-$root/.build/release/libaigc.so}" --to "$dist" >/dev/null
prefix="$work/a prefix"
fact=0
failed=0

# ok TEXT COMMAND...: one fact, true when the command succeeds.
ok() {
    local text=$1
    shift
    fact=$((fact + 1))
    if "$@" >"$work/log" 2>&1; then
        echo "ok $fact - install: $text"
    else
        echo "not ok $fact - install: $text"
        sed 's/^/# /' "$work/log"
        failed=1
    fi
}

build_with_pkg_config() {
    local flags
    flags=$(PKG_CONFIG_PATH="$prefix/lib/pkgconfig" pkg-config --cflags --libs aigc)
    eval "cc -std=c99 '$root/bindings/c/generate.c' $flags -o '$work/generate'" # pkg-config quotes for a shell
}
run_it() { [ "$(LD_LIBRARY_PATH="$prefix/lib" "$1" 2>&1 | head -n 1 | cut -c 1-6)" = usage: ]; }

build_with_cmake() {
    mkdir -p "$work/project"
    cp "$root/bindings/c/generate.c" "$work/project/"
    cat >"$work/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.13)
project(example C)
find_package(aigc 1.0 REQUIRED)
add_executable(generate generate.c)
target_link_libraries(generate aigc::aigc)
CMAKE
    cmake -S "$work/project" -B "$work/project/build" "-DCMAKE_PREFIX_PATH=$prefix"
    cmake --build "$work/project/build"
}
refuses_version() {
    sed -i "s/find_package(aigc 1.0/find_package(aigc $1/" "$work/project/CMakeLists.txt"
    ! cmake -S "$work/project" -B "$work/project/build-$1" "-DCMAKE_PREFIX_PATH=$prefix"
}
links_are_right() {
    [ "$(readlink "$prefix/lib/libaigc.so")" = libaigc.so.1 ] &&
        [ "$(readlink "$prefix/lib/libaigc.so.1")" = "$(basename "$prefix"/lib/libaigc.so.1.*)" ]
}
debug_symbols_fit() {
    local id
    id=$(readelf -n "$prefix/lib/libaigc.so.1" | sed -n 's/^ *Build ID: *//p')
    [ -n "$id" ] && [ -f "$prefix/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ]
}
stripped() { ! grep -q '\.symtab\|\.debug_' < <(readelf -S "$prefix/lib/libaigc.so.1"); }
nothing_left() { [ -z "$(find "$1" ! -type d)" ]; }

ok "into an empty prefix" bash "$root/bindings/c/install.sh" --from "$dist" --prefix "$prefix"
ok "once more over it" bash "$root/bindings/c/install.sh" --from "$dist" --prefix "$prefix"
ok "soname links" links_are_right
ok "the library is stripped" stripped
ok "debug symbols lie apart, by build-id" debug_symbols_fit
ok "a program builds with pkg-config" build_with_pkg_config
ok "and runs" run_it "$work/generate"
if command -v cmake >/dev/null; then
    ok "a program builds with find_package" build_with_cmake
    ok "and runs too" run_it "$work/project/build/generate"
    ok "find_package refuses the next major version" refuses_version 2.0
else
    fact=$((fact + 1))
    echo "ok $fact - install: find_package # SKIP no cmake"
fi
ok "uninstall" bash "$root/bindings/c/install.sh" --prefix "$prefix" --uninstall
ok "leaves no file" nothing_left "$prefix"
ok "as a package: destdir and libdir" bash "$root/bindings/c/install.sh" --from "$dist" --prefix /usr \
    --libdir lib/x86_64-linux-gnu --destdir "$work/package"
ok "the library lies there" test -f "$work/package/usr/lib/x86_64-linux-gnu/libaigc.so.1"
ok "the pkg-config file speaks of the final place" \
    grep -qx 'libdir=/usr/lib/x86_64-linux-gnu' "$work/package/usr/lib/x86_64-linux-gnu/pkgconfig/aigc.pc"
ok "uninstall it" bash "$root/bindings/c/install.sh" --prefix /usr --libdir lib/x86_64-linux-gnu \
    --destdir "$work/package" --uninstall
ok "leaves no file there" nothing_left "$work/package"
echo "1..$fact"
exit "$failed"
