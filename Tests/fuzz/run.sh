#!/usr/bin/env bash
# Feeds the parsers of foreign bytes: replays corpora and findings, or looks for more with libFuzzer. Prints one TAP
# line for each target; the exit status is 0 when nothing was found.
#
# usage: run.sh [--seconds N] [--keep] [--only TARGET]... [--list]
#   --seconds N    fuzz each target for N seconds; new inputs go to .build/fuzz/TARGET, what fails to .build/fuzz/found
#   --only TARGET  this one (again for more)
#   --list         the targets
#   --keep         after fuzzing, a small set of inputs that reaches the same code becomes the corpus in Tests/fuzz
# One input: AIGC_FUZZ_TARGET=TARGET .build/sanitized/release/fuzz FILE
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$root/.build/fuzz
program=$root/.build/sanitized/release/fuzz
seconds=0 keep=no list=no
only=()
while [ $# -gt 0 ]; do
    case $1 in
        --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
        --only) only+=("${2:?--only needs a target}"); shift 2 ;;
        --keep) keep=yes; shift ;;
        --list) list=yes; shift ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "run.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done

bash "$root/Tests/sanitizers/build.sh" fuzz || exit 1
# A trap is to end the program: the backtracer of Swift hangs under libFuzzer, and the sanitizer tells the same.
export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=abort_on_error=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
unset "${!ALIBABA_CLOUD_@}" "${!TENCENTCLOUD_@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
mapfile -t targets < <("$program" | awk '$1 != "self-test" { print $1 }')
if [ $list = yes ]; then printf '%s\n' "${targets[@]}"; exit 0; fi
for target in "${only[@]}"; do
    [[ " ${targets[*]} " == *" $target "* ]] || { echo "run.sh: there is no target $target (see --list)" >&2; exit 2; }
done
[ ${#only[@]} = 0 ] || targets=("${only[@]}")
failed=0
mkdir -p "$work/found"

# fuzz TARGET ARGUMENT...: what libFuzzer said is in $work/TARGET.log.
fuzz() { AIGC_FUZZ_TARGET=$1 timeout -k 10 $((seconds + 600)) "$program" "${@:2}" >"$work/$1.log" 2>&1 </dev/null; }

fact() {
    if [ "$1" = 0 ]; then
        echo "ok - $2"
    else
        echo "not ok - $2"
        grep -aE 'Fatal error|ERROR: |runtime error|SUMMARY|Test unit written' "$3" | head -n 8 | cut -c1-600 |
            sed 's/^/#   /'
        failed=1
    fi
}

limit() { "$program" | awk -v t="$1" '$1 == t { print $2 }'; }

# What the tool must find before its silence counts: a trap, a read beyond memory in the C part, and, by coverage alone,
# bytes that nobody told it.
self_test() {
    local word
    for word in overflow overread; do
        printf %s "$word" >"$work/planted"
        fuzz self-test "$work/planted"
        fact $(($? == 0)) "a planted $word is found" "$work/self-test.log"
    done
    fuzz self-test -runs=2000000 -max_len=16 -seed=1 -artifact_prefix="$work/planted-"
    { [ $? != 0 ] && grep -aq 'the planted bug' "$work/self-test.log"; }
    fact $? "bytes that lead to a bug are found by coverage" "$work/self-test.log"
    rm -f "$work"/planted*
}

replay() {
    local target=$1 status inputs reached folder folders=("$work/seeds/$1")
    for folder in "$here/corpus/$1" "$here/findings/$1"; do [ ! -d "$folder" ] || folders+=("$folder"); done
    fuzz "$target" -runs=0 -timeout=20 -artifact_prefix="$work/found/$target-" "${folders[@]}"
    status=$?
    inputs=$(find "${folders[@]}" -type f | wc -l)
    [ "$inputs" -gt 0 ] || status=1
    reached=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/$target.log" | tail -n 1)
    fact "$status" "$target: $inputs inputs, $reached edges" "$work/$target.log"
}

look() {
    local target=$1 status runs reached folders=("$work/$1" "$work/seeds/$1" "$here/corpus/$1")
    [ ! -d "$here/findings/$target" ] || folders+=("$here/findings/$target")
    mkdir -p "$work/$target" "$here/corpus/$target"
    fuzz "$target" -max_total_time="$seconds" -max_len="$(limit "$target")" -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$work/found/$target-" "${folders[@]}"
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$target.log")
    reached=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/$target.log" | tail -n 1)
    fact "$status" "$target: $runs runs, $reached edges" "$work/$target.log"
    [ $keep = yes ] && [ $status = 0 ] || return 0
    # By edges alone: counts of loops and comparisons would keep ten times as many files.
    rm -rf "$work/kept" && mkdir -p "$work/kept"
    fuzz "$target" -set_cover_merge=1 -use_counters=0 -use_cmp=0 -max_len=8192 "$work/kept" "$here/corpus/$target" \
        "$work/seeds/$target" "$work/$target" && rm -rf "$here/corpus/$target" && mv "$work/kept" "$here/corpus/$target"
}

[ ${#only[@]} -gt 0 ] || self_test
python3 "$here/seeds.py" "$work/seeds" || exit 1
if [ "$seconds" = 0 ]; then
    for target in "${targets[@]}"; do replay "$target"; done
else
    for target in "${targets[@]}"; do look "$target"; done
fi
exit $failed
