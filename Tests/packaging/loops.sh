#!/usr/bin/env bash
# The examples for event loops: under 120 lines each, built as their first lines say, run against the sandbox.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

read_options
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
jobs=12

short() { [ "$(wc -l <"$1")" -lt 120 ]; }
build() { # SOURCE PACKAGE...
    local source=$1 flags
    shift
    flags=$(pkg-config --cflags --libs aigc "$@")
    eval "cc -std=gnu11 -Wall -Wextra -Werror '$source' $flags -o '$work/$(basename "$source" .c)'"
}
# run NAME FIRST COMMAND...: makes its images, numbered from FIRST, into an empty folder of its own.
run() {
    local name=$1 first=$2
    shift 2
    forget
    rm -rf "${work:?}/$name-images"
    mkdir "$work/$name-images"
    timeout 60 "$@" && images_are tencent "$jobs" "$work/$name-images" "$first"
}
# fails COMMAND...: a failed job is reported, and the exit status is 1.
fails() {
    local status=0
    timeout 60 "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = 1 ] && grep -q AIGC_E_JOB_FAILED "$work/err"
}

# loop NAME SOURCE [PACKAGE]...
loop() {
    local name=$1 source=$2
    shift 2
    ok "$name: under 120 lines" short "$source"
    if [ $# -gt 0 ] && ! pkg-config --exists "$@"; then
        skip "$name" "there is no $* here (Debian: libuv1-dev, libglib2.0-dev)"
        return
    fi
    ok "$name: builds without a warning" build "$source" "$@"
    local program cloud=()
    program=$work/$(basename "$source" .c)
    [ "$name" != epoll ] || cloud=(tencent)
    ok "$name: $jobs jobs, their images byte for byte" \
        run "$name" 1 "$program" "${options[@]}" "${cloud[@]}" "$jobs" "a cat for $name" "$work/$name-images/$name"
    ok "$name: tells of a job that fails" \
        fails "$program" "${options[@]}" "${cloud[@]}" 1 "[fail] a cat for $name" "$work/none"
    ok "$name: Ctrl-C, SIGTERM and SIGHUP end it, with every token and the truth about money" \
        interrupted 3 "$program" "${options[@]}" "${cloud[@]}" 3 "[never] a cat for $name" "$work/none"
}
loop epoll "$root/bindings/c/epoll.c"
loop libuv "$root/bindings/c/loops/uv.c" libuv
loop glib "$root/bindings/c/loops/glib.c" glib-2.0

example=$root/bindings/python/examples/asyncio_jobs.py
export AIGC_LIBRARY=$prefix/lib/libaigc.so.1
ok "asyncio: under 120 lines" short "$example"
ok "asyncio: $jobs jobs, their images byte for byte" \
    run asyncio 0 "$python" "$example" "${options[@]}" "$jobs" "a cat for asyncio" "$work/asyncio-images"
ok "asyncio: tells of a job that fails" \
    fails "$python" "$example" "${options[@]}" 1 "[fail] a cat for asyncio" "$work/none"
ok "asyncio: Ctrl-C, SIGTERM and SIGHUP end it, with every token and the truth about money" \
    interrupted 3 "$python" "$example" "${options[@]}" 3 "[never] a cat for asyncio" "$work/none"

# The blocking examples. Tests/c runs them otherwise.
for name in generate train; do
    ok "$name: builds without a warning" build "$root/bindings/c/$name.c"
done
ok "generate: Ctrl-C, SIGTERM and SIGHUP end it, with the truth about money" \
    interrupted 1 "$work/generate" "${options[@]}" tencent "[never] a cat" "$work/none"
ok "train: Ctrl-C, SIGTERM and SIGHUP end it, with the truth about money" \
    interrupted --operation Personalizedtxt2imgAddModelTrainJob 1 \
    "$work/train" "${options[@]}" "[never] Ada" girl "a <special-token>" "$work/none" https://example.com/1.png
exit "$failed"
