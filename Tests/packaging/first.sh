#!/usr/bin/env bash
# The first picture of a new user of each language: the lines of the guide's first-job.md, word for word, in an empty folder
# and an environment that holds next to nothing. How long each line took is told.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need go golang-go "first pictures" || exit 0
cargo --version >/dev/null 2>&1 || PATH=/usr/bin:$PATH
cargo --version >/dev/null 2>&1 || { skip "first pictures" "there is no cargo here that runs (Debian: cargo)"; exit 0; }
mkdir -p "$work/bin" "$work/place" "$work/home"
ln -s "$root/bindings" "$work/place/bindings"
printf '#!/bin/sh\nexec "%s" -m aigc "$@"\n' "$python" >"$work/bin/aigc"
ln -s "$python" "$work/bin/python3"
chmod +x "$work/bin/aigc"
sed -n '/^<!-- not run: Tests\/packaging\/first.sh/,/^```$/p' "$root/bindings/guide/first-job.md" | sed '/^<!--/d; /^```/d' \
    >"$work/lines"
{
    echo 'set -eu'
    # Each line, with its seconds. The first sets the environment of the others.
    while IFS= read -r line; do
        printf 'begin=$(date +%%s)\n%s >>../said 2>&1 || { echo "failed: %s" >&2; exit 1; }\n' "$line" "${line//[\"\$\`\\]/}"
        printf 'echo "$(($(date +%%s) - begin)) s: %s" >&2\n' "${line//[\"\$\`\\]/}"
    done <"$work/lines"
} >"$work/script"
sed -i 's#^\(eval .*\) >>\.\./said 2>&1 ||#\1 ||#' "$work/script"
lines_run() {
    [ "$(wc -l <"$work/lines")" = 7 ] || { echo "the lines were not understood"; return 1; }
    (cd "$work/place" && env -i PATH="$work/bin:$PATH" HOME="$work/home" LC_ALL=C.UTF-8 PYTHONPATH="$root/bindings/python/src" \
        AIGC_LIBRARY="$prefix/lib/libaigc.so.1" PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_LIBRARY_PATH="$prefix/lib" \
        RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" CARGO_HOME="${CARGO_HOME:-$HOME/.cargo}" \
        CARGO_TARGET_DIR="$AIGC_PACKAGING/cargo" GOCACHE="$AIGC_PACKAGING/go-cache" GOFLAGS=-mod=mod CARGO_NET_OFFLINE=true \
        timeout 500 bash "$work/script") 2>"$work/seconds" || { cat "$work/seconds" "$work/said"; return 1; }
}
pictures() {
    local name
    for name in command python c go rust; do
        grep -q . < <(find "$work/place" -maxdepth 1 -name "picture-$name*.png" -size +1k) ||
            { echo "no picture: $name"; return 1; }
    done
}
ok "the lines of first-job.md run" lines_run
sed 's/^/# /' "$work/seconds" 2>/dev/null || true
ok "and each language has made a picture" pictures
exit "$failed"
