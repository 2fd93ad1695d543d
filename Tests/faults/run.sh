#!/usr/bin/env bash
# Proves on the real library, through a proxy that misbehaves, that a job is never paid twice, never lost, and that no
# wrong file is handed over. Prints TAP lines; the exit status is 0 when all facts are as they should be.
#
# usage: run.sh [--full] [--only PROGRAM]... [-- ARGUMENTS OF THE PROGRAMS]
#   --full          50 repetitions of the matrix and the long form of the proofs (also: AIGC_LONG=1)
#   --only PROGRAM  matrix, journal (the same with a journal), or a proof by its name without "proof_" (again for more)
#   AIGC_LIBRARY    the library to test (default .build/release/libaigc.so)
#   PYTHON          a Python that has the sandbox (default .venv/bin/python)
# One case of the matrix: run.sh --only matrix -- --case "submit tencent https reused reset_0" --repeats 10
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
export AIGC_LIBRARY=${AIGC_LIBRARY:-$root/.build/release/libaigc.so}
python=${PYTHON:-$root/.venv/bin/python}
full=${AIGC_LONG:-}
only=()
while [ $# -gt 0 ]; do
    case $1 in
        --full) full=1; shift ;;
        --only) only+=("${2:?--only needs a name}"); shift 2 ;;
        --) shift; break ;;
        *) echo "run.sh: unknown argument: $1" >&2; exit 2 ;;
    esac
done

if [ ! -f "$AIGC_LIBRARY" ]; then
    echo "run.sh: there is no library at $AIGC_LIBRARY: swift build -c release --product aigc" >&2
    exit 1
fi
[ -x "$python" ] || { echo "run.sh: there is no $python: Tests/run.sh makes it" >&2; exit 1; }
unset "${!ALIBABA_CLOUD_@}" "${!TENCENTCLOUD_@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY

failed=0
# run_program FILE SECONDS: its exit status counts, and so does running too long.
run_program() {
    local name=${1##*/} status
    name=${name%.py}
    timeout -k 10 "$2" "$python" "$1" "${@:3}" </dev/null
    status=$?
    [ $status = 0 ] && return
    failed=1
    [ $status = 1 ] || echo "not ok - $name: exit status $status (124: it ran longer than $2 s)"
}

wanted() {
    local name
    [ ${#only[@]} -gt 0 ] || return 0
    for name in "${only[@]}"; do [ "$name" = "$1" ] && return 0; done
    return 1
}

export AIGC_LONG=$full
repeats=2 limit=400
[ -z "$full" ] || { repeats=50 limit=7200; }
if wanted matrix; then run_program "$here/matrix.py" "$limit" --repeats "$repeats" "$@"; fi
if wanted journal; then run_program "$here/matrix.py" "$limit" --journal --repeats "$repeats" "$@"; fi
for proof in "$here"/proof_*.py; do
    name=${proof##*/proof_}
    if wanted "${name%.py}"; then run_program "$proof" "$limit" "$@"; fi
done
exit $failed
