#!/usr/bin/env bash
# Install, use, upgrade, uninstall: what a C programmer and a CMake user meet. Tests/c/install.sh has the plain path.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

place="$work/a prefix"
install=(bash "$root/bindings/c/install.sh" --from "$dist")
read_options

cat >"$work/x.c" <<'C'
#include <aigc.h>
#include <stdio.h>
int main(void)
{
    printf("%s\n", aigc_version_string());
    return aigc_version_number() == AIGC_VERSION_NUMBER ? 0 : 1;
}
C

# The command of the README, word for word, in an environment that holds next to nothing.
with_pkg_config() {
    cd "$work" || return
    env -i PATH="$PATH" PKG_CONFIG_PATH="$place/lib/pkgconfig" \
        sh -c "eval \"cc x.c \$(pkg-config --cflags --libs aigc) -o x\""
    env -i LD_LIBRARY_PATH="$place/lib" ./x
}
# A project in C and in C++, whose binary finds the library by itself.
with_cmake() {
    rm -rf "$work/project"
    mkdir -p "$work/project"
    cp "$work/x.c" "$root/bindings/cpp/generate.cpp" "$work/project"
    sed -i 's/"aigc.hpp"/<aigc.hpp>/' "$work/project/generate.cpp"
    cat >"$work/project/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.13)
project(stranger C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(aigc 1.0 REQUIRED)
add_executable(x x.c)
target_link_libraries(x PRIVATE aigc::aigc)
add_executable(generate generate.cpp)
target_link_libraries(generate PRIVATE aigc::aigc)
CMAKE
    cmake -S "$work/project" -B "$work/project/build" "-DCMAKE_PREFIX_PATH=$1" && cmake --build "$work/project/build" &&
        env -i "$work/project/build/x"
}
# The tree can be moved: the CMake files find the library from where they lie.
moved_cmake() {
    mv "$place" "$work/elsewhere"
    local status=0
    with_cmake "$work/elsewhere" || status=$?
    mv "$work/elsewhere" "$place"
    return "$status"
}
# A program made with CMake does a whole job.
generates() {
    mkdir -p "$work/images"
    "$work/project/build/generate" "${options[@]}" tencent "a cat from CMake" "$work/images/cat" && [ -n "$(ls "$work/images")" ]
}
empty() { [ -z "$(find "$1" -mindepth 1 | tee /dev/stderr)" ]; }
one_library() {
    [ "$(find "$place" -name 'libaigc.so*' -type f | wc -l)" = 1 ] && [ "$(find "$place" -name '*.debug' | wc -l)" = 1 ]
}

# A tree that is one patch release newer, whose library is another build with another build-id.
newer() {
    mkdir -p "$work/newer"
    cp -a "$dist/include" "$dist/lib" "$work/newer"
    rm -rf "$work/newer/lib/debug"
    sed -i 's/^#define AIGC_VERSION_PATCH .*/#define AIGC_VERSION_PATCH 99/' "$work/newer/include/aigc.h"
    local version id
    version=$(python3 "$root/Tests/tools/header.py" version)
    mv "$work/newer/lib/libaigc.so.$version" "$work/newer/lib/libaigc.so.${version%.*}.99"
    id=$(printf '%040d' 7)
    printf '\4\0\0\0\24\0\0\0\3\0\0\0GNU\0' >"$work/note"
    printf '%b' "$(printf '%s' "$id" | sed 's/../\\x&/g')" >>"$work/note"
    objcopy --update-section .note.gnu.build-id="$work/note" "$work/newer/lib/libaigc.so.${version%.*}.99"
    mkdir -p "$work/newer/lib/debug/.build-id/00"
    : >"$work/newer/lib/debug/.build-id/00/${id:2}.debug"
    bash "$root/bindings/c/install.sh" --from "$work/newer" --prefix "$place"
    [ "$(readlink -f "$place/lib/libaigc.so")" = "$place/lib/libaigc.so.${version%.*}.99" ]
}
# The debug file belongs to the library, and has the functions that the stripped one has not.
debug_file() {
    local id file
    id=$(readelf -n "$place/lib/libaigc.so.1" | sed -n 's/^ *Build ID: *//p')
    file=$place/lib/debug/.build-id/${id:0:2}/${id:2}.debug
    [ "$(readelf -n "$file" | sed -n 's/^ *Build ID: *//p')" = "$id" ] && grep -q '\.debug_info' < <(readelf -SW "$file") &&
        [ "$(nm "$file" | wc -l)" -gt 1000 ] && ! grep -q '\.debug_' < <(readelf -SW "$place/lib/libaigc.so.1")
}
# Symbols that the stripped library exports beside aigc_*, and paths of this machine in it.
clean_library() {
    local lib=$place/lib/libaigc.so.1
    if nm -D --defined-only "$lib" | awk '{print $3}' | grep -v '^aigc_\|^AIGC_1'; then return 1; fi
    if strings -a "$lib" | grep -F "$root"; then return 1; fi
}
as_package() {
    "${install[@]}" --prefix /usr --libdir lib/some-triplet --destdir "$work/stage" &&
        [ -z "$(find "$work/stage" -mindepth 1 -maxdepth 1 ! -name usr)" ] &&
        [ -f "$work/stage/usr/lib/some-triplet/libaigc.so.1" ] && [ -f "$work/stage/usr/include/aigc.hpp" ] &&
        ! grep -rlF "$work" "$work/stage/usr/include" "$work/stage/usr/lib/some-triplet/pkgconfig" \
            "$work/stage/usr/lib/some-triplet/cmake"
}

ok "into an empty prefix with a space in its name" "${install[@]}" --prefix "$place"
ok "cc x.c \$(pkg-config --cflags --libs aigc) builds and runs" with_pkg_config
ok "the header and the library have one version" \
    test "$(PKG_CONFIG_PATH="$place/lib/pkgconfig" pkg-config --modversion aigc)" = \
    "$(python3 "$root/Tests/tools/header.py" version)"
if need cmake cmake "find_package(aigc)"; then
    ok "find_package(aigc) works in a tree that was moved" moved_cmake
    ok "find_package(aigc) builds and runs, in C and C++" with_cmake "$place"
    ok "the CMake project's program makes an image" generates
fi
ok "debug symbols lie apart, by build-id" debug_file
ok "nothing of this machine is in the library" clean_library
ok "a newer release over it" newer
ok "leaves one library and its debug symbols" one_library
ok "uninstall removes it, though this tree has another version" bash "$root/bindings/c/install.sh" --prefix "$place" --uninstall
ok "and leaves the prefix as empty as it was" empty "$place"
ok "DESTDIR: nothing outside, and no trace of it inside" as_package
ok "DESTDIR: uninstall" bash "$root/bindings/c/install.sh" --prefix /usr --libdir lib/some-triplet \
    --destdir "$work/stage" --uninstall
ok "DESTDIR: no file is left" test -z "$(find "$work/stage" ! -type d)"
exit "$failed"
