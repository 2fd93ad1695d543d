# shellcheck shell=bash
# What the scripts of this folder share: facts, and the library as a stranger finds it. run.sh sets the environment.
#
#   root     the project               prefix   an install of the library, made by bindings/c/install.sh
#   work     an empty folder           library  the built library, not stripped
#   python   a Python with the sandbox
# shellcheck disable=SC2034 # the scripts that source this use them

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
: "${AIGC_PACKAGING:?run this through Tests/packaging/run.sh --only NAME}"
prefix=$AIGC_PACKAGING/prefix dist=$AIGC_PACKAGING/dist library=$AIGC_LIBRARY python=${PYTHON?}
part=$(basename "$0" .sh)
work=$AIGC_PACKAGING/$part
rm -rf "$work"
mkdir -p "$work"
failed=0

# ok TEXT COMMAND...: one fact, true when the command succeeds; what it said is shown when it does not.
ok() {
    local text=$1 why
    shift
    if "$@" >"$work/.said" 2>&1 </dev/null; then
        echo "ok - $part: $text"
        return 0
    fi
    why=$(grep -m 1 . "$work/.said" | cut -c 1-200) || true # a command may end badly without a word
    echo "not ok - $part: $text: ${why:-${*: -1} ended badly without a word}"
    tail -n 40 "$work/.said" | sed 's/^/#   /'
    failed=1
}

# skip TEXT WHY: a fact that cannot be looked at here.
skip() { echo "ok - $part: $1 # SKIP $2"; }

# need COMMAND PACKAGE TEXT: true when the command is there; otherwise the fact is left out with a word on what is missing.
need() {
    command -v "$1" >/dev/null && return 0
    skip "$3" "there is no $1 here (Debian: $2)"
    return 1
}

# The sandbox's keys as options for the examples, in the array `options` (sandbox.py puts them into the environment).
read_options() {
    local line
    options=()
    while read -r line; do
        [ -z "$line" ] || options+=(-c "$line")
    done <<<"${AIGC_TEST_CONFIG:?this part runs inside sandbox.py}"
}

# images_are PROVIDER JOBS FOLDER [FIRST]: so many jobs were created since `forget`, and the images of each lie there, byte
# for byte as they were drawn, as NAME-REMOTEID-NUMBER.EXT with numbers from FIRST (1).
images_are() { "$python" "$root/Tests/packaging/images.py" "$@"; }
# interrupted JOBS COMMAND...: a program that submits so many jobs which never end tells of each of them when it is ended.
interrupted() { "$python" "$root/Tests/packaging/interrupt.py" "$@"; }
forget() { "$python" "$root/Tests/packaging/images.py" forget; }
