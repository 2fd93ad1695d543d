#!/usr/bin/env bash
# Renders the manual, include/aigc.h, and the guide: man pages, and HTML pages by Doxygen. Installs nothing.
#
#   TO/share/man/man3/aigc_client_submit.3 ...     each function, constant, type and macro: a page or a link to one
#   TO/share/man/man7/aigc-operations.7 ...        the guide's reference pages
#   TO/share/man/man1/aigc.1 ...                   the command "aigc" of the Python package, a page a command
#   TO/share/doc/libaigc/html/index.html ...       and libaigc.tag, with which other Doxygen pages can link to these
#
# usage: docs.sh [--to FOLDER] [--man]
#   --to FOLDER  where to (default: .build/dist of the project, where build.sh lays out the rest)
#   --man        only the man pages, which need Python and nothing else
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
to=$root/.build/dist
html=yes
while [ $# -gt 0 ]; do
    case $1 in
        --to) to=${2:?--to needs a folder}; shift 2 ;;
        --man) html=no; shift ;;
        -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "docs.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done
mkdir -p "$to"
to=$(cd "$to" && pwd)
header=$root/include/aigc.h
part() { sed -n "s/^#define AIGC_VERSION_$1 \([0-9][0-9]*\)$/\1/p" "$header"; }
version=$(part MAJOR).$(part MINOR).$(part PATCH)
export PYTHONDONTWRITEBYTECODE=1 # nothing is left in the source

mkdir -p "$to/share/man/man3"
find "$to/share/man/man3" -maxdepth 1 \( -name 'aigc[_.]*3' -o -name 'AIGC_*.3' -o -name libaigc.3 \) \
    -delete # others' stay
python3 "$here/docs/man.py" "$header" "$to/share/man/man3"
mkdir -p "$to/share/man/man1" "$to/share/man/man7"
find "$to/share/man/man1" "$to/share/man/man7" -maxdepth 1 \( -name 'aigc.1' -o -name 'aigc-*.[17]' \) -delete
python3 "$here/docs/guide_man.py" "$version" "$to/share/man/man7"
PYTHONPATH=$root/bindings/python/src python3 -m aigc._cli.manual "$to/share/man/man1" "$version"
echo "$to/share/man"
[ "$html" = yes ] || exit 0

command -v doxygen >/dev/null || { echo "docs.sh: there is no doxygen: install it, or take --man" >&2; exit 1; }
work=$(mktemp -d "$to/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
python3 "$here/docs/pages.py" "$header" "$work/in"
{
    cat "$here/docs/Doxyfile"
    printf '%s = "%s"\n' PROJECT_NUMBER "$version" INPUT "$work/in" OUTPUT_DIRECTORY "$work" \
        GENERATE_TAGFILE "$work/html/libaigc.tag" LAYOUT_FILE "$here/docs/layout.xml" \
        HTML_EXTRA_STYLESHEET "$here/docs/pages.css" IMAGE_PATH "$root/bindings/guide/pictures"
    for picture in "$root"/bindings/guide/*.svg; do printf 'HTML_EXTRA_FILES += "%s"\n' "$picture"; done
    for folder in c c/loops cpp python/examples; do printf 'EXAMPLE_PATH += "%s"\n' "$root/bindings/$folder"; done
} >"$work/Doxyfile"
# A warning is an error: something has no comment, or a reference leads nowhere.
(cd "$work" && doxygen Doxyfile) >&2
rm -rf "$to/share/doc/libaigc/html"
mkdir -p "$to/share/doc/libaigc"
mv "$work/html" "$to/share/doc/libaigc/html"
echo "$to/share/doc/libaigc/html/index.html"
