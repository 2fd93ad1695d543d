# shellcheck shell=bash
# Functions that make a machine ready; quickstart.sh and Tests/run.sh source this file. Nothing is installed that is
# there already, and nothing is ever removed.

# have PACKAGE: is it, or what it would bring, here?
have() {
    case $1 in
        binutils) command -v objcopy >/dev/null && command -v readelf >/dev/null ;;
        golang-go) command -v go >/dev/null ;;
        php-cli) command -v php >/dev/null ;;
        nginx-light) command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] ;;
        nodejs) command -v node >/dev/null ;;
        libnode-dev) have_node_headers ;;
        node-typescript) command -v tsc >/dev/null ;;
        openjdk-*-jdk-headless) command -v javac >/dev/null ;;
        libjna-java) [ -f "${JNA:-/usr/share/java/jna.jar}" ] ;;
        mono-mcs) command -v mcs >/dev/null ;;
        mono-runtime) command -v mono >/dev/null ;;
        ruby-minitest) ruby -e 'require "minitest"' 2>/dev/null ;;
        postgresql) ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ;; # its programs are not in PATH
        chromium-driver) command -v chromedriver >/dev/null ;;
        abigail-tools) command -v abidiff >/dev/null ;;
        dpkg-dev) command -v dpkg-gensymbols >/dev/null ;;
        man-db) command -v man >/dev/null ;;
        python3-venv) python3 -c 'import venv, ensurepip' 2>/dev/null ;;
        lib*-dev)
            if command -v dpkg-query >/dev/null; then
                [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
            else
                case $1 in
                    libcurl*) pkg-config --exists libcurl ;;
                    libssl*) pkg-config --exists libcrypto ;;
                    libuv1*) pkg-config --exists libuv ;;
                    libglib2*) pkg-config --exists glib-2.0 ;;
                    *) pkg-config --exists jansson ;;
                esac
            fi
            ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

# need_packages LOG PACKAGE...: installs with apt what is missing, as root or through sudo; otherwise says what to do.
need_packages() {
    local log=$1 package missing=() become=()
    shift
    for package in "$@"; do have "$package" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "These are missing, by their Debian names: ${missing[*]}. Install them and run this again." >&2
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "These packages are missing. As root: apt-get install ${missing[*]}" >&2
            return 1
        fi
        become=(sudo)
    fi
    echo "Installing ${missing[*]}"
    # The package lists may be old or empty: they are fetched when the first try fails.
    local install=(apt-get install -y --no-remove --no-install-recommends "${missing[@]}")
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" >>"$log" 2>&1 && return 0
    "${become[@]}" apt-get update >>"$log" 2>&1 || true
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" >>"$log" 2>&1
}

# have_node_headers: those that bindings/node/build.sh finds. Debian's conflict with a Node.js that brings its own.
have_node_headers() {
    local node
    node=$(readlink -f "$(command -v node)") || node=
    [ -f "$(dirname "$(dirname "$node")")/include/node/node_api.h" ] || [ -f /usr/include/nodejs/src/node_api.h ]
}

# want_packages LOG PACKAGE...: what can be done without. One at a time, in this order: one may bring what the next is for.
want_packages() {
    local log=$1 package
    shift
    for package in "$@"; do
        need_packages "$log" "$package" 2>>"$log" || echo "$package cannot be installed: what needs it is left out"
    done
}

# need_swift: a toolchain that is new enough.
need_swift() {
    local version said
    said=$(swift --version 2>&1)
    version=$(sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$said" | head -n 1)
    if [ -z "$version" ] && command -v swift >/dev/null; then
        echo "The Swift toolchain does not run; it says: $said" >&2
        echo "Install what it needs (https://www.swift.org/install) and run this again." >&2
        return 1
    fi
    if [ -z "$version" ]; then
        echo "There is no Swift toolchain: install Swift 6.3 (https://www.swift.org/install) and run this again." >&2
        return 1
    fi
    if [ "$(printf '6.2\n%s\n' "$version" | sort -V | head -n 1)" != 6.2 ]; then
        echo "Swift $version is too old: 6.3 is what this is written for." >&2
        return 1
    fi
}

# need_place ROOT: the project lies where it lay when .build was made. What Swift says of one that was moved helps nobody.
need_place() {
    local root=$1 was
    was=$(cat "$root"/.build/{release,debug}.yaml 2>/dev/null |
        sed -n 's|.*"\(/[^"]*\)/Sources/Core/[^"/]*\.swift".*|\1|p;T;q') || true
    if [ -z "$was" ] || [ "$was" -ef "$root" ]; then return 0; fi
    echo "This folder was $was when .build was made, and Swift cannot build that here." >&2
    echo "Remove $root/.build and run this again." >&2
    return 1
}

# need_venv ROOT LOG [PIP ARGUMENT]...: a virtual environment in ROOT/.venv with the bindings and what they need. The
# library is built apart, and named to them by AIGC_LIBRARY.
need_venv() {
    local root=$1 log=$2 stamp want
    shift 2
    stamp=$root/.venv/.prepared${*:+-with-more}
    want=$(cat "$root/bindings/python/pyproject.toml" "$root"/bindings/python/tests/requirements.txt 2>/dev/null | cksum)
    if [ -x "$root/.venv/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want $root" ]; then return 0; fi
    echo "Making the virtual environment .venv"
    [ -x "$root/.venv/bin/python" ] || python3 -m venv "$root/.venv" >>"$log" 2>&1 || return 1
    (cd "$root" && AIGC_WITHOUT_LIBRARY=1 .venv/bin/python -m pip install --disable-pip-version-check \
        -e 'bindings/python[cli,sandbox]' "$@") >>"$log" 2>&1 || return 1
    echo "$want $root" | tee "$stamp" >"$root/.venv/.prepared"
}
