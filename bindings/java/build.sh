#!/usr/bin/env bash
# Builds the binding with plain javac: classes, a jar, and its Javadoc where that is asked for. pom.xml is for Maven.
#
# usage: build.sh [--to FOLDER] [--javadoc]
#   --to FOLDER  where aigc.jar goes (default build beside this script)
#   --javadoc    also FOLDER/javadoc, where a warning is an error
#   JNA          jna.jar, 5.x (default Debian's, of libjna-java)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=$here/build
javadoc=no
while [ $# -gt 0 ]; do
    case $1 in
        --to) to=${2:?--to takes a folder}; shift 2 ;;
        --javadoc) javadoc=yes; shift ;;
        *) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
    esac
done
jna=${JNA:-/usr/share/java/jna.jar}
[ -f "$jna" ] || { echo "build.sh: there is no $jna (Debian: libjna-java); JNA names the file" >&2; exit 1; }
rm -rf "$to/classes" "$to/javadoc"
mkdir -p "$to/classes"
# Strings are joined inline: the other way costs the first use 20 ms.
javac --release 11 -Xlint:all -Werror -XDstringConcat=inline -cp "$jna" -d "$to/classes" \
    "$here"/src/main/java/aigc/*.java
jar --create --file "$to/aigc.jar" -C "$to/classes" .
[ "$javadoc" = no ] || javadoc -quiet -Xdoclint:all -Werror --release 11 -cp "$jna" -d "$to/javadoc" \
    "$here"/src/main/java/aigc/*.java
