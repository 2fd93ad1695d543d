#!/usr/bin/env bash
# The Debian packages: built twice to the same bytes, complete, installed into a copy of this system that nothing here sees
# (an overlay over / in a mount namespace), used there as a stranger would, removed without a trace.
set -euo pipefail
# shellcheck source=Tests/packaging/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

for tool in dpkg-deb dpkg-gensymbols dpkg-shlibdeps; do need $tool dpkg-dev "the Debian packages" || exit 0; done
build() { bash "$root/bindings/debian/build.sh" --from "$dist" --to "$1"; }
debs=$work/debs
version=$(dpkg-parsechangelog -l "$root/bindings/debian/changelog" -S Version)
architecture=$(dpkg-architecture -q DEB_HOST_ARCH)
lib1=$debs/libaigc1_${version}_$architecture.deb
dev=$debs/libaigc-dev_${version}_$architecture.deb
dbgsym=$debs/libaigc1-dbgsym_${version}_$architecture.deb

python3_aigc=$debs/python3-aigc_${version}_all.deb
command=$debs/aigc_${version}_all.deb

five() { [ -f "$lib1" ] && [ -f "$dev" ] && [ -f "$dbgsym" ] && [ -f "$python3_aigc" ] && [ -f "$command" ]; }
again() {
    sleep 1.1 # another second: no clock is to be in the packages
    build "$work/again"
    diff <(cd "$debs" && sha256sum ./*.deb) <(cd "$work/again" && sha256sum ./*.deb)
}
member() { dpkg-deb -I "$1" "$2"; }
# What every package must have, by hand; lintian looks further where it is installed.
complete() {
    local deb name
    for deb in "$lib1" "$dev" "$dbgsym" "$python3_aigc" "$command"; do
        name=$(dpkg-deb -f "$deb" Package)
        rm -rf "$work/open"
        dpkg-deb -x "$deb" "$work/open"
        (cd "$work/open" && member "$deb" md5sums | md5sum -c --quiet) || return 1
        [ "$(member "$deb" md5sums | wc -l)" = "$(find "$work/open" -type f | wc -l)" ] || { echo "$name: md5sums"; return 1; }
        [ -z "$(dpkg-deb -c "$deb" | awk '$2 != "root/root"')" ] || { echo "$name: files of others than root"; return 1; }
        [ -z "$(find "$work/open" -type f -perm /0133 ! -path '*/usr/bin/*')" ] || { echo "$name: odd permissions"; return 1; }
        [ -z "$(find "$work/open" -empty ! -name py.typed)" ] || { echo "$name: empty files or folders"; return 1; }
        [ "$(dpkg-deb -f "$deb" Version)" = "$version" ] || { echo "$name: version"; return 1; }
        [ "$name" = libaigc1-dbgsym ] && continue
        [ -s "$work/open/usr/share/doc/$name/copyright" ] || { echo "$name: copyright"; return 1; }
        grep -q "^libaigc ($version)" < <(gzip -dc "$work/open/usr/share/doc/$name/changelog.gz") ||
            { echo "$name: changelog"; return 1; }
    done
}
dependencies() {
    local needs
    needs=$(dpkg-deb -f "$lib1" Depends)
    echo "$needs"
    for name in libc6 libcurl4 libssl3 libjansson4 libstdc++6; do [[ $needs == *$name* ]] || return 1; done
    [[ $needs != *swift* ]] && [ "$(dpkg-deb -f "$dev" Depends)" = "libaigc1 (= $version)" ] &&
        [ "$(dpkg-deb -f "$dbgsym" Depends)" = "libaigc1 (= $version)" ] &&
        [[ $(dpkg-deb -f "$lib1" Recommends) == *libsqlite3-0* ]]
}
symbols() {
    grep -qx " aigc_client_submit@AIGC_1 1.0" < <(member "$lib1" symbols) &&
        [ "$(member "$lib1" shlibs)" = "libaigc 1 libaigc1 (>= ${version%.*})" ] &&
        [ "$(member "$lib1" symbols | grep -c '@AIGC_1 ')" = "$(python3 "$root/Tests/tools/header.py" functions | wc -l)" ]
}
# A page for every function, compressed, and links that lead to one.
manual() {
    local name pages=$work/open-dev/usr/share/man/man3
    dpkg-deb -x "$dev" "$work/open-dev"
    while read -r name; do grep -q "^\.TH " < <(gzip -dc "$pages/$name.3.gz") || { echo "$name"; return 1; }; done \
        < <(python3 "$root/Tests/tools/header.py" functions)
    [ -z "$(find "$pages" -xtype l | tee /dev/stderr)" ]
}
symbols_are_the_headers() { diff "$root/bindings/debian/libaigc1.symbols" <(python3 "$root/Tests/tools/header.py" symbols); }
# A library that lacks a function is not packaged.
refuses() {
    mkdir -p "$work/lacking/lib" "$work/lacking/include"
    cp "$dist"/include/* "$work/lacking/include"
    python3 "$root/Tests/checks/abi.py" stub "$root/include/aigc.h" | sed '/ aigc_client_wake(/d' >"$work/lacking.c"
    printf 'AIGC_1 { global: aigc_*; local: *; };\n' >"$work/lacking.map"
    cc -shared -fPIC -w "$work/lacking.c" -o "$work/lacking/lib/$(basename "$(readlink -f "$dist/lib/libaigc.so")")" \
        -Wl,-soname,libaigc.so.1 -Wl,--version-script="$work/lacking.map" -Wl,--build-id
    local said
    said=$(bash "$root/bindings/debian/build.sh" --from "$work/lacking" --to "$work/refused" 2>&1) && return 1
    grep 'MISSING: .*aigc_client_wake' <<<"$said" || { echo "$said"; return 1; }
}

# In a copy of this system. Everything below is one script, because the copy ends with the namespace.
cat >"$work/inside.sh" <<'INSIDE'
set -euo pipefail
fact() { local text=$1; shift; if said=$("$@" 2>&1); then echo "ok - debian: $text"; else
    echo "not ok - debian: $text: $(grep -m 1 . <<<"$said" || echo 'ended badly')"; sed 's/^/#   /' <<<"$said"; fi; }
ours() { find /usr /etc /var/cache /var/lib/dpkg/info \( -name '*aigc*' -o -lname '*aigc*' \) 2>/dev/null | sort; }
cd /tmp
install_them() { dpkg --force-unsafe-io -i "$@" && [ -z "$(dpkg --audit)" ]; }
needs_lib1() { ! dpkg --force-unsafe-io -i /debs/libaigc-dev_*.deb && dpkg --force-unsafe-io --purge libaigc-dev; }
cc_line() { cc x.c $(pkg-config --cflags --libs aigc) -o x && env -i ./x && ! readelf -d x | grep -i 'r.*path'; }
cmake_line() { cmake -S project -B project/build && cmake --build project/build && env -i project/build/x; }
by_soname() {
    ldconfig -p | grep 'libaigc.so.1 ' &&
        python3 -c 'import ctypes; assert ctypes.CDLL("libaigc.so.1").aigc_version_number() >= 1000000'
}
verified() { [ -z "$(dpkg -V libaigc1 libaigc-dev libaigc1-dbgsym python3-aigc aigc)" ]; }
debug_symbols() {
    id=$(readelf -n /usr/lib/*/libaigc.so.1 | sed -n 's/^ *Build ID: *//p')
    [ -s "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ]
}
# Systems in containers often leave out man pages. A width of its own keeps man from writing a cache.
reads() { ! ls /usr/share/man/man3/libaigc.3.gz || grep -q "submits a request" < <(MANWIDTH=90 man 3 aigc_client_submit); }
commands() {
    [[ $(env -i /usr/bin/aigc --version) == "libaigc "* ]] &&
        grep -q "^prompt" < <(env -i /usr/bin/aigc fields tencent aigc_image) &&
        grep -q "stand" < <(env -i /usr/bin/aigc-sandbox --help) && [ -s /usr/share/bash-completion/completions/aigc ] &&
        [ -n "$(find /usr/lib/python3/dist-packages/aigc -name '*.pyc' | head -n 1)" ] &&
        { ! ls /usr/share/man/man1/aigc.1.gz || grep -q "aigc-generate" < <(MANWIDTH=90 man 1 aigc); }
}
without_command() {
    dpkg --force-unsafe-io -r aigc python3-aigc && [ ! -e /usr/lib/python3/dist-packages/aigc ] && [ ! -e /usr/bin/aigc ]
}
without_dev() { dpkg -r libaigc-dev && ./x && [ ! -e /usr/include/aigc.h ] && [ -z "$(find /usr/lib -name libaigc.so)" ]; }
removed() {
    dpkg --force-unsafe-io -r libaigc1-dbgsym libaigc1 || return 1
    dpkg --force-unsafe-io -P libaigc1 libaigc-dev libaigc1-dbgsym aigc python3-aigc || true # nothing may be left
    ! ./x 2>/dev/null
}
no_trace() { left=$(ours); [ "$left" = "$before" ] || { echo "left: $left"; return 1; }; ! ldconfig -p | grep aigc; }
before=$(ours)
fact "libaigc-dev does not install without libaigc1" needs_lib1
fact "the five packages install" install_them /debs/*.deb
fact "once more over themselves" install_them /debs/*.deb
fact "cc x.c with pkg-config, without any path, and the program runs" cc_line
if command -v cmake >/dev/null; then fact "find_package(aigc) without any path" cmake_line; fi
fact "the loader finds it by its soname" by_soname
fact "every file is as it was packed" verified
fact "debug symbols lie where debuggers look" debug_symbols
if command -v man >/dev/null; then fact "man 3 aigc_client_submit" reads; fi
fact "the command runs with nothing around it" commands
fact "command and Python package go, compiled files too" without_command
fact "libaigc-dev goes, programs keep running" without_dev
fact "the rest goes" removed
fact "and leaves no trace" no_trace
INSIDE
in_a_copy() {
    local at=$work/system status=0
    mkdir -p "$at" "$work/project"
    cat >"$work/x.c" <<'C'
#include <aigc.h>
#include <stdio.h>
int main(void) { return puts(aigc_version_string()) < 0 || aigc_version_number() != AIGC_VERSION_NUMBER; }
C
    cp "$work/x.c" "$work/project"
    printf 'cmake_minimum_required(VERSION 3.13)\nproject(x C)\nfind_package(aigc 1.0 REQUIRED)\nadd_executable(x x.c)\n%s\n' \
        'target_link_libraries(x aigc::aigc)' >"$work/project/CMakeLists.txt"
    # shellcheck disable=SC2016 # the inner shell's
    unshare -m bash -euc '
        mount -t tmpfs none "$1"
        mkdir "$1/upper" "$1/scratch" "$1/root"
        mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/scratch" "$1/root"
        mount -t proc proc "$1/root/proc"
        mount --bind /dev "$1/root/dev"
        mkdir -p "$1/root/debs"
        mount -t tmpfs -o mode=1777 none "$1/root/tmp"
        cp "$2"/debs/*.deb "$1/root/debs"
        cp -r "$2/x.c" "$2/project" "$2/inside.sh" "$1/root/tmp"
        exec chroot "$1/root" env -u LD_LIBRARY_PATH -u PKG_CONFIG_PATH bash /tmp/inside.sh
    ' sh "$at" "$work" >"$work/inside.log" 2>&1 </dev/null || status=$?
    cat "$work/inside.log"
    [ $status = 0 ] || echo "not ok - debian: in a copy of this system: ended with status $status"
    ! grep -q '^not ok' "$work/inside.log" && [ $status = 0 ] || failed=1
}
can_copy() {
    # shellcheck disable=SC2016 # the inner shell's
    [ "$(id -u)" = 0 ] && mkdir -p "$work/try/root" &&
        unshare -m sh -c 'mount -t tmpfs none "$1" && mkdir "$1/u" "$1/w" "$1/r" &&
            mount -t overlay overlay -o "lowerdir=/,upperdir=$1/u,workdir=$1/w" "$1/r"' sh "$work/try/root" 2>/dev/null
}

ok "the packages build" build "$debs"
ok "library, development files, debug symbols, Python package, command" five
ok "a second time gives the same bytes" again
ok "checksums, owners, copyright, changelog" complete
ok "dependencies" dependencies
ok "shlibs, and every symbol with the version that brought it" symbols
ok "libaigc-dev has a man page for every function" manual
ok "the recorded symbols are the header's" symbols_are_the_headers
ok "a library that lacks a function is refused" refuses
if command -v lintian >/dev/null; then
    # The address of the maintainers is a placeholder; a package without a bug number is not for an archive.
    ok "lintian finds no error and no warning" lintian --allow-root --fail-on error,warning --suppress-tags \
        bogus-mail-host,bogus-mail-host-in-debian-changelog "$lib1" "$dev" "$python3_aigc" "$command"
else
    skip "lintian finds no error and no warning" "there is no lintian here"
fi
if can_copy; then
    in_a_copy
else
    skip "installed and removed in a copy of this system" "this needs root and overlay mounts"
fi
exit "$failed"
