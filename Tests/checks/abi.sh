#!/usr/bin/env bash
# The interface is what it was: nothing recorded in Tests/abi/ is gone or different, and what is new is listed.
#
# usage: abi.sh [LIBRARY]             compares; without a library only the header
#        abi.sh --record LIBRARY [--again]    records the header of now for its version (bindings/ABI.md says when)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
case ${1:-} in
    -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" ;;
    --record) exec python3 "$here/abi.py" record "${@:2}" ;;
    *) exec python3 "$here/abi.py" compare "$@" ;;
esac
