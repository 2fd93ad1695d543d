#!/usr/bin/env bash
# From a fresh checkout to images: installs what is missing, builds the library, and has images made on both clouds, once
# from the C program bindings/c/generate.c and once from the Python command "aigc". The clouds are played by a sandbox on
# this machine, unless --live is given.
#
# usage: quickstart.sh [--out FOLDER] [--prompt TEXT] [--live [--yes] [--model NAME | --image URL]]
#   --out FOLDER   where the images go (default ./aigc-images)
#   --prompt TEXT  what to draw; for Alibaba <special-token> in it stands for the subject of model or picture
#   --live         the real clouds, with the credentials of the environment. THIS COSTS MONEY: it asks first
#   --yes          with --live: does not ask
#   --model NAME   with --live: a model you have trained at Alibaba
#   --image URL    with --live: a reference picture for Alibaba, publicly reachable
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=bindings/c/prepare.sh
. "$root/bindings/c/prepare.sh"
out=$PWD/aigc-images prompt='a lighthouse on a cliff at dusk, oil painting'
live=no yes=no model='' image='' clouds=(alibaba tencent)

usage() { sed -n '6,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
while [ $# -gt 0 ]; do
    case $1 in
        --out) out=${2:?--out needs a folder}; shift 2 ;;
        --prompt) prompt=${2:?--prompt needs a text}; shift 2 ;;
        --model) model=${2:?--model needs a name}; shift 2 ;;
        --image) image=${2:?--image needs a URL}; shift 2 ;;
        --live) live=yes; shift ;;
        --yes) yes=yes; shift ;;
        -h | --help) usage; exit 0 ;;
        *) echo "quickstart.sh: unknown argument: $1" >&2; usage >&2; exit 2 ;;
    esac
