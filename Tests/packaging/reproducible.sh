#!/usr/bin/env bash
# Two builds, from two copies of the tree in folders of different depth and name, give the same bytes; the first is made by
# the one command that the README names for installing.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

one="$work/one" two="$work/some where/deeper"
mkdir -p "$one" "$two"
for copy in "$one" "$two"; do
    (cd "$root" && git ls-files --cached --others --exclude-standard -z -- \
        Package.swift Sources include Tests bindings/c bindings/cpp |
        while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
        tar -c --null -T -) | tar -x -C "$copy"
done
# Another second, locale, time zone and home than the first time.
build() { env "${@:2}" bash "$1/bindings/c/build.sh" --to "$1/dist"; }
library_of() { readlink -f "$1/dist/lib/libaigc.so"; }
same() { sha256sum "$@" && cmp "$@"; }

installed() {
    env LC_ALL=C.UTF-8 TZ=UTC bash "$one/bindings/c/install.sh" --prefix "$work/prefix" && mv "$one/.build/dist" "$one/dist" &&
        cmp "$(library_of "$one")" "$work/prefix/lib/libaigc.so.1"
}
ok "a clean copy is built and installed by one command" installed
ok "the second copy builds, elsewhere" build "$two" LC_ALL=C TZ=Asia/Tokyo
ok "the stripped libraries have the same bytes" same "$(library_of "$one")" "$(library_of "$two")"
ok "so have those with all symbols" same "$one/.build/release/libaigc.so" "$two/.build/release/libaigc.so"
no_path() { [ -f "$one/.build/release/libaigc.so" ] && ! strings -a "$one/.build/release/libaigc.so" | grep -m 3 -F "$one"; }
# The compiler has given one loop over a list of texts two different codes: which file that was.
for object in "$one"/.build/release/*.build/*.o; do
    other=$two${object#"$one"}
    cmp -s "$object" "$other" || echo "# differs: ${object#"$one/.build/release/"}"
done
ok "no path of the build machine is inside" no_path
rm -rf "$one" "$two"
exit "$failed"
