#!/usr/bin/env bash
# The C programs of Tests/c on a library that is built with AddressSanitizer and, in its C part,
# UndefinedBehaviorSanitizer. The programs are instrumented too, and what they and the library leave unfreed is a
# failure. Prints TAP lines.
#
# usage: address.sh [--only PROGRAM]...
#   PYTHON  a Python that has the sandbox (default .venv/bin/python)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-$root/.venv/bin/python}
out=$root/.build/c-sanitized

bash "$here/build.sh" aigc
rm -rf "$out"
mkdir -p "$out/asan" "$out/generated" "$out/lib"
# Under the name that programs ask for; under its own it would be found by chance.
cp "$root/.build/sanitized/release/libaigc.so" "$out/lib/libaigc.so.1"
ln -s libaigc.so.1 "$out/lib/libaigc.so"
python3 "$root/Tests/tools/header.py" null-table >"$out/generated/null_table.inc"
# gold cannot link a sanitizer's runtime; that of the Swift toolchain belongs to its clang.
clang=$(dirname "$(command -v swiftc)")/clang
[ -x "$clang" ] || clang=clang
build=("$clang" -std=c99 -D_GNU_SOURCE -O1 -g -pthread "-fsanitize=address,undefined" -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer -fuse-ld=lld -Wno-unused-command-line-argument "-I$root/include" "-I$out/generated")
link=("-L$out/lib" "-Wl,-rpath,$out/lib" -laigc)
for source in "$root"/bindings/c/*.c; do
    "${build[@]}" "$source" "${link[@]}" -o "$out/asan/$(basename "$source" .c)"
done
for source in "$root"/Tests/c/*.c; do
    name=$(basename "$source" .c)
    case $name in
        support | tap | load) ;;
        *) "${build[@]}" "$source" "$root/Tests/c/support.c" "$root/Tests/c/tap.c" "${link[@]}" -o "$out/asan/$name" ;;
    esac
done

# A finding ends the program with a status that the runner takes for a failure, whatever the program itself says.
export ASAN_OPTIONS=exitcode=99:detect_stack_use_after_return=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
exec "$python" "$root/Tests/c/run.py" --programs "$out" --library "$out/lib/libaigc.so.1" --sanitized "$@"
