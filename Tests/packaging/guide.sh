#!/usr/bin/env bash
# Every code block of the guide and the READMEs runs, in the order of its page, against a sandbox (guide.py). A block that
# installs writes to /usr/local and the loader's cache: it meets an overlay over both, which ends with this script.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export AIGC_GUIDE_WORK=$work AIGC_GUIDE_PREFIX=$prefix
mkdir -p "$work/system" "$work/pages"
# shellcheck disable=SC2016 # the inner shell's
over='set -e
    mount -t tmpfs none "$1"
    for place in /usr/local /etc /var/cache; do
        mkdir -p "$1/upper$place" "$1/scratch$place"
        mount -t overlay overlay -o "lowerdir=$place,upperdir=$1/upper$place,workdir=$1/scratch$place" "$place"
    done
    shift
    exec "$@"'
if [ "$(id -u)" = 0 ] && unshare -m sh -c "$over" sh "$work/system" true 2>/dev/null; then
    AIGC_GUIDE_INSTALLS=yes exec unshare -m sh -c "$over" sh "$work/system" "$python" "$root/Tests/packaging/guide.py" "$@"
fi
exec "$python" "$root/Tests/packaging/guide.py" "$@"
