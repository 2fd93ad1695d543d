#!/usr/bin/env bash
# Installs what the tests need, builds, and runs every test. The last line is "N passed, N failed" (", N skipped" if
# any); the exit status is 0 only when something ran and nothing failed.
#
# usage: run.sh [--quick] [--one-by-one] [--only STEP]... [--list]
#   --quick       the fast part: under five minutes once things are built
#   --one-by-one  never two steps at the same time
#   --only STEP   one step (again for more); what it needs is built first
#   --list        the steps
# Steps that compute and steps that mostly wait run side by side: two at a time, each with results of its own.
# What each step said lies in .build/test-logs/STEP.log.
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 1
# shellcheck source=bindings/c/prepare.sh
. "$root/bindings/c/prepare.sh"

steps=(build checks swift c install python ray faults journal packaging languages valgrind fuzz sanitizers quickstart)
# These wait for servers, clocks and dead processes nearly all of their time.
waiting=(c python ray faults journal)
declare -A limits=([build]=1800 [checks]=120 [swift]=1500 [c]=1200 [install]=120 [python]=2100 [ray]=900
    [faults]=1200 [journal]=1200 [packaging]=2000 [languages]=900 [valgrind]=1200
    [fuzz]=1200 [sanitizers]=1800 [quickstart]=600)
quick=no
lanes=2
chosen=()
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=yes; shift ;;
        --one-by-one) lanes=1; shift ;;
        --only)
            if [ -z "${2:-}" ] || [ -z "${limits[$2]:-}" ]; then
                echo "run.sh: --only takes one of: ${steps[*]}" >&2
                exit 2
            fi
            chosen+=("$2"); shift 2 ;;
        --list) printf '%s\n' "${steps[@]}"; exit 0 ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "run.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done

