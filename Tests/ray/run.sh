#!/usr/bin/env bash
# Runs aigc.ray on two nodes of Ray in this machine, with one worker and one node killed. Ray is installed from PyPI into
# .build/ray-venv, which takes the rest from .venv; where Ray cannot be had the test is left out, with a word.
#
# usage: run.sh [--long] [PYTEST ARGUMENT]...
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/Tests/ray
venv=$root/.build/ray-venv
log=$root/.build/ray-install.log
case ${1:-} in -h | --help) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;; esac

if [ ! -x "$root/.venv/bin/python" ]; then
    echo "not ok - ray: there is no .venv: Tests/run.sh makes it"
    exit 1
fi

# install: Ray beside what .venv has. The stamp says that it was done, for these versions and this place.
install() {
    local want
    want=$(cat "$here/requirements.txt" "$root/.venv/.prepared" | cksum)
    [ -x "$venv/bin/python" ] && [ "$(cat "$venv/.prepared" 2>/dev/null)" = "$want" ] && return 0
    rm -rf "$venv"
    "$root/.venv/bin/python" -m venv "$venv" || return 1
    local packages='import sysconfig; print(sysconfig.get_path("purelib"))' from to
    from=$("$root/.venv/bin/python" -c "$packages") && to=$("$venv/bin/python" -c "$packages") || return 1
    # addsitedir, and not a plain path: the bindings are in .venv by a .pth file too.
    echo "import site; site.addsitedir('$from')" >"$to/of-tests.pth"
    "$venv/bin/python" -m pip install --disable-pip-version-check -r "$here/requirements.txt" || return 1
    "$venv/bin/python" -c "import ray.data" || return 1
    echo "$want" >"$venv/.prepared"
}

start=$SECONDS
mkdir -p "$root/.build"
if install >"$log" 2>&1; then
    echo "# Ray is here after $((SECONDS - start)) s: $(du -sm "$venv" | cut -f 1) MB"
else
    echo "ok - ray on two nodes # SKIP Ray cannot be installed: see .build/ray-install.log"
    # What needs no Ray is tested all the same.
    exec "$root/.venv/bin/python" -m pytest -q -p no:cacheprovider "$@" "$root/bindings/python/tests/batch/test_batch_ray.py"
fi
exec "$venv/bin/python" -m pytest -q -p no:cacheprovider "$@" "$root/bindings/python/tests/ray"
