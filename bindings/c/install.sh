#!/usr/bin/env bash
# Installs headers, library, debug symbols, pkg-config and CMake files, with --docs the manual, or removes them again.
#
# usage: install.sh [--prefix P] [--destdir D] [--libdir L] [--from FOLDER] [--docs] [--uninstall]
#   --prefix P     where programs will find it (default /usr/local)
#   --destdir D    staging folder put before every path that is written, for packages
#   --libdir L     below the prefix, or absolute (default lib; Debian packages use lib/x86_64-linux-gnu)
#   --from FOLDER  what build.sh, and with --docs docs.sh, has laid out (default: they are run now)
#   --docs         man pages into share/man, HTML pages into share/doc/libaigc, if doxygen is there to make them
#   --uninstall    removes the files that an install to the same places wrote, of whatever version of this major
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
prefix=/usr/local destdir='' libdir=lib from='' docs=no uninstall=no

while [ $# -gt 0 ]; do
    case $1 in
        --prefix) prefix=${2:?--prefix needs a folder}; shift 2 ;;
        --destdir) destdir=${2?--destdir needs a folder}; shift 2 ;;
        --libdir) libdir=${2:?--libdir needs a folder}; shift 2 ;;
        --from) from=${2:?--from needs a folder}; shift 2 ;;
        --docs) docs=yes; shift ;;
        --uninstall) uninstall=yes; shift ;;
        -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "install.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
prefix=${prefix%/}
case $libdir in /*) ;; *) libdir=$prefix/$libdir ;; esac
includedir=$prefix/include mandir=$prefix/share/man docdir=$prefix/share/doc/libaigc

# Prints nothing for a file that is not there or has none.
build_id_of() { { readelf -n "$1" 2>/dev/null || true; } | sed -n 's/^ *Build ID: *\([0-9a-f]*\).*/\1/p'; }

# Removes the debug symbols of a library that goes.
remove_debug() {
    local id folder
    id=$(build_id_of "$1")
    [ -n "$id" ] || return 0
    rm -f "$destdir$libdir/debug/.build-id/${id:0:2}/${id:2}.debug"
    for folder in "debug/.build-id/${id:0:2}" debug/.build-id debug; do remove_empty "$libdir/$folder"; done
}
remove_empty() { rmdir --ignore-fail-on-non-empty "$destdir$1" 2>/dev/null || true; }

if [ "$uninstall" = no ] && [ -z "$from" ]; then
    bash "$here/build.sh" >&2
    from=$root/.build/dist
    if [ "$docs" = yes ]; then
        html=()
        command -v doxygen >/dev/null || { echo "install.sh: there is no doxygen: man pages only" >&2; html=(--man); }
        bash "$here/docs.sh" --to "$from" "${html[@]}" >&2
    fi