logs=$root/.build/test-logs
mkdir -p "$logs"
rm -f "$logs"/*.count "$logs"/*.report
passed=0 failed=0 skipped=0
planned=()
library=$root/.build/release/libaigc.so
python=$root/.venv/bin/python
# No account of this machine takes part in a test, and no proxy stands before the loopback.
unset "${!ALIBABA_CLOUD_@}" "${!TENCENTCLOUD_@}" http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY \
    AIGC_LIBRARY PYTHONPATH

# Steps. Each runs in a shell of its own, prints its results and keeps its exit status.
step_build() {
    if swift build -c release --product aigc; then echo "ok - release build"; else echo "not ok - release build"; fi
}
step_checks() { bash Tests/checks/all.sh "$library"; }
step_swift() { swift test 2>&1; }
step_c() { if [ "$quick" = yes ]; then bash Tests/c/run.sh --quick; else bash Tests/c/run.sh; fi; }
step_install() { bash Tests/c/install.sh; }
step_python() {
    local which=(-m "slow or not slow")
    # The sandbox is proved by the vendors' own programs, which take their time.
    [ "$quick" = no ] || which=(-m "not slow" --ignore bindings/python/tests/sandbox)
    AIGC_LIBRARY=$library "$python" -m pytest -q -p no:cacheprovider "${which[@]}" --ignore bindings/python/tests/ray \
        bindings/python/tests
}
step_ray() { AIGC_LIBRARY=$library bash Tests/ray/run.sh; }
step_faults() { bash Tests/faults/run.sh; }
step_journal() { bash Tests/journal/run.sh; }
step_packaging() { bash Tests/packaging/run.sh; }
step_languages() { bash Tests/packaging/run.sh --languages; }
step_valgrind() { bash Tests/c/run.sh --valgrind; }
step_fuzz() { bash Tests/fuzz/run.sh; }
step_sanitizers() {
    local status=0
    bash Tests/sanitizers/address.sh || status=1
    bash Tests/sanitizers/thread.sh || status=1
    return $status
}
step_quickstart() {
    local out="$root/.build/quick start" # with a space, as some home folders have
    rm -rf "$out"
    bash bindings/quickstart.sh --out "$out" || return 1
    local images
    images=$(find "$out" -type f | wc -l)
    if [ "$images" -ge 5 ]; then echo "ok - quickstart: $images files"; else echo "not ok - quickstart: $images files"; fi
}

# among NAME NAMES...: NAME is one of NAMES.
among() {
    local name=$1 other
    shift
    for other in "$@"; do [ "$other" = "$name" ] && return 0; done
    return 1
}

wanted() { [ ${#chosen[@]} -eq 0 ] || among "$1" "${chosen[@]}"; }

# run_step NAME: runs it within its limit, prints its results in one piece and leaves its counts in NAME.count.
run_step() {
    local name=$1 log=$logs/$1.log start=$SECONDS status
    export root quick library python
    export -f "step_$name"
    # timeout makes a process group of its own, and ends all of it.
    timeout -k 10 "${limits[$name]}" bash -uo pipefail -c "step_$name" >"$log" 2>&1 </dev/null &
    running=$!
    wait "$running"
    status=$?
    running=
    python3 Tests/tools/count.py "$log" "$status" >"$logs/$name.count"
    report "$name" "$status" $((SECONDS - start)) >"$logs/$name.report"
    cat "$logs/$name.report"
}

# report NAME STATUS SECONDS: the step's line, and where it failed what a reader needs to see.
report() {
    local name=$1 status=$2 log=$logs/$1.log p f s
    read -r p f s <"$logs/$name.count"
    printf '%-11s %5d good, %d bad, %d left out, %d s\n' "$name" "$p" "$f" "$s" "$3"
    [ "$f" = 0 ] && return
    [ "$status" = 124 ] && echo "  it ran longer than ${limits[$name]} s and was ended"
    grep -aE '^not ok|^✘ Test |^Test Case .* failed|^FAILED|^ERROR|^[^#].* error: ' "$log" | head -n 40 | sed 's/^/  /'
    echo "  the end of .build/test-logs/$name.log:"
    tail -n 25 "$log" | sed 's/^/  | /'
}

# run_lane STEP...: one step after the other. Who ends the lane ends the step that runs.
run_lane() {
    local step
    trap 'kill $running 2>/dev/null; exit 1' TERM
    for step in "$@"; do run_step "$step"; done
}

finish() {
    local step p f s
    for step in "${planned[@]}"; do
        # A step without a result counts as one that failed.
        read -r p f s 2>/dev/null <"$logs/$step.count" || { p=0 f=1 s=0 && echo "$step has no result"; }
        passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    done
    local line="$passed passed, $failed failed"
    [ "$skipped" = 0 ] || line="$line, $skipped skipped"
    echo "$line"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
    exit
}

: >"$logs/setup.log"
packages=(gcc g++ binutils pkg-config libcurl4-openssl-dev libssl-dev libjansson-dev python3 python3-venv openssl)
[ "$quick" = yes ] || packages+=(valgrind cmake shellcheck golang-go libuv1-dev libglib2.0-dev dpkg-dev abigail-tools
    doxygen man-db nginx-light)
if ! { need_swift && need_place "$root" && need_packages "$logs/setup.log" "${packages[@]}" &&
    need_venv "$root" "$logs/setup.log" -r bindings/python/tests/requirements.txt; }; then
    echo "The tests could not be set up; the end of .build/test-logs/setup.log:"
    tail -n 25 "$logs/setup.log" | sed 's/^/  | /'
    failed=1
    finish
fi
# A batch on many machines is tested where the server can be had.
[ "$quick" = yes ] || want_packages "$logs/setup.log" postgresql
# Completion is tried in the shells themselves, alerts and metrics by promtool, where these can be had.
[ "$quick" = yes ] || want_packages "$logs/setup.log" zsh fish prometheus
# A browser is large: its tests are left out, with a word, where it cannot be had.
[ "$quick" = yes ] || need_packages "$logs/setup.log" chromium chromium-driver || echo "There is no browser: see setup.log"
# A binding whose tool cannot be had is left out, with a word, by its test.
[ "$quick" = yes ] || want_packages "$logs/setup.log" php-cli ruby ruby-minitest nodejs libnode-dev node-typescript \
    openjdk-17-jdk-headless libjna-java mono-mcs mono-runtime

planned=(build)
running=
trap 'kill $running $(jobs -p) 2>/dev/null; wait; exit 130' INT TERM
run_step build
grep -q '^[0-9]* 0 ' "$logs/build.count" || finish
computing=()
lane=()
for step in "${steps[@]:1}"; do
    wanted "$step" || continue
    if [ "$quick" = yes ]; then
        case $step in ray | faults | journal | packaging | languages | valgrind | fuzz | sanitizers | quickstart) continue ;; esac
    fi
    planned+=("$step")
    if [ "$step" = checks ]; then
        run_step checks
    elif [ "$lanes" = 2 ] && among "$step" "${waiting[@]}"; then
        lane+=("$step")
    else
        computing+=("$step")
    fi
done
run_lane "${lane[@]}" &
run_lane "${computing[@]}" &
wait
finish
