#!/usr/bin/env bash
# Builds the C programs with gcc and clang, and runs them on the real library against a sandbox (run.py).
#
# usage: run.sh [--quick | --long | --valgrind] [--only PROGRAM]...
#   AIGC_LIBRARY  the library to test (default .build/release/libaigc.so)
#   PYTHON        a Python that has the sandbox (default .venv/bin/python)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
library=${AIGC_LIBRARY:-$root/.build/release/libaigc.so}
python=${PYTHON:-$root/.venv/bin/python}
out=$root/.build/c-tests
[[ " $* " != *" --valgrind "* ]] || out=$root/.build/c-tests-valgrind # it runs beside the others

[ -f "$library" ] || { echo "run.sh: there is no library at $library: swift build -c release --product aigc" >&2; exit 1; }
[ -x "$python" ] || { echo "run.sh: there is no $python: Tests/run.sh makes it" >&2; exit 1; }

rm -rf "$out"
mkdir -p "$out/generated" "$out/full"
strip --strip-debug -o "$out/full/libaigc.so.1" "$library" # with names, for valgrind, which cannot read newer DWARF
bash "$root/bindings/c/build.sh" --from "$library" --to "$out/dist" >/dev/null
python3 "$root/Tests/tools/header.py" null-table >"$out/generated/null_table.inc"

flags=(-O1 -g -Wall -Wextra -pedantic -Werror -pthread "-I$out/dist/include" "-I$out/generated")
link=("-L$out/dist/lib" "-Wl,-rpath,$out/dist/lib" -laigc)
gcc -O1 -g -Wall -Wextra -Werror -fno-builtin -shared -fPIC "$here/preload/short_of_memory.c" -o "$out/short_of_memory.so"
gcc -O1 -g -Wall -Wextra -Werror -shared -fPIC "$here/preload/no_wipe.c" -o "$out/no_wipe.so"
gcc -O1 -g -Wall -Wextra -Werror -shared -fPIC "$here/preload/odd_system.c" -o "$out/odd_system.so" -ldl
for compiler in gcc clang; do
    command -v "$compiler" >/dev/null || continue
    mkdir -p "$out/$compiler"
    for source in "$root"/bindings/c/*.c; do # the examples: as a stranger would build them
        "$compiler" -std=c99 "${flags[@]}" "$source" "${link[@]}" -o "$out/$compiler/$(basename "$source" .c)"
    done
    for source in "$here"/*.c; do
        name=$(basename "$source" .c)
        case $name in
            support | tap) ;;
            load) "$compiler" -std=c99 -D_GNU_SOURCE "${flags[@]}" -rdynamic "$source" "$here/tap.c" -ldl \
                -o "$out/$compiler/$name" ;;
            *) "$compiler" -std=c99 -D_GNU_SOURCE "${flags[@]}" "$source" "$here/support.c" "$here/tap.c" "${link[@]}" -ldl \
                -o "$out/$compiler/$name" ;;
        esac
    done
done

exec "$python" "$here/run.py" --programs "$out" --library "$out/dist/lib/libaigc.so.1" "$@"
