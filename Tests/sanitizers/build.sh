#!/usr/bin/env bash
# Builds the library and the fuzz program with AddressSanitizer, UndefinedBehaviorSanitizer (the C part) and coverage,
# into .build/sanitized. Prints nothing unless it fails. Everything that it needs is in the Swift toolchain.
#
# usage: build.sh PRODUCT...   (aigc, fuzz)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
resources=$(swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": *"\(.*\)".*/\1/p')
AIGC_FUZZER_RUNTIME=$(find "$resources/clang/lib/" -name "libclang_rt.fuzzer_no_main-$(uname -m).a" -o \
    -path "*/$(uname -m)-*" -name libclang_rt.fuzzer_no_main.a | head -n 1)
export AIGC_FUZZER_RUNTIME AIGC_SANITIZED=address
if [ -z "$AIGC_FUZZER_RUNTIME" ]; then
    echo "build.sh: this Swift toolchain has no libFuzzer under $resources" >&2
    exit 1
fi
for product in "$@"; do
    said=$(swift build -c release --scratch-path .build/sanitized --sanitize=address -Xswiftc -g \
        --product "$product" 2>&1) || { printf '%s\n' "$said" >&2; exit 1; }
done
