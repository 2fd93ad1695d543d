#!/usr/bin/env bash
# The wheel in every Python of this machine from 3.9 on: an empty environment, a PATH without Swift, and there whole
# jobs, pools of processes, the end of the interpreter (python.py).
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# One Python of each version, the newest of each: the system's, and those of pyenv where it is.
pythons() {
    local one
    for one in /usr/bin/python3.[0-9] /usr/bin/python3.[0-9][0-9] /usr/local/bin/python3.[0-9]* \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/*/bin/python3; do
        [ -x "$one" ] || continue
        "$one" -c 'import sys
if sys.version_info >= (3, 9): print("%d.%d %d" % sys.version_info[:3], sys.executable)' 2>/dev/null || true
    done | sort -t ' ' -k 1,1V -k 2,2n | awk '{ path = $0; sub(/^[^ ]+ [^ ]+ /, "", path); newest[$1] = path }
        END { for (version in newest) print version, newest[version] }' | sort -V
}

# Tools that a user has; no swift and nothing of the toolchain among them.
mkdir -p "$work/bin"
for tool in sh env cat uname ldconfig; do ln -s "$(command -v "$tool" || echo /sbin/$tool)" "$work/bin/$tool"; done
no_swift() { ! PATH=$work/bin command -v swift && ! readelf -d "$library" | grep -i 'NEEDED.*swift'; }
bare() { env -i PATH="$work/bin" HOME="$work" LC_ALL=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 "$@"; }

wheel() {
    AIGC_LIBRARY=$library PYTHON=$python bash "$root/bindings/python/wheel.sh" --to "$work/wheel" &&
        compgen -G "$work/wheel/libaigc-*-py3-none-manylinux_*.whl" &&
        "$python" -m zipfile -l "$work"/wheel/*.whl | grep "libaigc.libs/libjansson"
}
# Only the library's own dependencies are looked at: a Python may lack what venv needs.
environment() { # PYTHON FOLDER
    "$1" -m venv "$2" && "$2/bin/python" -m pip install -q --no-index --disable-pip-version-check "$work"/wheel/*.whl
}
says() { bare AIGC_TEST_CONFIG="$AIGC_TEST_CONFIG" "$1/bin/python" -W error "$root/Tests/packaging/python.py" "$2"; }

ok "there is no Swift on the PATH, and the library needs none" no_swift
ok "one wheel, for any Python 3, with the tag that auditwheel grants and jansson inside" wheel
ok "the package is Python 3.9 in every word" \
    "$python" "$root/Tests/packaging/python.py" words "$root/bindings/python/src/aigc"
count=0
while read -r version interpreter; do
    if ! "$interpreter" -c 'import venv, ensurepip, ctypes' 2>/dev/null; then
        skip "Python $version" "it has no venv or no ctypes (Debian: python3-venv)"
        continue
    fi
    place="$work/python $version"
    ok "Python $version: into an empty environment" environment "$interpreter" "$place"
    ok "Python $version: import takes less than 30 ms; no library, no thread, no socket, no process" says "$place" import
    ok "Python $version: a job, its image, the command line" says "$place" job
    ok "Python $version: asyncio" says "$place" asyncio
    ok "Python $version: a pool of processes by fork" says "$place" fork
    ok "Python $version: and by spawn" says "$place" spawn
    ok "Python $version: the interpreter ends with jobs running" says "$place" exit
    count=$((count + 1))
done < <(pythons)
ok "there was a Python to look at" test "$count" -gt 0
exit "$failed"
