#!/usr/bin/env bash
# Hosts that use a journal are killed, in C and in Python; the cloud's own counts say that no key was paid twice and that
# nothing was lost. Prints TAP lines; the exit status is 0 when all facts are as they should be.
#
# usage: run.sh [--long] [--only PROGRAM]...
#   --long          1,000 kills (also: AIGC_LONG=1)
#   --only PROGRAM  crash, stops or pairs (again for more)
#   AIGC_LIBRARY    the library to test (default .build/release/libaigc.so)
#   PYTHON          a Python that has the sandbox (default .venv/bin/python)
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
library=${AIGC_LIBRARY:-$root/.build/release/libaigc.so}
python=${PYTHON:-$root/.venv/bin/python}
out=$root/.build/journal-tests
long=${AIGC_LONG:-}
only=()
while [ $# -gt 0 ]; do
    case $1 in
        --long) long=1; shift ;;
        --only) only+=("${2:?--only needs a name}"); shift 2 ;;
        *) echo "run.sh: unknown argument: $1" >&2; exit 2 ;;
    esac
done

[ -f "$library" ] || { echo "run.sh: there is no library at $library: swift build -c release --product aigc" >&2; exit 1; }
[ -x "$python" ] || { echo "run.sh: there is no $python: Tests/run.sh makes it" >&2; exit 1; }
unset "${!ALIBABA_CLOUD_@}" "${!TENCENTCLOUD_@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

rm -rf "$out"
mkdir -p "$out"
bash "$root/bindings/c/build.sh" --from "$library" --to "$out/dist" >/dev/null || exit 1
# As it is installed: what runs is not what a later build overwrites.
export AIGC_LIBRARY=$out/dist/lib/libaigc.so.1
flags=(-O1 -g -Wall -Wextra -Werror "-I$out/dist/include")
link=("-L$out/dist/lib" "-Wl,-rpath,$out/dist/lib" -laigc)
gcc -std=c99 -D_GNU_SOURCE "${flags[@]}" "$here/driver.c" "${link[@]}" -o "$out/driver" || exit 1
gcc "${flags[@]}" -shared -fPIC "$here/stops.c" -o "$out/stops.so" -ldl || exit 1

failed=0
run_program() { # NAME SECONDS ARGUMENTS...
    local name=$1 word status
    if [ ${#only[@]} -gt 0 ]; then
        for word in "${only[@]}" ""; do [ "$word" = "$name" ] && break; done
        [ "$word" = "$name" ] || return
    fi
    timeout -k 10 "$2" "$python" "$here/$name.py" "${@:3}" </dev/null
    status=$?
    [ $status = 0 ] && return
    failed=1
    [ $status = 1 ] || echo "not ok - $name: exit status $status (124: it ran longer than $2 s)"
}
kills=200 limit=600
[ -z "$long" ] || { kills=1000 limit=3600; }
run_program crash "$limit" --kills "$kills"
run_program stops 900
run_program pairs 300
exit $failed
