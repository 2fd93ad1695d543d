#!/usr/bin/env bash
# Builds the Debian packages libaigc1, libaigc-dev, libaigc1-dbgsym, python3-aigc and aigc with the tools of dpkg-dev.
# Installs nothing, and gives the same bytes each time.
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

for package in "$library" libaigc-dev python3-aigc aigc; do
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
mkdir -p aigc/usr/share/man
mv docs/share/man/man1 aigc/usr/share/man/man1
mv docs/share/man libaigc-dev/usr/share/man
rm -r docs
compress() { # FOLDER
    local page
    for page in "$1"/*; do
        if [ -L "$page" ]; then
            ln -s "$(readlink "$page").gz" "$page.gz"
            rm "$page"
        else
            gzip -9n "$page"
        fi
    done
}
compress libaigc-dev/usr/share/man/man3
compress libaigc-dev/usr/share/man/man7
compress aigc/usr/share/man/man1

# The Python package, which finds the library by its soname, and the commands.
source=$root/bindings/python/src/aigc
modules=python3-aigc/usr/lib/python3/dist-packages
mkdir -p "$modules/libaigc-$version.dist-info"
(cd "$source/.." && find aigc -type f ! -path '*/__pycache__/*' ! -path 'aigc/_lib/*' -print0 | sort -z |
    tar --null -T - -cf -) | tar -C "$modules" -xf -
printf 'Metadata-Version: 2.1\nName: libaigc\nVersion: %s\n' "$version" >"$modules/libaigc-$version.dist-info/METADATA"
mkdir -p aigc/usr/bin
for pair in aigc:aigc.cli aigc-sandbox:aigc.sandbox.__main__; do
    printf '#!/usr/bin/python3\nimport sys\n\nfrom %s import main\n\nsys.exit(main())\n' "${pair#*:}" \
        >"aigc/usr/bin/${pair%%:*}"
done
completion() { # SHELL FILE
    mkdir -p "$(dirname "$2")"
    PYTHONPATH=$source/.. PYTHONDONTWRITEBYTECODE=1 python3 -c "import sys
from aigc._cli import completion, grammar, options
sys.stdout.write(completion.script('$1', grammar.commands(options.parser())))" >"$2"
}
completion bash aigc/usr/share/bash-completion/completions/aigc
completion zsh aigc/usr/share/zsh/vendor-completions/_aigc
completion fish aigc/usr/share/fish/vendor_completions.d/aigc.fish
find . -path ./debian -prune -o -path ./all -prune -o -type f -exec chmod 0644 {} +
chmod 0755 aigc/usr/bin/*
# Compiled where it is installed, by whichever Python is there, and cleaned before it goes.
# shellcheck disable=SC2016 # the maintainer scripts' own
printf '#!/bin/sh\nset -e\nif [ "$1" = configure ] && command -v py3compile >/dev/null; then py3compile -p python3-aigc; fi\n' \
    >python3-aigc/DEBIAN/postinst
# shellcheck disable=SC2016
printf '%s\n' '#!/bin/sh' 'set -e' 'if command -v py3clean >/dev/null; then py3clean -p python3-aigc; else' \
    '    find /usr/lib/python3/dist-packages/aigc -name __pycache__ -type d -prune -exec rm -rf {} + ; fi' \
    >python3-aigc/DEBIAN/prerm
chmod 0755 python3-aigc/DEBIAN/postinst python3-aigc/DEBIAN/prerm

# A symbol that is missing or not listed is an error (-c4): Tests/tools/generate.py writes the list.
dpkg-gensymbols -p"$library" "-P$library" "-Idebian/$library.symbols" "-O$library/DEBIAN/symbols" "-v$packaged" -c4
echo "libaigc $major $library (>= $major.$(part MINOR))" >"$library/DEBIAN/shlibs"
echo "activate-noawait ldconfig" >"$library/DEBIAN/triggers"
dpkg-shlibdeps "-Tdebian/$library.substvars" "-x$library" --ignore-missing-info "$library/$lib/libaigc.so.$version" \
    2>"$work/shlibdeps" || { cat "$work/shlibdeps" >&2; exit 1; }

pack() { # PACKAGE FOLDER [OPTION OF dpkg-gencontrol]...
    local package=$1 folder=$2 kind
    shift 2
    kind=$(sed -n "/^Package: $package\$/,/^\$/s/^Architecture: //p" debian/control)
    [ "$kind" = all ] || kind=$architecture
    mkdir -p "$folder/DEBIAN"
    (cd "$folder" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) >"$folder/DEBIAN/md5sums"
    dpkg-gencontrol "-p$package" -fdebian/files "-Tdebian/$package.substvars" "-P$folder" "-O$folder/DEBIAN/control" "$@" \
        2>"$work/gencontrol" || { cat "$work/gencontrol" >&2; exit 1; }
    find "$folder" -depth -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
    dpkg-deb --root-owner-group -Zxz --build "$folder" "$to/${folder}_${packaged}_$kind.deb" >/dev/null
    echo "$to/${folder}_${packaged}_$kind.deb"
}
pack "$library" "$library"
pack libaigc-dev libaigc-dev
pack python3-aigc python3-aigc "-Vaigc:Upstream=$major.$(part MINOR)"
pack aigc aigc
if [ -n "$symbols" ]; then
    pack "$library" "$symbols" "-DPackage=$symbols" -DSection=debug -DPriority=optional "-DDepends=$library (= $packaged)" \
        "-DDescription=debug symbols for $library" -DAuto-Built-Package=debug-symbols "-DBuild-Ids=$build_id" \
        -UMulti-Arch -URecommends
fi
