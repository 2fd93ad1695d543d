#!/usr/bin/env bash
# Builds the binding with mono's compiler: Aigc.dll and its documentation. Aigc.csproj is for dotnet.
#
# usage: build.sh [--to FOLDER]     (default build beside this script)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=$here/build
case ${1:-} in
    --to) to=${2:?--to takes a folder} ;;
    '') ;;
    *) sed -n '2,4s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac
mkdir -p "$to"
mcs -langversion:7 -target:library -warn:4 -warnaserror -doc:"$to/Aigc.xml" -out:"$to/Aigc.dll" "$here"/src/*.cs