fi
header=${from:-$root}/include/aigc.h
[ -f "$header" ] || { echo "install.sh: there is no $header: run build.sh first" >&2; exit 1; }
part() { sed -n "s/^#define AIGC_VERSION_$1 \([0-9][0-9]*\)$/\1/p" "$header"; }
major=$(part MAJOR)
version=$major.$(part MINOR).$(part PATCH)
library=$destdir$libdir/libaigc.so.$version
shopt -s nullglob
installed=("$destdir$libdir/libaigc.so.$major".[0-9]*) # one, of any version
# The loader finds what lies in the system's folders through a cache.
refresh_loader() {
    [ -z "$destdir" ] && [ "$(id -u)" = 0 ] && command -v ldconfig >/dev/null || return 0
    case $libdir in /usr/lib | /usr/lib/* | /usr/local/lib | /usr/local/lib/*) ldconfig ;; esac
}

# Every man page begins with our prefix, so that those of another version are known too.
man_pages() {
    find "$1/man3" -maxdepth 1 \( -name 'aigc[_.]*3' -o -name 'AIGC_*.3' -o -name libaigc.3 \) "${@:2}" 2>/dev/null || true
    find "$1/man1" "$1/man7" -maxdepth 1 \( -name 'aigc.1' -o -name 'aigc-*.[17]' \) "${@:2}" 2>/dev/null || true
}
remove_docs() {
    local folder
    man_pages "$destdir$mandir" -delete
    rm -rf "$destdir$docdir/html"
    for folder in "$docdir" "$prefix/share/doc" "$mandir/man1" "$mandir/man3" "$mandir/man7" "$mandir" \
        "$prefix/share"; do
        case $folder in /usr/share* | /usr/local/share*) [ "$folder" = "$docdir" ] || continue ;; esac
        remove_empty "$folder"
    done
}

if [ "$uninstall" = yes ]; then # whatever version of this major was installed
    for old in "${installed[@]}"; do
        remove_debug "$old"
        rm -f "$old"
    done
    rm -f "$destdir$libdir/libaigc.so.$major" "$destdir$libdir/libaigc.so" "$destdir$includedir/aigc.h" \
        "$destdir$includedir/aigc.hpp" "$destdir$libdir/pkgconfig/aigc.pc" \
        "$destdir$libdir/cmake/aigc/aigcConfig.cmake" "$destdir$libdir/cmake/aigc/aigcConfigVersion.cmake"
    for folder in "$libdir/cmake/aigc" "$libdir/cmake" "$libdir/pkgconfig"; do remove_empty "$folder"; done
    remove_docs
    case $prefix in '' | /usr | /usr/local) ;; *) remove_empty "$libdir"; remove_empty "$includedir" ;; esac
    refresh_loader
    echo "removed libaigc $major from $destdir$prefix"
    exit 0
fi

built=$from/lib/libaigc.so.$version
[ -f "$built" ] || { echo "install.sh: there is no $built: run build.sh first" >&2; exit 1; }
if [ "$docs" = yes ] && [ ! -d "$from/share/man/man3" ]; then
    echo "install.sh: there is no $from/share/man: run docs.sh first" >&2
    exit 1
fi

# Fills in a template. The separator of sed's s command cannot stand in a path.
fill() {
    sed -e "s|@PREFIX@|$prefix|g" -e "s|@LIBDIR@|$libdir|g" -e "s|@INCLUDEDIR@|$includedir|g" \
        -e "s|@VERSION@|$version|g" -e "s|@MAJOR@|$major|g" \
        -e "s|@CMAKE_TO_INCLUDE@|$(realpath -m --relative-to="$libdir/cmake/aigc" "$includedir")|g" "$1" >"$2"
    chmod 0644 "$2"
}

install -d "$destdir$includedir" "$destdir$libdir/pkgconfig" "$destdir$libdir/cmake/aigc"
install -m 0644 "$header" "$destdir$includedir/aigc.h"
install -m 0644 "$from/include/aigc.hpp" "$destdir$includedir/aigc.hpp"
install -m 0755 "$built" "$library.new"
for old in "${installed[@]}"; do remove_debug "$old"; done
mv -f "$library.new" "$library" # at once: a program that has the old one loaded keeps it
ln -sfn "libaigc.so.$version" "$destdir$libdir/libaigc.so.$major"
for old in "${installed[@]}"; do [ "$old" = "$library" ] || rm -f "$old"; done
ln -sfn "libaigc.so.$major" "$destdir$libdir/libaigc.so"
build_id=$(build_id_of "$built")
if [ -n "$build_id" ] && [ -f "$from/lib/debug/.build-id/${build_id:0:2}/${build_id:2}.debug" ]; then
    install -d "$destdir$libdir/debug/.build-id/${build_id:0:2}"
    install -m 0644 "$from/lib/debug/.build-id/${build_id:0:2}/${build_id:2}.debug" \
        "$destdir$libdir/debug/.build-id/${build_id:0:2}/${build_id:2}.debug"
fi
fill "$here/aigc.pc.in" "$destdir$libdir/pkgconfig/aigc.pc"
sed -i '/^[a-z_]*=/s/ /\\ /g' "$destdir$libdir/pkgconfig/aigc.pc" # pkg-config wants spaces escaped
fill "$here/aigcConfig.cmake.in" "$destdir$libdir/cmake/aigc/aigcConfig.cmake"
fill "$here/aigcConfigVersion.cmake.in" "$destdir$libdir/cmake/aigc/aigcConfigVersion.cmake"
if [ "$docs" = yes ]; then
    remove_docs # those of an older version may have had pages that are no more
    for section in 1 3 7; do
        install -d "$destdir$mandir/man$section"
        cp -P "$from/share/man/man$section"/*."$section" "$destdir$mandir/man$section/" # most are links
    done
    if [ -d "$from/share/doc/libaigc/html" ]; then
        install -d "$destdir$docdir"
        cp -R "$from/share/doc/libaigc/html" "$destdir$docdir/html"
        chmod -R u=rwX,go=rX "$destdir$docdir/html"
    fi
    man_pages "$destdir$mandir" -type f -exec chmod 0644 {} +
fi
refresh_loader
echo "installed libaigc $version in $destdir$prefix"