done
case $out in /*) ;; *) out=$PWD/$out ;; esac

mkdir -p "$root/.build"
log=$root/.build/quickstart.log
: >"$log"
work=$(mktemp -d)
sandbox=''

# Ends the sandbox that was started here, and nothing else.
leave() {
    if [ -n "$sandbox" ]; then
        kill "$sandbox" 2>/dev/null || true
        wait "$sandbox" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap leave EXIT
trap 'echo; echo "Stopped."; exit 130' INT TERM

fail() {
    echo "$1" >&2
    echo "The end of $log:" >&2
    tail -n 15 "$log" | sed 's/^/  | /' >&2
    echo "Fix that and run this again: what is done already is not done twice." >&2
    exit 1
}

# credentials CLOUD: does the environment have them? Prints the names of the variables that are missing.
credentials() {
    local name missing=() names=(TENCENTCLOUD_SECRET_ID TENCENTCLOUD_SECRET_KEY)
    [ "$1" = tencent ] || names=(ALIBABA_CLOUD_ACCESS_KEY_ID ALIBABA_CLOUD_ACCESS_KEY_SECRET)
    for name in "${names[@]}"; do [ -n "${!name:-}" ] || missing+=("$name"); done
    [ ${#missing[@]} = 0 ] && return
    echo "${missing[*]}"
    return 1
}

# Which clouds can be used live, and whether that is wanted.
check_live() {
    local cloud missing answer usable=()
    for cloud in alibaba tencent; do
        if ! missing=$(credentials "$cloud"); then
            echo "$cloud is left out: set ${missing// / and }."
        elif [ "$cloud" = alibaba ] && [ -z "$model$image" ]; then
            echo "alibaba is left out: it needs --model NAME or --image URL."
        else
            usable+=("$cloud")
        fi
    done
    if [ ${#usable[@]} = 0 ]; then
        echo "There is no cloud to use. Without --live a sandbox on this machine stands in for both."
        exit 2
    fi
    clouds=("${usable[@]}")
    echo "This submits 2 jobs to each of: ${clouds[*]}. THEY COST MONEY."
    [ "$yes" = no ] || return 0
    [ -t 0 ] || { echo "Add --yes to continue."; exit 2; }
    read -r -p "Type yes to continue: " answer
    [ "$answer" = yes ] || { echo "Nothing was submitted."; exit 2; }
}

start_sandbox() {
    "$root/.venv/bin/python" -m aigc.sandbox --exit-with-parent --duration 1 --ready-file "$work/ready" \
        --state-dir "$work/sandbox" >>"$log" 2>&1 &
    sandbox=$!
    local tries=0
    until [ -s "$work/ready" ]; do
        tries=$((tries + 1))
        if [ "$tries" -gt 300 ] || ! kill -0 "$sandbox" 2>/dev/null; then fail "The sandbox did not start."; fi
        sleep 0.1
    done
    "$root/.venv/bin/python" - "$work/ready" >"$work/settings" <<'PYTHON'
import json, shlex, sys
ready = json.load(open(sys.argv[1]))
for name, value in {
    "endpoint": ready["https"],
    "ca_file": ready["ca_file"],
    "ALIBABA_CLOUD_ACCESS_KEY_ID": ready["alibaba"]["access_key_id"],
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET": ready["alibaba"]["access_key_secret"],
    "TENCENTCLOUD_SECRET_ID": ready["tencent"]["secret_id"],
    "TENCENTCLOUD_SECRET_KEY": ready["tencent"]["secret_key"],
}.items():
    print("export %s=%s" % (name, shlex.quote(value)))
PYTHON
    # shellcheck source=/dev/null
    . "$work/settings"
    unset ALIBABA_CLOUD_SECURITY_TOKEN TENCENTCLOUD_TOKEN TENCENTCLOUD_SESSION_TOKEN \
        http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
    settings+=(-c "alibaba.endpoint=$endpoint" -c "tencent.endpoint=$endpoint" -c "tls.ca_file=$ca_file"
        -c download.allow_private_addresses=true)
    image=https://example.com/reference.png # the sandbox does not fetch it
}

# made WHO CLOUD: takes the paths of images from standard input, tells how many there are, and notes them.
made() {
    local path count=0
    while IFS= read -r path; do
        [ -f "$path" ] || continue
        printf '%s\n' "$path" >>"$work/images"
        count=$((count + 1))
    done
    [ "$count" -gt 0 ] || fail "$1 got no image from $2."
    printf '  %-7s %-8s %d image%s\n' "$1" "$2" "$count" "$([ "$count" = 1 ] || echo s)"
}

# prompt_for CLOUD: Alibaba draws a subject that it has been shown, and the prompt has to say where: <special-token>.
prompt_for() {
    case $1:$prompt in
        alibaba:*'<special-token>'*) echo "$prompt" ;;
        alibaba:*) echo "a portrait of <special-token>, $prompt" ;;
        *) echo "$prompt" ;;
    esac
}

generate_in_c() {
    local cloud=$1 options=("${settings[@]}")
    if [ "$cloud" = alibaba ]; then
        if [ -n "$model" ]; then options+=(--model "$model"); else options+=(--image "$image"); fi
    fi
    "$work/generate" "${options[@]}" "$cloud" "$(prompt_for "$cloud")" "$out/c-$cloud" >"$work/paths" 2>>"$log" ||
        fail "The C program got no image from $cloud."
    made C "$cloud" <"$work/paths"
}

generate_in_python() {
    local cloud=$1 options=("${settings[@]}")
    if [ "$cloud" = alibaba ]; then
        if [ -n "$model" ]; then options+=(--operation inference --set "model=$model"); else
            options+=(--operation pre_model_inference --image-url "$image")
        fi
    fi
    AIGC_LIBRARY=$library "$root/.venv/bin/aigc" generate "${options[@]}" --provider "$cloud" --overwrite \
        --out "$out" --name-template "python-{provider}-{index}" "$(prompt_for "$cloud")" >"$work/paths" 2>>"$log" ||
        fail "The Python command got no image from $cloud."
    made Python "$cloud" <"$work/paths"
}

contact_sheet() {
    "$root/.venv/bin/python" - "$work/images" "$out/contact-sheet.png" <<'PYTHON'
import sys
from pathlib import Path
from PIL import Image, ImageDraw, ImageOps

paths = [Path(line) for line in Path(sys.argv[1]).read_text().splitlines()]
side, edge, text = 320, 16, 28
columns = min(4, len(paths))
rows = -(-len(paths) // columns)
sheet = Image.new("RGB", (columns * (side + edge) + edge, rows * (side + text + edge) + edge), "white")
draw = ImageDraw.Draw(sheet)
for number, path in enumerate(paths):
    x = edge + (number % columns) * (side + edge)
    y = edge + (number // columns) * (side + text + edge)
    with Image.open(path) as picture:
        size = "%d x %d" % picture.size
        small = ImageOps.contain(picture.convert("RGB"), (side, side))
    sheet.paste(small, (x + (side - small.width) // 2, y + (side - small.height) // 2))
    draw.text((x, y + side + 8), "%s   %s" % (path.name, size), fill="black")
sheet.save(sys.argv[2])
PYTHON
}

[ "$live" = no ] || check_live
mkdir -p "$out"

need_swift || exit 1
need_packages "$log" gcc binutils pkg-config libcurl4-openssl-dev libssl-dev libjansson-dev python3 python3-venv openssl ||
    fail "Not everything could be installed."
need_venv "$root" "$log" || fail "The virtual environment could not be made."
echo "Building the library (the first time takes a few minutes)"
bash "$root/bindings/c/build.sh" >>"$log" 2>&1 || fail "The library could not be built."
library=$root/.build/dist/lib/libaigc.so.1
"${CC:-gcc}" -O2 -std=c99 "$root/bindings/c/generate.c" "-I$root/.build/dist/include" "-L$root/.build/dist/lib" -laigc \
    "-Wl,-rpath,$root/.build/dist/lib" -o "$work/generate" >>"$log" 2>&1 || fail "bindings/c/generate.c could not be built."

: >"$work/images"
settings=(-c download.overwrite=true)
if [ "$live" = no ]; then
    start_sandbox
    echo "Generating (a sandbox on this machine stands in for the clouds: nothing is billed)"
else
    echo "Generating"
fi
for cloud in "${clouds[@]}"; do generate_in_c "$cloud"; done
for cloud in "${clouds[@]}"; do generate_in_python "$cloud"; done
contact_sheet >>"$log" 2>&1 || fail "The contact sheet could not be made."
echo "$(wc -l <"$work/images") images and contact-sheet.png are in $out"
