#!/usr/bin/env bash
# The library in the hands of people who did not build it: installed, packaged, in other loops and in other languages.
# Prints one line a fact: "ok - x", "not ok - x: why" or "ok - x # SKIP why". Nothing is installed on the system.
#
# usage: run.sh [--quick] [--only PART]... [--list]
#   --quick      without what builds the library again
#   --languages  the bindings of further languages, and nothing else
#   --only PART  one part (again for more)
#   AIGC_LIBRARY the library to test (default .build/release/libaigc.so)
#   PYTHON       a Python that has the sandbox (default .venv/bin/python)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
parts=(install docs guide first deploy python debian abi bindings loops cpp go rust reproducible)
# Run by the step languages of Tests/run.sh.
languages=(ruby php node java csharp tokens crowd)
sandboxed=' install python abi loops cpp go rust ruby php node java csharp tokens crowd '
long=' reproducible '
quick=no
chosen=()
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=yes; shift ;;
        --only)
            [ -f "$here/${2:-}.sh" ] || { echo "run.sh: --only takes one of: ${parts[*]}" >&2; exit 2; }
            chosen+=("$2"); shift 2 ;;
        --languages) chosen=("${languages[@]}"); shift ;;
        --list) printf '%s\n' "${parts[@]}" "${languages[@]}"; exit 0 ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "run.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${parts[@]}")

export AIGC_LIBRARY=${AIGC_LIBRARY:-$root/.build/release/libaigc.so} PYTHON=${PYTHON:-$root/.venv/bin/python}
export AIGC_PACKAGING=$root/.build/packaging
[ -f "$AIGC_LIBRARY" ] ||
    { echo "run.sh: there is no library at $AIGC_LIBRARY: swift build -c release --product aigc" >&2; exit 1; }
[ -x "$PYTHON" ] || { echo "run.sh: there is no $PYTHON: Tests/run.sh makes it" >&2; exit 1; }
# No account of this machine takes part in a test, and no proxy stands before the loopback.
unset "${!ALIBABA_CLOUD_@}" "${!TENCENTCLOUD_@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY \
    LD_LIBRARY_PATH PKG_CONFIG_PATH AIGC_LIB_DIR

rm -rf "$AIGC_PACKAGING/dist" "$AIGC_PACKAGING/prefix"
mkdir -p "$AIGC_PACKAGING"
bash "$root/bindings/c/build.sh" --from "$AIGC_LIBRARY" --to "$AIGC_PACKAGING/dist" >/dev/null
bash "$root/bindings/c/install.sh" --from "$AIGC_PACKAGING/dist" --prefix "$AIGC_PACKAGING/prefix" >/dev/null

failed=0
for part in "${chosen[@]}"; do
    if [ "$quick" = yes ] && [[ $long == *" $part "* ]]; then continue; fi
    command=(bash "$here/$part.sh")
    [[ $sandboxed != *" $part "* ]] || command=("$PYTHON" "$here/sandbox.py" "${command[@]}")
    status=0
    said=$("${command[@]}" 2>&1) || status=$?
    printf '%s\n' "$said"
    [ "$status" = 0 ] && continue
    failed=1
    grep -q '^not ok' <<<"$said" || echo "not ok - $part: ended with status $status"
done
exit "$failed"
