#!/usr/bin/env bash
# Builds the Debian packages libaigc1, libaigc-dev and libaigc1-dbgsym with the tools of dpkg-dev. Installs nothing, and
# gives the same bytes each time.
#
# usage: build.sh [--from FOLDER] [--to FOLDER]
#   --from FOLDER  what bindings/c/build.sh has laid out (default: it is run now)
#   --to FOLDER    where the .deb files go (default .build/debian of the project)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
from='' to=$root/.build/debian
while [ $# -gt 0 ]; do
    case $1 in
        --from) from=$(cd "${2:?--from needs a folder}" && pwd); shift 2 ;;
        --to) to=${2:?--to needs a folder}; shift 2 ;;
        -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "build.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done
for tool in dpkg-deb dpkg-shlibdeps dpkg-gensymbols dpkg-gencontrol dpkg-architecture; do
    command -v $tool >/dev/null || { echo "build.sh: there is no $tool: install dpkg-dev" >&2; exit 1; }
done
if [ -z "$from" ]; then
    bash "$root/bindings/c/build.sh" >&2
    from=$root/.build/dist
fi

part() { sed -n "s/^#define AIGC_VERSION_$1 \([0-9][0-9]*\)$/\1/p" "$from/include/aigc.h"; }
major=$(part MAJOR)
version=$major.$(part MINOR).$(part PATCH)
packaged=$(dpkg-parsechangelog -l "$here/changelog" -S Version)
if [ "${packaged%%-*}" != "$version" ]; then
    echo "build.sh: the header is version $version, bindings/debian/changelog $packaged: write an entry for it" >&2
    exit 1
fi
SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$here/changelog" -S Timestamp)
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8
triplet=$(dpkg-architecture -q DEB_HOST_MULTIARCH)
architecture=$(dpkg-architecture -q DEB_HOST_ARCH)
library=libaigc$major

mkdir -p "$to"
work=$(mktemp -d "$to/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022
mkdir "$work/debian" # where the tools look
cp "$here/control" "$here/changelog" "$here/$library.symbols" "$work/debian"
cd "$work"

# Everything as bindings/c/install.sh lays it out, then each file into its package.
bash "$root/bindings/c/install.sh" --from "$from" --prefix /usr --libdir "lib/$triplet" --destdir "$work/all" >/dev/null
lib=usr/lib/$triplet
move() { # PACKAGE PATH [NEW PATH]
    mkdir -p "$1/$(dirname "${3:-$2}")"
    mv "all/$2" "$1/${3:-$2}"
}
move "$library" "$lib/libaigc.so.$version"
move "$library" "$lib/libaigc.so.$major"
move libaigc-dev "$lib/libaigc.so"
move libaigc-dev "$lib/pkgconfig"
move libaigc-dev "$lib/cmake"
move libaigc-dev usr/include
chmod 0644 "$library/$lib/libaigc.so.$version"
build_id=$(readelf -n "$library/$lib/libaigc.so.$version" | sed -n 's/^ *Build ID: *\([0-9a-f]*\).*/\1/p')
symbols=''
if [ -d "all/$lib/debug" ]; then
    symbols=$library-dbgsym
    move "$symbols" "$lib/debug" usr/lib/debug
    mkdir -p "$symbols/usr/share/doc"
    ln -s "$library" "$symbols/usr/share/doc/$symbols" # its copyright is that of the library
fi
left=$(find all ! -type d)
[ -z "$left" ] || { echo "build.sh: files without a package: $left" >&2; exit 1; }

for package in "$library" libaigc-dev; do
    doc=$package/usr/share/doc/$package
    mkdir -p "$doc" "$package/DEBIAN"
    cp "$here/copyright" "$doc/copyright"
    gzip -9n <"$here/changelog" >"$doc/changelog.gz"
done
mkdir -p "libaigc-dev/usr/share/doc/libaigc-dev/examples"
cp "$root"/bindings/c/*.c "$root"/bindings/c/loops/*.c "$root/bindings/cpp/generate.cpp" \
    libaigc-dev/usr/share/doc/libaigc-dev/examples
cp "$root/bindings/ABI.md" libaigc-dev/usr/share/doc/libaigc-dev/
# A page is compressed, and a link then leads to the compressed one.
mkdir -p libaigc-dev/usr/share
bash "$root/bindings/c/docs.sh" --man --to "$work/docs" >/dev/null
mv docs/share/man libaigc-dev/usr/share/man
rm -r docs
(
    cd libaigc-dev/usr/share/man/man3
    for page in *; do
        if [ -L "$page" ]; then
            ln -s "$(readlink "$page").gz" "$page.gz"
            rm "$page"
        else
            gzip -9n "$page"
        fi
    done
)
find . -path ./debian -prune -o -path ./all -prune -o -type f -exec chmod 0644 {} +

# A symbol that is missing or not listed is an error (-c4): Tests/checks/abi.py symbols makes the list.
dpkg-gensymbols -p"$library" "-P$library" "-Idebian/$library.symbols" "-O$library/DEBIAN/symbols" "-v$packaged" -c4
echo "libaigc $major $library (>= $major.$(part MINOR))" >"$library/DEBIAN/shlibs"
echo "activate-noawait ldconfig" >"$library/DEBIAN/triggers"
dpkg-shlibdeps "-Tdebian/$library.substvars" "-x$library" --ignore-missing-info "$library/$lib/libaigc.so.$version" \
    2>"$work/shlibdeps" || { cat "$work/shlibdeps" >&2; exit 1; }

pack() { # PACKAGE FOLDER [OPTION OF dpkg-gencontrol]...
    local package=$1 folder=$2
    shift 2
    mkdir -p "$folder/DEBIAN"
    (cd "$folder" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$folder/DEBIAN/md5sums"
    dpkg-gencontrol "-p$package" -fdebian/files "-Tdebian/$package.substvars" "-P$folder" "-O$folder/DEBIAN/control" "$@" \
        2>"$work/gencontrol" || { cat "$work/gencontrol" >&2; exit 1; }
    find "$folder" -depth -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --build "$folder" "$to/${folder}_${packaged}_$architecture.deb" >/dev/null
    echo "$to/${folder}_${packaged}_$architecture.deb"
}
pack "$library" "$library"
pack libaigc-dev libaigc-dev
if [ -n "$symbols" ]; then
    pack "$library" "$symbols" "-DPackage=$symbols" -DSection=debug -DPriority=optional "-DDepends=$library (= $packaged)" \
        "-DDescription=debug symbols for $library" -DAuto-Built-Package=debug-symbols "-DBuild-Ids=$build_id" \
        -UMulti-Arch -URecommends
fi
