#!/usr/bin/env bash
# Builds the addon with cc alone: no package of a registry, no node-gyp.
#
# usage: build.sh [--to FILE]
#   --to FILE     where the addon goes (default build/aigc.node beside this script, where index.js looks)
#   NODE_INCLUDE  the folder with node_api.h and uv.h, if they lie elsewhere
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to=$here/build/aigc.node
case ${1:-} in
    --to) to=${2:?--to takes a file} ;;
    '') ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2 ;;
esac

# A Node.js from nodejs.org and its packages bring their headers; Debian's are those of libnode-dev.
places=("${NODE_INCLUDE:-}")
if command -v node >/dev/null; then places+=("$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")/include/node"); fi
places+=(/usr/include/node /usr/include/nodejs/src)
for place in "${places[@]}"; do
    [ -n "$place" ] && [ -f "$place/node_api.h" ] && break
    place=
done
if [ -z "$place" ]; then
    echo "build.sh: there is no node_api.h (Debian: libnode-dev); NODE_INCLUDE names its folder" >&2
    exit 1
fi
mkdir -p "$(dirname "$to")"
# nodelete: a thread that frees a client may outlive the environment that loaded the addon.
"${CC:-cc}" -std=gnu11 -O2 -fPIC -shared -Wall -Wextra -Werror -DNODE_GYP_MODULE_NAME=aigc -DNAPI_VERSION=8 \
    -I"$here/../../include" -I"$here" -isystem "$place" "$here/aigc.c" -o "$to" -Wl,-z,nodelete -ldl -lpthread
