#!/usr/bin/env bash
# The manual, rendered: built twice to the same bytes, installed into an empty prefix, read there (docs.py), removed.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need doxygen doxygen "the HTML pages" || exit 0
place="$work/a prefix"
built="$work/built here"

builds() {
    bash "$root/bindings/c/docs.sh" --to "$built" 2>"$work/warnings" || { cat "$work/warnings"; return 1; }
    ! grep . "$work/warnings"
}
again() {
    bash "$root/bindings/c/docs.sh" --to "$work/again" && diff -r "$built" "$work/again" && rm -r "$work/again"
}
# Not as the end of another path: a clone may be called /src.
no_path() { ! grep -rlP "(?<![\\w.-])\\Q$root\\E(?![\\w-])" "$built"; }
cp -a "$dist/." "$work/laid out"
installs() {
    ! bash "$root/bindings/c/install.sh" --from "$work/laid out" --prefix "$place" --docs 2>"$work/.said" || return 1
    grep -q 'run docs.sh first' "$work/.said" || return 1 # it says so when there are none
    cp -a "$built/share" "$work/laid out/"
    bash "$root/bindings/c/install.sh" --from "$work/laid out" --prefix "$place" --docs
}
# Over an older version's, beside another's: pages that are no more go, those of others stay.
over_an_older() {
    ln -s libaigc.so.1 "$place/share/man/man3/aigc_that_is_no_more.3"
    echo '.TH other 3' >"$place/share/man/man3/aigcother.3"
    bash "$root/bindings/c/install.sh" --from "$work/laid out" --prefix "$place" --docs
    [ ! -L "$place/share/man/man3/aigc_that_is_no_more.3" ] && rm "$place/share/man/man3/aigcother.3"
}
gone() {
    bash "$root/bindings/c/install.sh" --prefix "$place" --uninstall &&
        [ -z "$(find "$place" -mindepth 1 | tee /dev/stderr)" ]
}

# refused WORDS SED FILE: a copy of the project in which that file was spoiled like this is not rendered, and what is
# said has these words in it.
refused() {
    local tree=$work/spoiled said
    rm -rf "$tree"
    mkdir -p "$tree"
    cp -r "$root/include" "$root/README.md" "$tree/"
    (cd "$root" && git ls-files -z --cached --others --exclude-standard -- bindings | tar -c --null -T -) |
        tar -x -C "$tree"
    sed -i "$2" "$tree/$3"
    ! cmp -s "$tree/$3" "$root/$3" || { echo "nothing was spoiled"; return 1; }
    said=$(bash "$tree/bindings/c/docs.sh" --to "$tree/out" 2>&1) && { echo "it was rendered"; return 1; }
    grep "$1" <<<"$said" || { echo "$said"; return 1; }
}

ok "man pages and HTML are built, without a warning of Doxygen" builds
ok "a second time gives the same bytes" again
ok "and nothing of this machine is in them" no_path
ok "a function without a comment is refused" refused 'no comment' '/^\/\* Frees an event/d' include/aigc.h
ok "a constant without a comment is refused" \
    refused AIGC_STATE_PENDING 's|\(AIGC_STATE_PENDING = 3,\).*|\1|' include/aigc.h
ok "a name in the header that does not exist is refused" \
    refused aigc_job_bill 's/aigc_job_remote_id()/aigc_job_bill()/' include/aigc.h
ok "a link of the guide to a chapter that does not exist is refused" \
    refused 'readme-supported-platfarms' 's/#supported-platforms/#supported-platfarms/' bindings/guide/deployment.md
ok "installed into an empty prefix with --docs" installs
if command -v man >/dev/null; then
    python3 "$root/Tests/packaging/docs.py" man "$place/share/man" || failed=1
else
    skip "man pages" "there is no man here (Debian: man-db)"
fi
python3 "$root/Tests/packaging/docs.py" html "$place/share/doc/libaigc/html" || failed=1
"$python" "$root/Tests/packaging/site.py" "$place/share/doc/libaigc/html" || failed=1
ok "once more over an older version's" over_an_older
ok "uninstall leaves the prefix as empty as it was" gone
exit "$failed"
