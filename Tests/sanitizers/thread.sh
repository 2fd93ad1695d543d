#!/usr/bin/env bash
# The tests of the engine and of the transport under ThreadSanitizer. Swift and the C part are instrumented, libcurl is
# not: it is used by one thread at a time. Prints what swift test prints.
#
# usage: thread.sh [--all]
#   --all  all Swift tests instead of those two targets
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
which=(--filter '^(EngineTests|CurlTransportTests)\.')
[ "${1:-}" != --all ] || which=()
# They hold limits of wall time, which instrumented code on a busy machine does not keep.
which+=(--skip '^CurlTransportTests\.TimeTests' --skip testTenThousandWaitingDownloads)
export AIGC_SANITIZED=thread
build=(--sanitize=thread --scratch-path .build/thread)
said=$(swift build --build-tests "${build[@]}" 2>&1) || { printf '%s\n' "$said"; exit 1; }
# All reports are wanted; one of them makes the exit status 66.
export TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1
swift test --skip-build "${build[@]}" "${which[@]}" 2>&1
