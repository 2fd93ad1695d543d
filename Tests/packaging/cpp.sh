#!/usr/bin/env bash
# The C++ layer: compiles without a warning with both compilers, as C++17 and newer, with and without exceptions, and its
# test program (layer.cpp) and its example run against the sandbox.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

read_options
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
flags=(-Wall -Wextra -Wshadow -pedantic -Werror -O1 -g)

build() { # COMPILER SOURCE TARGET FLAG...
    local compiler=$1 source=$2 target=$3 more
    shift 3
    more=$(pkg-config --cflags --libs aigc)
    eval "'$compiler' ${flags[*]} $* '$source' $more -pthread -o '$target'"
}
alone() { # the header, first and twice, is enough by itself
    printf '#include <aigc.hpp>\n#include <aigc.hpp>\nint main() { return 0; }\n' >"$work/alone.cpp"
    build "$1" "$work/alone.cpp" "$work/alone" "-std=$2"
}
# The facts of the test program are facts of this part.
run_layer() {
    mkdir -p "$work/images"
    "$1" "$2" "$work/images" || failed=1
}
# Two files of one program include it: nothing is defined twice.
two_files() {
    printf '#include <aigc.hpp>\nint other() { return aigc::Config::make().ok(); }\n' >"$work/other.cpp"
    printf '#include <aigc.hpp>\nint other();\nint main() { return other() && aigc::Config::make() ? 0 : 1; }\n' \
        >"$work/main.cpp"
    build "$1" "$work/other.cpp' '$work/main.cpp" "$work/two" -std=c++17 && "$work/two"
}
example() {
    build "$1" "$root/bindings/cpp/generate.cpp" "$work/generate" -std=c++17 || return 1
    mkdir -p "$work/example"
    forget
    "$work/generate" "${options[@]}" tencent "a cat in C++" "$work/example/cat" >"$work/files" || return 1
    [ "$(wc -l <"$work/files")" -gt 0 ] && xargs -d '\n' -a "$work/files" ls >/dev/null
}

any=no
for compiler in g++ clang++; do
    command -v "$compiler" >/dev/null || { skip "with $compiler" "there is no $compiler here"; continue; }
    any=yes
    for standard in c++17 c++20; do ok "$compiler $standard: the header compiles alone" alone "$compiler" $standard; done
    ok "$compiler: in two files of one program" two_files "$compiler"
    ok "$compiler: the test program builds" build "$compiler" "$root/Tests/packaging/layer.cpp" "$work/layer" -std=c++17
    run_layer "$work/layer" "$compiler"
done
[ $any = yes ] || exit 0
ok "g++ without exceptions: the test program builds" \
    build g++ "$root/Tests/packaging/layer.cpp" "$work/layer-bare" -std=c++17 -fno-exceptions -fno-rtti -DNO_EXCEPTIONS
run_layer "$work/layer-bare" bare
if build g++ "$root/Tests/packaging/layer.cpp" "$work/layer-asan" -std=c++20 -fsanitize=address,undefined 2>/dev/null; then
    run_layer "$work/layer-asan" sanitized
else
    skip "under the address sanitizer" "this g++ has no libasan"
fi
# The example on Ctrl-C and the like.
leaves() {
    interrupted 1 "$work/generate" "${options[@]}" tencent "[never] a cat in C++" "$work/none"
}
ok "the example makes an image" example g++
ok "Ctrl-C, SIGTERM and SIGHUP end it, with the token printed and the truth about money" leaves
exit "$failed"
