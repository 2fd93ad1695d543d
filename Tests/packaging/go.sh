#!/usr/bin/env bash
# The Go package: formatted, vetted, tested against the sandbox, and used by a module of its own in both ways to find the
# library.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need go golang-go "the Go package" || exit 0
read_options
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local
export CGO_CFLAGS="-g -O2 -Wall -Werror"
package=$root/bindings/go

formatted() { [ -z "$(gofmt -l "$package" | tee /dev/stderr)" ]; }
vetted() { cd "$package" && go vet ./...; }
tested() { cd "$package" && go test -count=1 "$@" ./...; }
# A stranger's module: with a require line, and where the package lies.
module() {
    rm -rf "$work/stranger"
    mkdir -p "$work/stranger"
    cp "$package/example/generate/main.go" "$work/stranger"
    cd "$work/stranger"
    go mod init stranger && go mod edit -require=aigc@v1.0.0 -replace="aigc=$package" && go build -o generate "$@" .
}
with_libdir() {
    unset PKG_CONFIG_PATH LD_LIBRARY_PATH
    export AIGC_LIB_DIR=$prefix/lib
    export CGO_CFLAGS="-I$AIGC_LIB_DIR/../include" CGO_LDFLAGS="-L$AIGC_LIB_DIR -Wl,-rpath,$AIGC_LIB_DIR"
    (module -tags aigc_libdir) || return 1
    local said
    said=$("$work/stranger/generate" 2>&1) || true
    grep '^usage' <<<"$said" || { echo "$said"; return 1; }
}
generates() { # PROVIDER OPTION...
    local provider=$1
    shift
    rm -rf "$work/images"
    mkdir "$work/images"
    forget
    "$work/stranger/generate" "${options[@]}" "$@" "$provider" "a <special-token> cat from Go" "$work/images/cat" &&
        images_are "$provider" 1 "$work/images"
}

ok "gofmt" formatted
ok "go vet" vetted
ok "go test" tested
if race=$(cd "$package" && go test -race -count=1 -run XXX . 2>&1); then
    ok "go test -race" tested -race
else
    skip "go test -race" "no race detector here: $(tail -n 1 <<<"$race")"
fi
ok "a module of its own builds, through pkg-config" module
ok "and makes an image at Tencent" generates tencent
ok "and at Alibaba" generates alibaba -image https://example.com/reference.png
ok "Ctrl-C, SIGTERM and SIGHUP end it, with the token printed and the truth about money" \
    interrupted 1 "$work/stranger/generate" "${options[@]}" tencent "[never] a cat from Go" "$work/none"
ok "the same through AIGC_LIB_DIR" with_libdir
exit "$failed"
